//! Configurable products: the children first, each with its options, then the product that joins them.
//!
//! What comes in: a product with colours or sizes. What goes out: children that are there and enabled, and the configurable
//! product with exactly the office's children. A child the office no longer names is taken out and disabled. A product with many
//! children is written in parts: each attempt finds what the one before it has made.

use std::collections::HashMap;
use std::time::Duration;

use tokio::time::Instant;

use super::super::Magento2;
use super::super::client::Scope;
use super::super::criteria::{Criteria, Page};
use super::super::wire::Id;
use super::plan::{self, Axis, DISABLED, Shape, Used};
use super::shape::ShopProduct;
use super::{Input, once, other_type};
use crate::domain::{CallError, Variant};
use crate::storefront::ProductWish;

/// How long children are written before the rest is left to the next attempt; a handling must end before its lease.
const LONG_ENOUGH: Duration = Duration::from_secs(15);
/// SKUs asked for at once; each is three parameters of an address.
const SKUS: usize = 20;

/// A child with the options it is to have.
struct Child<'a> {
    variant: &'a Variant,
    options: Vec<(String, Id)>,
}

impl Magento2 {
    /// Answers whether the product was made, its children with it.
    pub(super) async fn put_configurable(
        &self,
        found: Option<ShopProduct>,
        shape: &Shape<'_>,
        axes: &[Axis],
        wish: &ProductWish<'_>,
    ) -> Result<bool, CallError> {
        if let Some(other) = found.as_ref().filter(|found| found.type_id != "configurable") {
            return Err(other_type(other, "has colours or sizes in the office"));
        }
        let set = match &found {
            Some(found) => found.attribute_set_id,
            None => self.new_set().await?,
        };
        let (children, used) = self.options(set, axes, wish).await?;
        let linked = match &found {
            Some(found) if !found.extension_attributes.configurable_product_links.is_empty() => {
                self.children_of(&found.sku).await?
            }
            _ => Vec::new(),
        };
        let is_linked = |sku: &str| linked.iter().any(|child| plan::same_sku(&child.sku, sku));
        let missing: Vec<&str> =
            children.iter().map(|child| child.variant.sku.as_str()).filter(|sku| !is_linked(sku)).collect();
        let mut there: HashMap<String, ShopProduct> =
            linked.iter().map(|child| (child.sku.to_lowercase(), child.clone())).collect();
        there.extend(self.by_sku(&missing).await?);

        let (ids, made) = self.put_children(set, &children, &there, &linked, wish).await?;
        self.begin_sales(wish, &made).await?;
        let fresh = found.is_none() && made.len() == children.len();
        match &found {
            None => {
                let mut input = plan::new_product(wish, shape, set, self.view().await?.website);
                plan::join(&mut input, None, &used, &ids);
                self.create(input).await?;
            }
            Some(found) => {
                let mut input = plan::changes(found, wish);
                plan::join(&mut input, Some(found), &used, &ids);
                self.change(input).await?;
            }
        }
        // Only once they are out: a disabled child of a product still counts when its children are compared.
        for child in linked.iter().filter(|child| !ids.contains(&child.id) && child.status != Some(DISABLED)) {
            self.change(Input { sku: child.sku.clone(), status: Some(DISABLED), ..Input::default() }).await?;
        }
        Ok(fresh)
    }

    /// The options of every child, and of each axis the attribute with the values in use.
    async fn options<'a>(
        &self,
        set: Id,
        axes: &[Axis],
        wish: &ProductWish<'a>,
    ) -> Result<(Vec<Child<'a>>, Vec<Used>), CallError> {
        let variants = &wish.product.variants;
        let mut children: Vec<Child<'a>> =
            variants.iter().map(|variant| Child { variant, options: Vec::new() }).collect();
        let mut used = Vec::new();
        for axis in axes {
            let attribute = self.attribute(set, *axis).await?;
            let code = self.code_of(*axis).to_owned();
            let mut values = Vec::new();
            for child in &mut children {
                let id = self.option_of(&code, axis.label(child.variant)).await?;
                values.push(id);
                child.options.push((code.clone(), id));
            }
            used.push(Used { attribute: attribute.attribute_id, label: attribute.label(), values: once(values) });
        }
        Ok((children, used))
    }

    /// Writes what differs of the children; answers their ids and the SKUs of those that were made.
    async fn put_children<'a>(
        &self,
        set: Id,
        children: &[Child<'a>],
        there: &HashMap<String, ShopProduct>,
        linked: &[ShopProduct],
        wish: &ProductWish<'_>,
    ) -> Result<(Vec<Id>, Vec<&'a str>), CallError> {
        let begun = Instant::now();
        let (mut ids, mut made) = (Vec::new(), Vec::new());
        for child in children {
            let sku = child.variant.sku.as_str();
            if begun.elapsed() > LONG_ENOUGH {
                let reason = format!("{} of {} children are written; the rest follows", ids.len(), children.len());
                return Err(CallError::Throttled { wait: Duration::from_millis(100), reason });
            }
            let id = match there.get(&sku.to_lowercase()) {
                Some(found) => {
                    if !super::SIMPLE.contains(&found.type_id.as_str()) {
                        return Err(other_type(found, "is a colour or size in the office"));
                    }
                    let is_attached = linked.iter().any(|one| one.id == found.id);
                    self.change(plan::child_changes(found, &child.options, is_attached)).await?;
                    found.id
                }
                None => {
                    let website = self.view().await?.website;
                    let input = plan::new_child(wish, child.variant, &child.options, set, website);
                    made.push(sku);
                    self.create(input).await?.id
                }
            };
            ids.push(id);
        }
        Ok((ids, made))
    }

    /// The children a configurable product has. A read.
    async fn children_of(&self, sku: &str) -> Result<Vec<ShopProduct>, CallError> {
        Ok(self.client.get(Scope::All, &["configurable-products", sku, "children"], &[]).await?)
    }

    /// Products by SKU in lower case. A read.
    pub(in super::super) async fn by_sku(&self, skus: &[&str]) -> Result<HashMap<String, ShopProduct>, CallError> {
        let mut found = HashMap::new();
        for skus in skus.chunks(SKUS) {
            let criteria = Criteria::most(skus.len()).one_of("sku", skus.iter().copied());
            let page: Page<ShopProduct> = self.client.get(Scope::All, &["products"], &criteria.query()).await?;
            found.extend(page.items.into_iter().map(|product| (product.sku.to_lowercase(), product)));
        }
        Ok(found)
    }
}
