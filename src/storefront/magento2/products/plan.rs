//! What a product of the office becomes: a simple product, or a configurable one with a simple child for each colour and size.
//! Pure.

use super::super::wire::{Amount, Id};
use super::input::{AttributeInput, CategoryInput, ExtensionInput, Input, OptionValueInput, SuperOptionInput};
use super::shape::ShopProduct;
use super::slug::slug;
use crate::domain::{CallError, Product, Variant};
use crate::storefront::{NewProducts, ProductWish, Texts};

/// The longest SKU Magento keeps.
const LONGEST_SKU: usize = 64;
/// The value of a variant that lacks what its neighbours have.
const NO_VALUE: &str = "Default";
/// Shown in catalogue and search; part of a configurable product alone.
pub const VISIBLE: u8 = 4;
pub const HIDDEN: u8 = 1;
/// Can be bought; cannot.
pub const ENABLED: u8 = 1;
pub const DISABLED: u8 = 2;
/// The product tax class of every installation, Taxable Goods.
const TAXABLE: &str = "2";

/// An axis along which children differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Axis {
    Colour,
    Size,
}

/// See the module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shape<'a> {
    /// One product that is what is sold.
    Simple(&'a Variant),
    /// A product under a SKU of its own whose children are what is sold.
    Configurable { sku: String, axes: Vec<Axis> },
}

impl Axis {
    /// A variant's value on it.
    pub fn label(self, variant: &Variant) -> &str {
        let value = match self {
            Self::Colour => &variant.colour,
            Self::Size => &variant.size,
        };
        value.as_deref().map(str::trim).filter(|value| !value.is_empty()).unwrap_or(NO_VALUE)
    }
}

impl<'a> Shape<'a> {
    /// The shape of a product, or why Magento could not take it, in words that name what to mend.
    pub fn of(product: &'a Product) -> Result<Self, CallError> {
        let refused = |why: String| CallError::Rejected(format!("product {}: {why}", product.style));
        let has = |value: &Option<String>| value.as_deref().is_some_and(|value| !value.trim().is_empty());
        let first = product.variants.first().ok_or_else(|| refused("it has no variants".into()))?;
        let mut axes = Vec::new();
        if product.variants.iter().any(|variant| has(&variant.colour)) {
            axes.push(Axis::Colour);
        }
        if product.variants.iter().any(|variant| has(&variant.size)) {
            axes.push(Axis::Size);
        }
        if let Some(long) = product.variants.iter().find(|variant| variant.sku.as_str().chars().count() > LONGEST_SKU) {
            return Err(refused(format!("SKU {} is longer than the {LONGEST_SKU} letters Magento keeps", long.sku)));
        }
        for (at, variant) in product.variants.iter().enumerate() {
            let same = |other: &&Variant| {
                let differs = |axis: &Axis| axis.label(other).to_lowercase() != axis.label(variant).to_lowercase();
                same_sku(other.sku.as_str(), variant.sku.as_str()) || !axes.iter().any(differs)
            };
            if let Some(twin) = product.variants[..at].iter().find(same) {
                let skus = format!("{} and {}", twin.sku, variant.sku);
                return Err(refused(format!("{skus} have the same SKU or the same colour and size")));
            }
        }
        if axes.is_empty() {
            return Ok(Self::Simple(first));
        }
        let style = product.style.as_str();
        let is_taken = product.variants.iter().any(|variant| same_sku(variant.sku.as_str(), style));
        let sku = if is_taken { format!("{style}-configurable") } else { style.to_owned() };
        if sku.chars().count() > LONGEST_SKU {
            return Err(refused(format!("{sku} is longer than the {LONGEST_SKU} letters Magento keeps of a SKU")));
        }
        Ok(Self::Configurable { sku, axes })
    }

    /// The SKU of the product that is shown.
    pub fn sku(&self) -> &str {
        match self {
            Self::Simple(variant) => variant.sku.as_str(),
            Self::Configurable { sku, .. } => sku,
        }
    }
}

/// Magento tells SKUs apart without regard to case.
pub fn same_sku(one: &str, other: &str) -> bool {
    one.trim().to_lowercase() == other.trim().to_lowercase()
}

/// What every new product begins with. Title and text are the office's; what people at the shop add to it later is theirs.
fn beginning(wish: &ProductWish<'_>, sku: &str, name: String, set: Id, website: Id) -> Input {
    let url_key = format!("{}-{}", slug(&name), slug(sku));
    Input {
        sku: sku.to_owned(),
        name: Some(name),
        attribute_set_id: Some(set),
        status: Some(match wish.rules.new_products {
            NewProducts::Active => ENABLED,
            NewProducts::Draft => DISABLED,
        }),
        extension_attributes: ExtensionInput { website_ids: vec![website], ..ExtensionInput::default() },
        custom_attributes: vec![
            AttributeInput::text("url_key", url_key.trim_matches('-')),
            AttributeInput::text("tax_class_id", TAXABLE),
        ],
        ..Input::default()
    }
}

/// A new product that is shown: simple, or configurable without its children yet.
pub fn new_product(wish: &ProductWish<'_>, shape: &Shape<'_>, set: Id, website: Id) -> Input {
    let mut input = beginning(wish, shape.sku(), wish.product.title.clone(), set, website);
    input.visibility = Some(VISIBLE);
    input.extension_attributes.category_links =
        wish.collection.map(|category| vec![CategoryInput { position: 0, category_id: category.to_owned() }]);
    if let Some(text) = &wish.product.description {
        input.custom_attributes.push(AttributeInput::text("description", text.clone()));
    }
    match shape {
        Shape::Simple(variant) => priced(&mut input, variant),
        Shape::Configurable { .. } => input.type_id = Some("configurable"),
    }
    input
}

/// A new child: hidden, found through the product it belongs to, whose draft state is the one that counts.
pub fn new_child(wish: &ProductWish<'_>, variant: &Variant, options: &[(String, Id)], set: Id, website: Id) -> Input {
    let parts = [Some(&wish.product.title), variant.colour.as_ref(), variant.size.as_ref()];
    let name = parts.into_iter().flatten().map(|part| part.trim()).collect::<Vec<_>>().join(" ");
    let mut input = beginning(wish, variant.sku.as_str(), name, set, website);
    (input.status, input.visibility) = (Some(ENABLED), Some(HIDDEN));
    input.custom_attributes.extend(options.iter().map(|(code, id)| AttributeInput::text(code, id.to_string())));
    priced(&mut input, variant);
    input
}

/// What is sold has a price, and a weight, which a shop that ships by weight puts right.
fn priced(input: &mut Input, variant: &Variant) {
    input.type_id = Some("simple");
    input.price = Some(Amount(variant.price.retail.amount()));
    input.weight = Some(0);
}

/// What of a known product that is shown has to be written: nothing that is so already, and nothing that is the shop's.
pub fn changes(found: &ShopProduct, wish: &ProductWish<'_>) -> Input {
    let (product, rules) = (wish.product, wish.rules);
    let mut input = Input { sku: found.sku.clone(), ..Input::default() };
    if rules.new_products == NewProducts::Active && found.status != Some(ENABLED) {
        input.status = Some(ENABLED);
    }
    if found.visibility == Some(HIDDEN) {
        input.visibility = Some(VISIBLE);
    }
    if rules.texts == Texts::Always {
        if found.name.as_deref() != Some(product.title.as_str()) {
            input.name = Some(product.title.clone());
        }
        if let Some(text) = product.description.as_deref().filter(|text| found.text("description") != Some(text)) {
            input.custom_attributes.push(AttributeInput::text("description", text));
        }
    }
    input.extension_attributes.category_links = categories(found, wish);
    input
}

/// The categories of a product that has to change its own: the office's instead of the one it was put into before, beside all
/// the shop has put it into.
fn categories(found: &ShopProduct, wish: &ProductWish<'_>) -> Option<Vec<CategoryInput>> {
    let links = &found.extension_attributes.category_links;
    let is_in = |category: &str| links.iter().any(|link| link.category_id.to_string() == category);
    let former = wish.former_collection.filter(|former| wish.collection != Some(*former));
    let enters = wish.collection.filter(|category| !is_in(category));
    let leaves = former.filter(|former| is_in(former));
    if enters.is_none() && leaves.is_none() {
        return None;
    }
    let stays = links.iter().filter(|link| leaves != Some(link.category_id.to_string().as_str()));
    let mut all: Vec<CategoryInput> = stays
        .map(|link| CategoryInput { position: link.position, category_id: link.category_id.to_string() })
        .collect();
    all.extend(enters.map(|category| CategoryInput { position: 0, category_id: category.to_owned() }));
    Some(all)
}

/// What of a known child has to be written. One that comes to its product only now is hidden beside it.
pub fn child_changes(found: &ShopProduct, options: &[(String, Id)], is_attached: bool) -> Input {
    let differs = options.iter().filter(|(code, id)| found.option(code) != Some(*id));
    Input {
        sku: found.sku.clone(),
        status: (found.status != Some(ENABLED)).then_some(ENABLED),
        visibility: (!is_attached && found.visibility != Some(HIDDEN)).then_some(HIDDEN),
        custom_attributes: differs.map(|(code, id)| AttributeInput::text(code, id.to_string())).collect(),
        ..Input::default()
    }
}

/// An axis with the attribute that carries it and the values in use.
pub struct Used {
    pub attribute: Id,
    pub label: String,
    pub values: Vec<Id>,
}

/// Adds options and children, both or neither: one without the other is refused by some versions. Nothing where both are so.
pub fn join(input: &mut Input, found: Option<&ShopProduct>, used: &[Used], children: &[Id]) {
    let known =
        found.map(|found| found.extension_attributes.configurable_product_options.as_slice()).unwrap_or_default();
    let linked =
        found.map(|found| found.extension_attributes.configurable_product_links.as_slice()).unwrap_or_default();
    let same = |left: &[Id], right: &[Id]| {
        let sorted = |ids: &[Id]| {
            let mut ids = ids.to_vec();
            ids.sort_unstable();
            ids
        };
        sorted(left) == sorted(right)
    };
    let is_known = |used: &Used| {
        known.iter().any(|option| {
            let values: Vec<Id> = option.values.iter().map(|value| value.value_index).collect();
            option.attribute_id == used.attribute && same(&values, &used.values)
        })
    };
    if known.len() == used.len() && used.iter().all(is_known) && same(linked, children) {
        return;
    }
    let option = |(at, used): (usize, &Used)| {
        let before = known.iter().find(|option| option.attribute_id == used.attribute);
        SuperOptionInput {
            id: before.and_then(|option| option.id),
            attribute_id: used.attribute.to_string(),
            label: before.map_or_else(|| used.label.clone(), |option| option.label.clone()),
            position: before.map_or(i64::try_from(at).unwrap_or(0), |option| option.position),
            values: used.values.iter().map(|value| OptionValueInput { value_index: *value }).collect(),
        }
    };
    input.extension_attributes.configurable_product_options = Some(used.iter().enumerate().map(option).collect());
    input.extension_attributes.configurable_product_links = Some(children.to_vec());
}

#[cfg(test)]
mod tests;
