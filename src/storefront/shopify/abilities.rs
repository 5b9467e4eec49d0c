//! What Shopify can do beyond what every storefront can, each ability joined to the writes beside it.

use std::collections::HashMap;

use async_trait::async_trait;

use super::{Shopify, bulk, normalise};
use crate::domain::{Branch, CallError, DocumentRef, NewDelivery, OrderState, Payment, SaleMoment};
use crate::storefront::{
    Abilities, AccountPage, BulkProduct, BulkProducts, BulkState, FileState, ListedOrder, Listings, NewLocations,
    OrderPage, Picture, PictureFiles, PictureWay, PriceLists, PriceRow, ProductDrift, ProductLink, ProductOperations,
    ProductPage, ProductWish, SalesWay, StockFigure, Subscription, Subscriptions, WholeOrders,
};

impl Shopify {
    pub(super) fn declared(&self) -> Abilities<'_> {
        Abilities {
            sales: SalesWay::Orders(self),
            bulk: Some(self),
            operations: Some(self),
            listings: Some(self),
            pictures: PictureWay::Files(self),
            price_lists: Some(self),
            locations: Some(self),
            webhooks: Some(self),
            product_types: true,
            metafields: true,
            consent: true,
            moments: &[SaleMoment::Fulfilled, SaleMoment::Paid, SaleMoment::EachFulfilment],
            figures: &[StockFigure::OnHand, StockFigure::Available],
        }
    }
}

#[async_trait]
impl WholeOrders for Shopify {
    async fn payments(&self, order: &str) -> Result<Vec<Payment>, CallError> {
        self.read_payments(order).await
    }

    async fn order(&self, sale: &DocumentRef) -> Result<OrderState, CallError> {
        self.read_order(sale).await
    }

    async fn orders_since(&self, since: jiff::Timestamp, after: Option<&str>) -> Result<OrderPage, CallError> {
        self.list_orders(since, after).await
    }

    async fn missed_order(&self, order: &ListedOrder) -> Result<NewDelivery, CallError> {
        self.read_missed(order).await
    }
}

#[async_trait]
impl BulkProducts for Shopify {
    async fn bulk_create(&self, wishes: &[ProductWish<'_>]) -> Result<String, CallError> {
        self.begin_products(wishes).await
    }

    async fn bulk_publish(&self, products: &[String]) -> Result<String, CallError> {
        self.begin_publishing(products).await
    }

    async fn bulk_state(&self, operation: &str) -> Result<BulkState, CallError> {
        self.bulk_stands(operation).await
    }

    async fn bulk_products(&self, address: &str) -> Result<Vec<BulkProduct>, CallError> {
        self.products_of(address).await
    }

    async fn bulk_media(&self, address: &str) -> Result<HashMap<String, Vec<String>>, CallError> {
        self.media_shown(address).await
    }

    fn bulk_variants(&self) -> usize {
        bulk::MOST_VARIANTS
    }
}

#[async_trait]
impl Listings for Shopify {
    async fn accounts_since(&self, since: jiff::Timestamp, after: Option<&str>) -> Result<AccountPage, CallError> {
        self.list_accounts(since, after).await
    }

    async fn products_since(
        &self,
        since: Option<jiff::Timestamp>,
        after: Option<&str>,
    ) -> Result<ProductPage, CallError> {
        self.list_products(since, after).await
    }

    async fn compare_product(&self, link: &ProductLink, wish: &ProductWish<'_>) -> Result<ProductDrift, CallError> {
        self.compare(link, wish).await
    }
}

#[async_trait]
impl ProductOperations for Shopify {
    async fn product_operation(&self, operation: &str) -> Result<bool, CallError> {
        self.operation_is_done(operation).await
    }
}

#[async_trait]
impl PictureFiles for Shopify {
    async fn upload_pictures(&self, pictures: &[Picture]) -> Result<Vec<String>, CallError> {
        self.create_files(pictures).await
    }

    async fn files(&self, ids: &[String]) -> Result<Vec<FileState>, CallError> {
        self.read_files(ids).await
    }

    async fn set_pictures(&self, product: &str, add: &[String], remove: &[String]) -> Result<(), CallError> {
        self.refer_files(product, add, remove).await
    }
}

#[async_trait]
impl PriceLists for Shopify {
    async fn set_list_prices(&self, list: &str, rows: &[PriceRow], gone: &[String]) -> Result<(), CallError> {
        self.write_list_prices(list, rows, gone).await
    }
}

#[async_trait]
impl NewLocations for Shopify {
    async fn location(&self, branch: &Branch) -> Result<String, CallError> {
        self.location_of(branch).await
    }
}

#[async_trait]
impl Subscriptions for Shopify {
    fn wanted_topics(&self) -> &'static [&'static str] {
        normalise::WANTED_TOPICS
    }

    async fn subscriptions(&self) -> Result<Vec<Subscription>, CallError> {
        self.list_subscriptions().await
    }

    async fn subscribe(&self, topic: &str, address: &str) -> Result<Subscription, CallError> {
        self.ensure_subscription(topic, address).await
    }
}
