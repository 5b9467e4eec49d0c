//! The GraphQL documents, checked at build time against `schemas/shopify/admin.graphql`.
//!
//! What comes in: typed variables. What goes out: a request body, and a typed answer. Each document is one operation in one
//! file under `graphql/`. Keeps P2 by stating, per operation, what makes a repetition harmless.
//! Next in the flow: [`super::client`] sends them.

use graphql_client::GraphQLQuery;

use super::client::{Operation, Repeat};

/// Amounts travel as decimal text.
pub type Decimal = String;
/// Moments travel as ISO 8601 text.
pub type DateTime = String;
/// Prices in the shop's currency travel as decimal text.
pub type Money = String;
/// Addresses.
#[allow(clippy::upper_case_acronyms, reason = "the schema's name")]
pub type URL = String;
/// Whole numbers of 64 bits travel as text.
pub type UnsignedInt64 = String;
/// Texts with markup.
#[allow(clippy::upper_case_acronyms, reason = "the schema's name")]
pub type HTML = String;

macro_rules! operations {
    ($($(#[$doc:meta])* $name:ident in $file:tt $(repeat $repeat:ident)? $(null $null:literal)*;)*) => {
        $(
            $(#[$doc])*
            #[derive(GraphQLQuery, Debug, Clone, Copy)]
            #[graphql(
                schema_path = "schemas/shopify/admin.graphql",
                query_path = $file,
                variables_derives = "Debug, Clone, PartialEq",
                response_derives = "Debug, Clone, PartialEq"
            )]
            pub struct $name;

            impl Operation for $name {
                const NAME: &'static str = stringify!($name);
                $(const REPEAT: Repeat = Repeat::$repeat;)?
                const NULL_IS_A_VALUE: &'static [&'static str] = &[$($null),*];
            }
        )*
    };
}

// Reads are harmless to repeat. Of the writes, `SetProduct` finds its product by a unique key, `SetStock` carries an
// idempotency key, publishing twice is publishing, and the rest set absolute values; only what adds a thing each time has to
// be looked up first.
operations! {
    /// Who the shop is and what it permits.
    DescribeShop in "src/storefront/shopify/graphql/describe_shop.graphql";
    /// The location that carries an office key.
    FindLocation in "src/storefront/shopify/graphql/find_location.graphql";
    /// Makes a location under an office key; a second one is refused.
    AddLocation in "src/storefront/shopify/graphql/add_location.graphql";
    /// Renames a location.
    EditLocation in "src/storefront/shopify/graphql/edit_location.graphql";
    /// Places that hold stock, one page.
    ListLocations in "src/storefront/shopify/graphql/list_locations.graphql";
    /// Sales channels a product can be shown in, one page.
    ListPublications in "src/storefront/shopify/graphql/list_publications.graphql";
    /// How an order was paid.
    ReadTransactions in "src/storefront/shopify/graphql/read_transactions.graphql";
    /// Everything about an order, with the first page of each list.
    ReadOrder in "src/storefront/shopify/graphql/read_order.graphql";
    /// Further lines of an order.
    ReadOrderLines in "src/storefront/shopify/graphql/read_order_lines.graphql";
    /// What one shipment has in it, one page.
    ReadShipment in "src/storefront/shopify/graphql/read_shipment.graphql";
    /// What one refund gives back, one page of each of its lists.
    ReadRefund in "src/storefront/shopify/graphql/read_refund.graphql";
    /// The product that carries an office key.
    FindProduct in "src/storefront/shopify/graphql/find_product.graphql";
    /// What became of a large product.
    ReadOperation in "src/storefront/shopify/graphql/read_operation.graphql";
    /// The ids of one page of a product's variants.
    ReadVariantIds in "src/storefront/shopify/graphql/read_variant_ids.graphql";
    /// Fetches pictures into files named after their content, in place of files of that name.
    CreateFiles in "src/storefront/shopify/graphql/create_files.graphql";
    /// How files stand.
    ReadFiles in "src/storefront/shopify/graphql/read_files.graphql";
    /// Attaches files to products and takes them off.
    ReferFiles in "src/storefront/shopify/graphql/refer_files.graphql";
    /// One page of a product's media.
    ReadMedia in "src/storefront/shopify/graphql/read_media.graphql";
    /// The collection that carries an office key.
    FindCollection in "src/storefront/shopify/graphql/find_collection.graphql";
    /// Makes a collection under an office key; a second one is refused.
    CreateCollection in "src/storefront/shopify/graphql/create_collection.graphql";
    /// Sets metafields of a product.
    SetMetafields in "src/storefront/shopify/graphql/set_metafields.graphql";
    /// Deletes metafields of a product; one that is not there stays away.
    DeleteMetafields in "src/storefront/shopify/graphql/delete_metafields.graphql";
    /// A price list and its currency.
    ReadPriceList in "src/storefront/shopify/graphql/read_price_list.graphql";
    /// Sets fixed prices in a price list.
    SetListPrices in "src/storefront/shopify/graphql/set_list_prices.graphql";
    /// Takes fixed prices out of a price list.
    DeleteListPrices in "src/storefront/shopify/graphql/delete_list_prices.graphql";
    /// A product with one page of its variants.
    ReadProduct in "src/storefront/shopify/graphql/read_product.graphql";
    /// Creates the product that carries an office key, or sets the named fields of it.
    SetProduct in "src/storefront/shopify/graphql/set_product.graphql";
    /// Sets the office's fields of a product.
    UpdateProduct in "src/storefront/shopify/graphql/update_product.graphql";
    /// Adds variants to a product.
    CreateVariants in "src/storefront/shopify/graphql/create_variants.graphql" repeat LookFirst;
    /// Sets codes of known variants; a barcode that was taken away is cleared.
    UpdateVariants in "src/storefront/shopify/graphql/update_variants.graphql" null "barcode";
    /// Sets prices of known variants; a struck-through price that has ended is cleared.
    SetPrices in "src/storefront/shopify/graphql/set_prices.graphql" null "compareAtPrice";
    /// Takes variants away from a product.
    DeleteVariants in "src/storefront/shopify/graphql/delete_variants.graphql";
    /// Shows a product in sales channels.
    Publish in "src/storefront/shopify/graphql/publish.graphql";
    /// Products of a bulk operation, one a line; each is found by its office key.
    BulkProducts in "src/storefront/shopify/graphql/bulk_products.graphql";
    /// Shows products of a bulk operation in sales channels, one a line, and tells their media.
    BulkPublish in "src/storefront/shopify/graphql/bulk_publish.graphql";
    /// A place for a file to be handed over.
    StageUpload in "src/storefront/shopify/graphql/stage_upload.graphql";
    /// Starts a bulk operation; every mutation that is run in one may be repeated.
    RunBulk in "src/storefront/shopify/graphql/run_bulk.graphql";
    /// How far a bulk operation is.
    ReadBulk in "src/storefront/shopify/graphql/read_bulk.graphql";
    /// The definition of the metafield that carries the office key.
    FindKeyDefinition in "src/storefront/shopify/graphql/find_key_definition.graphql";
    /// Makes that definition; a second one is refused.
    CreateKeyDefinition in "src/storefront/shopify/graphql/create_key_definition.graphql";
    /// Sets stock figures, comparing with the figures believed to be there; null compares with nothing.
    SetStock in "src/storefront/shopify/graphql/set_stock.graphql" null "changeFromQuantity";
    /// Reads stock figures of many items at one location.
    ReadStock in "src/storefront/shopify/graphql/read_stock.graphql";
    /// Orders that changed since a moment, one page.
    ListOrders in "src/storefront/shopify/graphql/list_orders.graphql";
    /// Customers that changed since a moment, one page.
    ListCustomers in "src/storefront/shopify/graphql/list_customers.graphql";
    /// Products that changed since a moment, or all there are, one page.
    ListProducts in "src/storefront/shopify/graphql/list_products.graphql";
    /// The customer of an id or e-mail address.
    FindCustomer in "src/storefront/shopify/graphql/find_customer.graphql";
    /// Creates the customer of an e-mail address, or sets the named fields of the one that has it.
    SetCustomer in "src/storefront/shopify/graphql/set_customer.graphql";
    /// Sets the named fields of a known customer.
    UpdateCustomer in "src/storefront/shopify/graphql/update_customer.graphql";
    /// Adds an address.
    CreateAddress in "src/storefront/shopify/graphql/create_address.graphql" repeat LookFirst;
    /// Sets an address.
    UpdateAddress in "src/storefront/shopify/graphql/update_address.graphql";
    /// Sets a consent with its time.
    SetConsent in "src/storefront/shopify/graphql/set_consent.graphql";
    /// Our webhook subscriptions, one page.
    ListSubscriptions in "src/storefront/shopify/graphql/list_subscriptions.graphql";
    /// Subscribes to a topic.
    CreateSubscription in "src/storefront/shopify/graphql/create_subscription.graphql" repeat LookFirst;
}

/// A thing's id as the API calls it, from that or from its number.
pub fn gid(kind: &str, id: &str) -> String {
    if id.starts_with("gid://") { id.to_owned() } else { format!("gid://shopify/{kind}/{id}") }
}

/// The number in an id.
pub fn number(gid: &str) -> &str {
    gid.rsplit('/').next().unwrap_or(gid)
}
