//! Magento's published contract (Swagger 2.0, version 2.4.9), where it is at hand: which requests it takes.
//!
//! Every address must be one of its paths, every query parameter one the operation declares, and every body must fit its schema,
//! without fields the schema does not have. Where the document asks for more than a store does, it is relaxed here: stores take
//! special prices without dates, option labels without a value, and parts of a stock item.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::{Map, Value, json};

use super::recorder::Asked;

/// Definitions of which a store asks for fewer fields than the document.
const LESS_IS_ENOUGH: [(&str, &[&str]); 3] = [
    ("catalog-data-special-price-interface", &["price", "store_id", "sku"]),
    ("eav-data-attribute-option-interface", &["label"]),
    ("catalog-inventory-data-stock-item-interface", &[]),
];

/// See the module.
pub struct Contract {
    paths: Map<String, Value>,
    definitions: Map<String, Value>,
}

impl Contract {
    /// Reads it; without the folder requests are not compared, which is said aloud.
    pub fn load() -> Option<Self> {
        let folder = std::env::var("TILLBRIDGE_REFERENCE").ok().filter(|folder| !folder.is_empty());
        let path = folder.map(|folder| PathBuf::from(folder).join("magento2/openapi/admin-schema-2.4.9.yaml"));
        let Some(path) = path.filter(|path| path.exists()) else {
            eprintln!(
                "left out: requests are not compared without TILLBRIDGE_REFERENCE, a folder with magento2/openapi"
            );
            return None;
        };
        let text = std::fs::read_to_string(path).unwrap();
        let mut document: Map<String, Value> = serde_yaml_ng::from_str(&text).unwrap();
        let mut take = |name: &str| match document.remove(name) {
            Some(Value::Object(object)) => object,
            other => panic!("the document has no {name}: {other:?}"),
        };
        let (paths, mut definitions) = (take("paths"), take("definitions"));
        for (name, required) in LESS_IS_ENOUGH {
            definitions[name]["required"] = json!(required);
        }
        // An attribute's value may be a list.
        definitions["framework-attribute-interface"]["properties"]["value"] = json!({});
        for definition in definitions.values_mut().filter(|definition| definition.get("properties").is_some()) {
            definition["additionalProperties"] = false.into();
            // Draft 4 knows no empty list of what is required.
            if definition["required"].as_array().is_some_and(Vec::is_empty) {
                definition.as_object_mut().unwrap().remove("required");
            }
        }
        Some(Self { paths, definitions })
    }

    /// What the contract has against a request.
    pub fn refusal(&self, asked: &Asked) -> Option<String> {
        let (method, path) = asked.what.split_once(' ').unwrap();
        let Some(path) = path.strip_prefix("/rest/all").or_else(|| path.strip_prefix("/rest/default")) else {
            return Some(format!("{path} is no address of the web API"));
        };
        let Some(operation) = self.operation(&method.to_lowercase(), path) else {
            return Some(format!("there is no {method} {path}"));
        };
        let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
        let declared = |name: &str| parameters.iter().any(|known| known["in"] == "query" && known["name"] == *name);
        let stray = asked.query.iter().map(|(name, _)| plain(name)).find(|name| name != "fields" && !declared(name));
        if let Some(stray) = stray {
            return Some(format!("{} has no parameter {stray}", asked.what));
        }
        let wanted = parameters.iter().find(|known| known["in"] == "body").map(|body| body["schema"].clone());
        match (wanted, asked.body.is_null()) {
            (None, true) => None,
            (None, false) => Some(format!("{} takes no body", asked.what)),
            (Some(schema), _) => self.misfit(schema, &asked.body).map(|why| format!("{}: {why}", asked.what)),
        }
    }

    /// The operation of an address; of two that match, the one with fewer blanks to fill in.
    fn operation(&self, method: &str, path: &str) -> Option<&Value> {
        let parts: Vec<&str> = path.split('/').collect();
        let fits = |template: &str| {
            let wanted: Vec<&str> = template.split('/').collect();
            wanted.len() == parts.len()
                && wanted.iter().zip(&parts).all(|(wanted, part)| wanted.starts_with('{') || wanted == part)
        };
        let found: BTreeMap<usize, &Value> = self
            .paths
            .iter()
            .filter(|(template, operations)| fits(template) && operations.get(method).is_some())
            .map(|(template, operations)| (template.matches('{').count(), &operations[method]))
            .collect();
        found.into_values().next()
    }

    fn misfit(&self, mut schema: Value, body: &Value) -> Option<String> {
        schema["additionalProperties"] = false.into();
        schema["definitions"] = Value::Object(self.definitions.clone());
        let validator = jsonschema::draft4::new(&schema).unwrap_or_else(|error| panic!("the document: {error}"));
        let errors: Vec<String> =
            validator.iter_errors(body).map(|error| format!("{} at {}", error, error.instance_path())).collect();
        (!errors.is_empty()).then(|| errors.join("; "))
    }
}

/// `searchCriteria[filter_groups][3][filters][7][condition_type]` as the document names it.
fn plain(name: &str) -> String {
    let parts = name.split('[').map(|part| match part {
        "filter_groups]" => "filterGroups]",
        "condition_type]" => "conditionType]",
        part if part.trim_end_matches(']').parse::<u32>().is_ok() => "0]",
        part => part,
    });
    parts.collect::<Vec<_>>().join("[")
}

#[test]
fn the_contract_refuses_what_it_does_not_have() {
    let Some(contract) = Contract::load() else { return };
    let asked = |what: &str, query: &[(&str, &str)], body: Value| Asked {
        what: what.into(),
        query: query.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        body,
    };
    let product = json!({ "product": { "sku": "A", "price": 1.5 } });
    assert_eq!(contract.refusal(&asked("POST /rest/all/V1/products", &[], product)), None);
    let page = ("searchCriteria[filter_groups][2][filters][1][condition_type]", "eq");
    assert_eq!(contract.refusal(&asked("GET /rest/default/V1/customers/search", &[page], Value::Null)), None);
    for wrong in [
        asked("POST /rest/all/V1/products", &[], json!({ "product": { "price": 1.5 } })),
        asked("POST /rest/all/V1/products", &[], json!({ "product": { "sku": "A", "price": "1.5" } })),
        asked("POST /rest/all/V1/products", &[], json!({ "product": { "sku": "A", "colour": 1 } })),
        asked("POST /rest/all/V1/product", &[], Value::Null),
        asked("GET /rest/V1/products", &[], Value::Null),
        asked("GET /rest/all/V1/products", &[("page", "1")], Value::Null),
        asked("GET /rest/all/V1/products", &[], json!({})),
    ] {
        assert!(contract.refusal(&wrong).is_some(), "{wrong:?}");
    }
}
