//! Products, variants, pictures and metafields as the shop keeps them.
//!
//! What comes in: product mutations ([`edits`](super::graphql)) and the merchant's own edits. What goes out: look-ups for the
//! API, the order desk and the tests.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::Timestamp;

use super::lives::Minor;

/// Everything that is for sale.
#[derive(Debug, Default)]
pub(super) struct Catalogue {
    products: BTreeMap<u64, Product>,
    items: HashMap<u64, (u64, u64)>,
    variants: HashMap<u64, u64>,
    /// Products by the identifying metafields they carry: namespace, key and value.
    keys: HashMap<(String, String, String), u64>,
}

/// A product.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Product {
    /// Id.
    pub id: u64,
    /// Title.
    pub title: String,
    /// Text, HTML.
    pub description: Option<String>,
    /// Name in addresses.
    pub handle: String,
    /// Vendor.
    pub vendor: String,
    /// Kind of product.
    pub product_type: String,
    /// `ACTIVE`, `DRAFT`, `ARCHIVED` or `UNLISTED`.
    pub status: String,
    /// Options, such as colour and size.
    pub options: Vec<ProductOption>,
    /// Variants; at least one.
    pub variants: Vec<Variant>,
    /// Pictures, in order.
    pub images: Vec<Image>,
    /// Metafields.
    pub metafields: Vec<Metafield>,
    /// Collections it belongs to.
    pub collections: BTreeSet<u64>,
    /// Publications it is visible in.
    pub published_on: BTreeSet<u64>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// An option of a product.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProductOption {
    /// Id.
    pub id: u64,
    /// Name.
    pub name: String,
}

/// One variant of a product.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variant {
    /// Id.
    pub id: u64,
    /// Id under which its stock is kept.
    pub inventory_item: u64,
    /// SKU; not unique.
    pub sku: Option<String>,
    /// Barcode.
    pub barcode: Option<String>,
    /// What the buyer pays, in smallest units.
    pub price: Minor,
    /// The struck-through former price, in smallest units.
    pub compare_at: Option<Minor>,
    /// Values of the options, by name, in the order of the options.
    pub options: Vec<(String, String)>,
    /// Whether its stock is counted.
    pub tracked: bool,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// A picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// Id; a picture that is sent again gets a new one.
    pub id: u64,
    /// Where it was fetched from.
    pub source: String,
    /// Text for those who cannot see it.
    pub alt: Option<String>,
}

/// A value kept with a product, a collection or a location.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metafield {
    /// Namespace.
    pub namespace: String,
    /// Key.
    pub key: String,
    /// Type, such as `id`.
    pub kind: String,
    /// Value.
    pub value: String,
}

impl Variant {
    /// The value of an option.
    #[must_use]
    pub fn option(&self, name: &str) -> Option<&str> {
        self.options.iter().find(|(option, _)| option == name).map(|(_, value)| value.as_str())
    }
}

impl Product {
    /// The identifying metafields it carries: namespace, key and value.
    fn keys(&self) -> impl Iterator<Item = (String, String, String)> {
        let keys = self.metafields.iter().filter(|field| field.kind == "id");
        keys.map(|field| (field.namespace.clone(), field.key.clone(), field.value.clone()))
    }

    /// The value of a metafield.
    #[must_use]
    pub fn metafield(&self, namespace: &str, key: &str) -> Option<&str> {
        let found = self.metafields.iter().find(|field| field.namespace == namespace && field.key == key);
        found.map(|field| field.value.as_str())
    }

    /// The variant of that id.
    #[must_use]
    pub fn variant(&self, id: u64) -> Option<&Variant> {
        self.variants.iter().find(|variant| variant.id == id)
    }

    /// Whether a buyer can see it: active and published somewhere.
    #[must_use]
    pub fn is_visible(&self) -> bool {
        self.status == "ACTIVE" && !self.published_on.is_empty()
    }
}

impl Catalogue {
    /// Puts a product in place of the one with its id, or adds it. Answers the inventory items that are gone.
    pub(super) fn put(&mut self, product: Product) -> Vec<u64> {
        let mut gone = Vec::new();
        if let Some(old) = self.products.get(&product.id) {
            for key in old.keys() {
                self.keys.remove(&key);
            }
            for variant in &old.variants {
                if product.variant(variant.id).is_none() {
                    self.items.remove(&variant.inventory_item);
                    self.variants.remove(&variant.id);
                    gone.push(variant.inventory_item);
                }
            }
        }
        for key in product.keys() {
            self.keys.insert(key, product.id);
        }
        for variant in &product.variants {
            self.items.insert(variant.inventory_item, (product.id, variant.id));
            self.variants.insert(variant.id, product.id);
        }
        self.products.insert(product.id, product);
        gone
    }

    /// Takes a product away. Answers the inventory items that are gone.
    pub(super) fn remove(&mut self, id: u64) -> Option<Vec<u64>> {
        let product = self.products.remove(&id)?;
        for key in product.keys() {
            self.keys.remove(&key);
        }
        for variant in &product.variants {
            self.items.remove(&variant.inventory_item);
            self.variants.remove(&variant.id);
        }
        Some(product.variants.iter().map(|variant| variant.inventory_item).collect())
    }

    /// The product of that id.
    pub(super) fn product(&self, id: u64) -> Option<&Product> {
        self.products.get(&id)
    }

    /// Every product, oldest first.
    pub(super) fn products(&self) -> impl Iterator<Item = &Product> {
        self.products.values()
    }

    /// The product that carries a value in an identifying metafield.
    pub(super) fn by_metafield(&self, namespace: &str, key: &str, value: &str) -> Option<&Product> {
        let id = self.keys.get(&(namespace.to_owned(), key.to_owned(), value.to_owned()))?;
        self.products.get(id)
    }

    /// The product and variant of an inventory item.
    pub(super) fn item(&self, item: u64) -> Option<(&Product, &Variant)> {
        let (product, variant) = self.items.get(&item)?;
        let product = self.products.get(product)?;
        Some((product, product.variant(*variant)?))
    }

    /// The product and variant of a variant's id.
    pub(super) fn variant(&self, variant: u64) -> Option<(&Product, &Variant)> {
        let product = self.products.get(self.variants.get(&variant)?)?;
        Some((product, product.variant(variant)?))
    }

    /// The first variant of a SKU.
    pub(super) fn by_sku(&self, sku: &str) -> Option<(&Product, &Variant)> {
        self.products.values().find_map(|product| {
            let variant = product.variants.iter().find(|variant| variant.sku.as_deref() == Some(sku))?;
            Some((product, variant))
        })
    }
}
