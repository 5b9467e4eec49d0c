//! Attribute sets and the options of colour and size: looked up and checked, never guessed.
//!
//! What comes in: names and labels. What goes out: ids. An option is made once: under a lock, looked for afresh before and read
//! back after, so that two processes that make it at once end with the same one. Repeating is safe.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::super::client::{Found as _, Repeat, Scope};
use super::super::criteria::{Criteria, Page};
use super::super::wire::Id;
use super::super::{Magento2, repeatable};
use super::plan::Axis;
use crate::domain::CallError;

/// Id of an attribute set.
pub type SetId = Id;
/// Kinds of input whose values are options.
const SELECTS: [&str; 3] = ["select", "swatch_visual", "swatch_text"];

/// Attributes of a set by code.
pub type Attributes = HashMap<String, Attribute>;

/// An attribute.
#[derive(Debug, Clone, Deserialize)]
#[allow(clippy::struct_field_names, reason = "these are Magento's names")]
pub struct Attribute {
    pub attribute_id: Id,
    attribute_code: String,
    #[serde(default)]
    frontend_input: Option<String>,
    #[serde(default)]
    scope: Option<String>,
    #[serde(default)]
    default_frontend_label: Option<String>,
}

#[derive(Deserialize)]
struct Set {
    attribute_set_id: SetId,
}

#[derive(Deserialize)]
struct OptionRow {
    #[serde(default)]
    label: serde_json::Value,
    #[serde(default)]
    value: serde_json::Value,
}

#[derive(Serialize)]
struct NewOption<'a> {
    option: OptionLabel<'a>,
}

#[derive(Serialize)]
struct OptionLabel<'a> {
    label: &'a str,
}

/// How a label is compared: without the blanks around it and without regard to case.
fn plain(label: &str) -> String {
    label.trim().to_lowercase()
}

impl Attribute {
    /// What shoppers read.
    pub fn label(&self) -> String {
        self.default_frontend_label.clone().unwrap_or_else(|| self.attribute_code.clone())
    }
}

impl Magento2 {
    /// The code of the attribute that carries an axis.
    pub(super) fn code_of(&self, axis: Axis) -> &str {
        match axis {
            Axis::Colour => &self.names.colour,
            Axis::Size => &self.names.size,
        }
    }

    /// The attribute set new products get.
    pub(super) async fn new_set(&self) -> Result<SetId, CallError> {
        self.known
            .new_set
            .get_or_try_init(|| async {
                let name = &self.names.attribute_set;
                let criteria = Criteria::most(2).one_of("attribute_set_name", [name.as_str()]);
                let path = ["products", "attribute-sets", "sets", "list"];
                let page: Page<Set> = self.client.get(Scope::All, &path, &criteria.query()).await?;
                page.items.first().map(|set| set.attribute_set_id).ok_or_else(|| CallError::Unmapped {
                    what: format!("attribute set `{name}` at the shop"),
                    fix: format!("name one of the shop's as attribute_set under [storefronts.{}]", self.name),
                })
            })
            .await
            .copied()
    }

    /// The attribute of an axis in a set, where it can tell children of a configurable product apart.
    pub(super) async fn attribute(&self, set: SetId, axis: Axis) -> Result<Attribute, CallError> {
        let attributes = match self.known.set(set) {
            Some(known) => known,
            None => {
                let path = ["products", "attribute-sets", &set.to_string(), "attributes"];
                let rows: Vec<Attribute> = self.client.get(Scope::All, &path, &[]).await?;
                let rows: Attributes = rows.into_iter().map(|row| (row.attribute_code.clone(), row)).collect();
                let rows = Arc::new(rows);
                self.known.keep_set(set, Arc::clone(&rows));
                rows
            }
        };
        let code = self.code_of(axis);
        let unfit = |why: &str| {
            self.known.forget_catalogue();
            CallError::Unmapped {
                what: format!("attribute `{code}` in attribute set {set} of the shop ({why})"),
                fix: "give the set a dropdown attribute of that code with global scope, or name another as colour_attribute \
                      or size_attribute of the storefront"
                    .into(),
            }
        };
        let Some(attribute) = attributes.get(code) else { return Err(unfit("it is not there")) };
        if !attribute.frontend_input.as_deref().is_some_and(|input| SELECTS.contains(&input)) {
            return Err(unfit("it is no dropdown"));
        }
        if attribute.scope.as_deref().is_some_and(|scope| scope != "global") {
            return Err(unfit("its scope is not global"));
        }
        Ok(attribute.clone())
    }

    /// The option of an attribute with that label, made on first sight.
    pub(super) async fn option_of(&self, code: &str, label: &str) -> Result<Id, CallError> {
        let wanted = plain(label);
        if let Some(id) = self.known.option(code, &wanted) {
            return Ok(id);
        }
        let _alone = self.known.making.lock().await;
        if let Some(id) = self.known.option(code, &wanted) {
            return Ok(id);
        }
        if let Some(id) = self.read_options(code).await?.get(&wanted) {
            return Ok(*id);
        }
        let path = ["products", "attributes", code, "options"];
        let body = NewOption { option: OptionLabel { label: label.trim() } };
        // What the answer says of the id differs between versions: it is read back instead.
        let made: Result<serde_json::Value, _> = self.client.post(Scope::All, &path, &body, Repeat::LookFirst).await;
        let refused = match made.map_err(|failure| repeatable(failure.into())) {
            Ok(_) => None,
            // Somebody else may have made it in between.
            Err(CallError::Rejected(why)) => Some(why),
            Err(error) => return Err(error),
        };
        let options = self.read_options(code).await?;
        options.get(&wanted).copied().ok_or_else(|| match refused {
            Some(why) => CallError::Rejected(why),
            None => CallError::Conflict(format!("an option of attribute `{code}` was made but is not listed yet")),
        })
    }

    /// The options of an attribute by label. Of two with one label the older counts.
    async fn read_options(&self, code: &str) -> Result<BTreeMap<String, Id>, CallError> {
        let path = ["products", "attributes", code, "options"];
        let rows: Option<Vec<OptionRow>> = self.client.get(Scope::All, &path, &[]).await.found()?;
        let rows = rows.ok_or_else(|| CallError::Unmapped {
            what: format!("attribute `{code}` at the shop"),
            fix: "make it, or name another as colour_attribute or size_attribute of the storefront".into(),
        })?;
        let mut options = BTreeMap::new();
        for row in rows {
            let (Some(label), Some(id)) = (row.label.as_str(), super::super::wire::whole(&row.value)) else { continue };
            let oldest = options.entry(plain(label)).or_insert(Id(id));
            *oldest = (*oldest).min(Id(id));
        }
        self.known.keep_options(code, options.clone());
        Ok(options)
    }
}
