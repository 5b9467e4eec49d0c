//! Saving products: what is sent is changed, in the scope that is spoken for; the rest stays.
//!
//! What comes in: a product as a client wishes it. What goes out: the product's id, or the shop's refusal: a URL key somebody else
//! has, an option that is none, children that do not differ.

use std::collections::BTreeMap;

use serde_json::Value;

use super::catalogue::{EVERYWHERE, Product, SuperOption};
use super::request::{self, Refusal, Scope};
use super::state::{Kind, State, WEBSITE};
use super::stock::{DEFAULT_SOURCE, Level};

const PRODUCT: &str = "Magento\\Catalog\\Api\\Data\\ProductInterface";
const FIELDS: &[&str] = &[
    "id",
    "sku",
    "name",
    "attribute_set_id",
    "price",
    "status",
    "visibility",
    "type_id",
    "created_at",
    "updated_at",
    "weight",
    "extension_attributes",
    "product_links",
    "options",
    "media_gallery_entries",
    "tier_prices",
    "custom_attributes",
];
/// Attributes every view may have its own value of; the others hold everywhere.
const PER_VIEW: &[&str] = &[
    "name",
    "status",
    "visibility",
    "url_key",
    "description",
    "short_description",
    "meta_title",
    "meta_description",
    "meta_keyword",
];
const URL_KEY_TAKEN: &str = "URL key for specified store already exists.";

impl State {
    /// Creates a product, or changes the one of that SKU.
    pub(super) fn save_product(&mut self, sku: &str, wish: &Value, scope: &Scope) -> Result<u64, Refusal> {
        request::only(wish, PRODUCT, FIELDS)?;
        let known = self.catalogue.by_sku(sku).cloned();
        let is_new = known.is_none();
        let mut product = match known {
            Some(product) => product,
            None => self.blank(sku, wish)?,
        };
        // What is created without a view holds everywhere; what is changed without one, in the default view alone.
        let view = match scope {
            Scope::All => EVERYWHERE,
            Scope::View(store) => *store,
            Scope::Unsaid if is_new => EVERYWHERE,
            Scope::Unsaid => self.default_store(),
        };
        self.take_fields(&mut product, wish, view)?;
        if is_new && product.value(EVERYWHERE, "url_key").is_none() {
            let key = slug(&product.text(EVERYWHERE, "name").unwrap_or_default());
            product.values.entry(EVERYWHERE).or_default().insert("url_key".to_owned(), key.into());
        }
        let key = product.text(view, "url_key").unwrap_or_default();
        let can_be_reached = product.text(EVERYWHERE, "visibility").is_none_or(|visibility| visibility != "1");
        if self.catalogue.url_key_is_taken(&key, product.id) && (is_new || can_be_reached) {
            return Err(Refusal::bad(URL_KEY_TAKEN));
        }
        self.take_extension(&mut product, wish)?;
        product.updated_at = self.now();
        if is_new {
            product.id = self.next(Kind::Product);
        }
        let id = product.id;
        self.catalogue.products.insert(id, product);
        self.tell(if is_new { "catalog.product.created" } else { "catalog.product.updated" }, Kind::Product, id);
        Ok(id)
    }

    fn blank(&self, sku: &str, wish: &Value) -> Result<Product, Refusal> {
        let set = request::int(wish, "attribute_set_id")?.and_then(|set| u64::try_from(set).ok());
        let set = set.ok_or_else(|| Refusal::required("attribute_set_id"))?;
        if !self.catalogue.sets.contains_key(&set) {
            return Err(Refusal::no_such("attributeSetId", set));
        }
        let required = |name: &str| {
            let message = "The value of attribute \"%1\" must be set.";
            Refusal::bad_with(message, serde_json::json!([name]))
        };
        request::text(wish, "name")?.filter(|name| !name.is_empty()).ok_or_else(|| required("name"))?;
        let kind = request::text(wish, "type_id")?.unwrap_or_else(|| "simple".to_owned());
        if request::decimal(wish, "price")?.is_none() && !matches!(kind.as_str(), "configurable" | "grouped") {
            return Err(required("price"));
        }
        let at = self.now();
        Ok(Product {
            id: self.peek(Kind::Product),
            sku: sku.to_owned(),
            kind,
            set,
            price: None,
            weight: None,
            websites: vec![WEBSITE],
            values: BTreeMap::new(),
            categories: BTreeMap::new(),
            media: Vec::new(),
            specials: Vec::new(),
            links: Vec::new(),
            tier_prices: Vec::new(),
            options: Vec::new(),
            children: Vec::new(),
            stock_item: BTreeMap::new(),
            created_at: at,
            updated_at: at,
        })
    }

    fn take_fields(&self, product: &mut Product, wish: &Value, view: u64) -> Result<(), Refusal> {
        for field in ["name", "status", "visibility"] {
            if let Some(value) = request::field(wish, field) {
                product.values.entry(view).or_default().insert(field.to_owned(), value.clone());
            }
        }
        if let Some(price) = request::decimal(wish, "price")? {
            if price.is_sign_negative() && !price.is_zero() {
                return Err(Refusal::bad("Please enter a number 0 or greater in this field."));
            }
            product.price = Some(price);
        }
        if let Some(weight) = request::decimal(wish, "weight")? {
            product.weight = Some(weight);
        }
        if let Some(kind) = request::text(wish, "type_id")? {
            product.kind = kind;
        }
        if let Some(set) = request::int(wish, "attribute_set_id")?.and_then(|set| u64::try_from(set).ok()) {
            product.set = set;
        }
        if request::field(wish, "media_gallery_entries").and_then(Value::as_array).is_some_and(Vec::is_empty) {
            product.media.clear();
        }
        for row in request::list(wish, "custom_attributes")? {
            let code = request::needed_text(row, "attribute_code")?;
            let value = row.get("value").cloned().unwrap_or_default();
            self.check_attribute(product, &code, &value)?;
            let scope = if PER_VIEW.contains(&code.as_str()) { view } else { EVERYWHERE };
            match code.as_str() {
                "category_ids" => {
                    let ids = value.as_array().into_iter().flatten().filter_map(whole);
                    product.categories = ids.map(|id| (id, 0)).collect();
                }
                _ => {
                    product.values.entry(scope).or_default().insert(code, value);
                }
            }
        }
        Ok(())
    }

    /// An option must exist; an attribute that is not in the set is passed over without a word, as a real shop does.
    fn check_attribute(&self, product: &Product, code: &str, value: &Value) -> Result<(), Refusal> {
        let Some(attribute) = self.catalogue.attributes.get(code) else { return Ok(()) };
        if attribute.input != "select" || value.is_null() || !attribute.sets.contains(&product.set) {
            return Ok(());
        }
        let is_one = whole(value).is_some_and(|id| attribute.options.iter().any(|(option, ..)| *option == id));
        if is_one || value.as_str().is_some_and(str::is_empty) {
            return Ok(());
        }
        Err(Refusal::bad_with(
            "Attribute %1 has an option that does not exist: %2",
            serde_json::json!([code, value.as_str().map_or_else(|| value.to_string(), str::to_owned)]),
        ))
    }

    fn take_extension(&mut self, product: &mut Product, wish: &Value) -> Result<(), Refusal> {
        let Some(extension) = request::field(wish, "extension_attributes") else { return Ok(()) };
        if request::field(extension, "website_ids").is_some() {
            product.websites = request::list(extension, "website_ids")?.iter().filter_map(whole).collect();
        }
        if request::field(extension, "category_links").is_some() {
            let mut links = BTreeMap::new();
            for row in request::list(extension, "category_links")? {
                let category = u64::try_from(request::needed_int(row, "category_id")?).unwrap_or(0);
                if !self.catalogue.categories.contains_key(&category) {
                    return Err(Refusal::no_such("id", category));
                }
                links.insert(category, request::int(row, "position")?.unwrap_or(0));
            }
            product.categories = links;
        }
        if let Some(stock) = request::field(extension, "stock_item")
            && let Some(pieces) = request::int(stock, "qty")?
        {
            let status = u8::from(request::flag(stock, "is_in_stock")?.unwrap_or(pieces > 0));
            self.stock.set(&product.sku, DEFAULT_SOURCE, Level { pieces, status });
        }
        let options = request::field(extension, "configurable_product_options");
        let links = request::field(extension, "configurable_product_links");
        if options.is_none() && links.is_none() {
            return Ok(());
        }
        if product.kind != "configurable" {
            return Err(Refusal::bad("The product type must be configurable."));
        }
        if options.is_some() {
            let rows = request::list(extension, "configurable_product_options")?;
            product.options = rows.iter().map(|row| self.super_option(row)).collect::<Result<_, _>>()?;
        } else if links.is_some() {
            return Err(Refusal::bad("Products \"%1\" and \"%2\" have the same set of attribute values."));
        }
        if links.is_some() {
            let rows = request::list(extension, "configurable_product_links")?;
            product.children = rows.iter().filter_map(whole).collect();
        }
        self.check_children(product)
    }

    /// Reads one of a configurable's options.
    pub(super) fn super_option(&mut self, row: &Value) -> Result<SuperOption, Refusal> {
        let attribute = u64::try_from(request::needed_int(row, "attribute_id")?).unwrap_or(0);
        let known =
            self.catalogue.attribute_by_id(attribute).ok_or_else(|| Refusal::no_such("attribute_id", attribute))?;
        if known.input != "select" || known.scope != "global" {
            return Err(Refusal::bad("The attribute can't be used in a configurable product."));
        }
        let label = request::text(row, "label")?.unwrap_or_else(|| known.label.clone());
        let mut values = Vec::new();
        for value in request::list(row, "values")? {
            values.push(u64::try_from(request::needed_int(value, "value_index")?).unwrap_or(0));
        }
        if values.is_empty() {
            return Err(Refusal::bad("Option values are not specified."));
        }
        let position = request::int(row, "position")?.unwrap_or(0);
        Ok(SuperOption { id: self.next(Kind::SuperOption), attribute, label, position, values })
    }

    /// A configurable's children exist, have every option and differ in at least one.
    pub(super) fn check_children(&self, product: &Product) -> Result<(), Refusal> {
        let mut seen: BTreeMap<Vec<u64>, u64> = BTreeMap::new();
        for child in &product.children {
            let found = self.catalogue.products.get(child).ok_or_else(|| {
                Refusal::bad_with("Product with id \"%1\" does not exist.", serde_json::json!([child]))
            })?;
            let mut combination = Vec::new();
            for option in &product.options {
                let code = self.catalogue.attribute_by_id(option.attribute).map(|attribute| attribute.code.as_str());
                let value = code.and_then(|code| found.option_of(code)).ok_or_else(|| {
                    let parameters = serde_json::json!([child, code]);
                    Refusal::bad_with("Product with id \"%1\" does not contain required attribute \"%2\".", parameters)
                })?;
                combination.push(value);
            }
            if let Some(other) = seen.insert(combination, *child) {
                let message = "Products \"%1\" and \"%2\" have the same set of attribute values.";
                return Err(Refusal::bad_with(message, serde_json::json!([child, other])));
            }
        }
        Ok(())
    }
}

/// A whole number from a number or a text.
pub(super) fn whole(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.trim().parse().ok())
}

/// The URL key a name makes.
pub(super) fn slug(name: &str) -> String {
    let lower = name.to_lowercase();
    let words = lower.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join("-")
}
