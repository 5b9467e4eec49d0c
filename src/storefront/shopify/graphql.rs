//! The GraphQL documents, checked at build time against `schemas/shopify/admin.graphql`.
//!
//! What comes in: typed variables. What goes out: a request body, and a typed answer. Each document is one operation in one
//! file under `graphql/`. Keeps P2 by stating, per operation, what makes a repetition harmless.
//! Next in the flow: [`super::client`] sends them.

use graphql_client::GraphQLQuery;

/// Amounts travel as decimal text.
pub type Decimal = String;
/// Prices in the shop's currency travel as decimal text.
pub type Money = String;
/// Texts with mark-up.
pub type HTML = String;
/// Addresses.
pub type URL = String;

macro_rules! operations {
    ($($(#[$doc:meta])* $name:ident in $file:tt;)*) => {
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
        )*
    };
}

operations! {
    /// Who the shop is and what it permits.
    DescribeShop in "src/storefront/shopify/graphql/describe_shop.graphql";
    /// Places that hold stock, one page.
    ListLocations in "src/storefront/shopify/graphql/list_locations.graphql";
    /// Sales channels a product can be shown in, one page.
    ListPublications in "src/storefront/shopify/graphql/list_publications.graphql";
    /// How an order was paid.
    ReadTransactions in "src/storefront/shopify/graphql/read_transactions.graphql";
    /// The product that carries an office key.
    FindProduct in "src/storefront/shopify/graphql/find_product.graphql";
    /// A product with one page of its variants.
    ReadProduct in "src/storefront/shopify/graphql/read_product.graphql";
    /// Creates the product that carries an office key, or sets the named fields of it.
    SetProduct in "src/storefront/shopify/graphql/set_product.graphql";
    /// Sets the office's fields of a product.
    UpdateProduct in "src/storefront/shopify/graphql/update_product.graphql";
    /// Adds variants to a product.
    CreateVariants in "src/storefront/shopify/graphql/create_variants.graphql";
    /// Sets codes of known variants.
    UpdateVariants in "src/storefront/shopify/graphql/update_variants.graphql";
    /// Sets prices of known variants.
    SetPrices in "src/storefront/shopify/graphql/set_prices.graphql";
    /// Takes variants away from a product.
    DeleteVariants in "src/storefront/shopify/graphql/delete_variants.graphql";
    /// Shows a product in sales channels.
    Publish in "src/storefront/shopify/graphql/publish.graphql";
    /// The definition of the metafield that carries the office key.
    FindKeyDefinition in "src/storefront/shopify/graphql/find_key_definition.graphql";
    /// Makes that definition.
    CreateKeyDefinition in "src/storefront/shopify/graphql/create_key_definition.graphql";
    /// Sets stock figures, comparing with the figures believed to be there.
    SetStock in "src/storefront/shopify/graphql/set_stock.graphql";
    /// Reads stock figures of many items at one location.
    ReadStock in "src/storefront/shopify/graphql/read_stock.graphql";
    /// Our webhook subscriptions, one page.
    ListSubscriptions in "src/storefront/shopify/graphql/list_subscriptions.graphql";
    /// Subscribes to a topic.
    CreateSubscription in "src/storefront/shopify/graphql/create_subscription.graphql";
}
