//! What people in the shop do by hand: put things on the shelf, mend a title, add a picture, place and ship orders.
//!
//! Everything here is the shop's own doing, not the API's; it raises webhooks and is not counted among [`ShopSandbox::writes`].

use jiff::Timestamp;

use super::ShopSandbox;
use super::bodies::{Person, data_request_body, product_deleted_body, redact_body, shop_redact_body};
use super::catalogue::{Image, Product, ProductOption, Variant};
use super::counter::CounterError;
use super::customers::ShopCustomer;
use super::lives::{EditPlan, LinePlan, OrderPlan, PaymentPlan, RefundLinePlan, RefundPlan, SkuInfo, minor};
use super::options::OpeningStock;
use super::state::{Definition, State};
use crate::domain::Money;
use crate::sandbox::locked;

impl ShopSandbox {
    /// Puts a product of one variant up for sale, published everywhere. For tests that need goods but no office.
    ///
    /// # Errors
    /// [`CounterError::UnknownLocation`].
    pub async fn put_up_for_sale(
        &self,
        sku: &str,
        price: Money,
        stock: &[OpeningStock],
    ) -> Result<SkuInfo, CounterError> {
        self.act(|state| {
            let now = state.now();
            let mut places = Vec::new();
            for opening in stock {
                let place = state.locations.iter().find(|place| place.name == opening.location);
                let place = place.ok_or_else(|| CounterError::UnknownLocation(opening.location.clone()))?;
                places.push((place.id, opening.available, opening.committed));
            }
            let product = single_variant(state, sku, price, now);
            let info = SkuInfo {
                sku: sku.to_owned(),
                title: product.title.clone(),
                price,
                ids: super::lives::LineIds {
                    product: product.id,
                    variant: product.variants[0].id,
                    inventory_item: product.variants[0].inventory_item,
                },
            };
            state.catalogue.put(product);
            state.stock.stock_at(info.ids.inventory_item, state.online_location());
            for (place, available, committed) in places {
                state.stock.shift(info.ids.inventory_item, place, available, committed, now);
                state.notify_level(info.ids.inventory_item, place);
            }
            state.notify_product("products/create", info.ids.product);
            Ok(info)
        })
        .await
    }

    /// Places an order, paid in full. Answers its id.
    ///
    /// # Errors
    /// [`CounterError::Misfit`] when the plan is for another kind of shop.
    pub async fn place_order(&self, plan: &OrderPlan) -> Result<u64, CounterError> {
        self.act(|state| state.place(plan)).await
    }

    /// Ships everything that is left of an order.
    ///
    /// # Errors
    /// [`CounterError`] when it is unknown, shipped or cancelled.
    pub async fn fulfil(&self, order: u64) -> Result<(), CounterError> {
        self.act(|state| state.ship(order)).await
    }

    /// Gives something back. Answers the refund's id.
    ///
    /// # Errors
    /// [`CounterError`] when the order is unknown or has less left than is to be given back.
    pub async fn refund(&self, order: u64, plan: &RefundPlan) -> Result<u64, CounterError> {
        self.act(|state| state.give_back(order, plan)).await
    }

    /// Cancels an order that was not shipped, with all its money and pieces.
    ///
    /// # Errors
    /// [`CounterError`] when it is unknown, shipped or cancelled.
    pub async fn cancel(&self, order: u64) -> Result<(), CounterError> {
        self.act(|state| state.cancel(order, true)).await
    }

    /// Cancels an order that was not shipped and keeps its money for the time being.
    ///
    /// # Errors
    /// [`CounterError`] when it is unknown, shipped or cancelled.
    pub async fn cancel_without_refund(&self, order: u64) -> Result<(), CounterError> {
        self.act(|state| state.cancel(order, false)).await
    }

    /// Gives money or goods back of an order, cancelled or not. Answers the refund's id.
    ///
    /// # Errors
    /// [`CounterError`] when the order is unknown or has less left than is to be given back.
    pub async fn pay_back(&self, order: u64, plan: &RefundPlan) -> Result<u64, CounterError> {
        self.act(|state| state.pay_back(order, plan)).await
    }

    /// Takes a further payment.
    ///
    /// # Errors
    /// [`CounterError`] when the order is unknown, cancelled, or so much is not to be paid.
    pub async fn pay(&self, order: u64, payment: PaymentPlan) -> Result<(), CounterError> {
        self.act(|state| state.take_payment(order, payment)).await
    }

    /// Edits an order: adds lines, takes pieces off.
    ///
    /// # Errors
    /// [`CounterError`] when it is unknown, cancelled, or what is to be taken off was shipped.
    pub async fn edit_order(&self, order: u64, edit: &EditPlan) -> Result<(), CounterError> {
        self.act(|state| state.edit_order(order, edit)).await
    }

    /// Takes shipped pieces back and sends other goods for them. Answers the id under which the return is kept.
    ///
    /// # Errors
    /// [`CounterError`] when it is unknown, cancelled, or the pieces are not with the buyer.
    pub async fn exchange(
        &self,
        order: u64,
        back: &[RefundLinePlan],
        instead: &[LinePlan],
    ) -> Result<u64, CounterError> {
        self.act(|state| state.exchange(order, back, instead)).await
    }

    /// Ships some pieces of some lines from one of the shop's locations; 0 is the one that serves online orders.
    ///
    /// # Errors
    /// [`CounterError`] when it is unknown, cancelled, or fewer pieces are left.
    pub async fn fulfil_part(&self, order: u64, location: usize, pieces: &[(usize, i64)]) -> Result<(), CounterError> {
        self.act(|state| state.ship_part(order, location, pieces)).await
    }

    /// Money of a refund that was on its way arrives (`true`), or fails to.
    ///
    /// # Errors
    /// [`CounterError`] when there is no such refund.
    pub async fn settle_refund(&self, refund: u64, arrives: bool) -> Result<(), CounterError> {
        self.act(|state| state.settle_refund(refund, arrives)).await
    }

    /// Lives a whole life: order, early refunds, shipping, later refunds. Answers the order's id.
    ///
    /// # Errors
    /// [`CounterError`] when the life was made for another shop.
    pub async fn live(&self, life: &super::lives::Life) -> Result<u64, CounterError> {
        let order = self.place_order(&life.order).await?;
        for refund in life.refunds.iter().filter(|refund| refund.before_fulfilment) {
            self.refund(order, refund).await?;
        }
        self.fulfil(order).await?;
        for refund in life.refunds.iter().filter(|refund| !refund.before_fulfilment) {
            self.refund(order, refund).await?;
        }
        Ok(order)
    }

    /// Somebody makes an account, or the merchant changes one; `change` is given the customer as they are. Answers the id.
    ///
    /// # Errors
    /// [`CounterError::Misfit`] when the e-mail address or telephone number is no good or somebody else's.
    pub async fn edit_customer(
        &self,
        id: Option<u64>,
        change: impl FnOnce(&mut ShopCustomer) + Send,
    ) -> Result<u64, CounterError> {
        self.act(|state| {
            let known = id.and_then(|id| state.customers.get(id)).cloned();
            let created = known.is_none();
            let mut customer = known.unwrap_or_else(|| state.blank_customer());
            change(&mut customer);
            if let Some((_, words)) = state.customers.objections(&customer).first() {
                return Err(CounterError::Misfit(words));
            }
            let id = customer.id;
            state.keep_customer(customer, if created { "customers/create" } else { "customers/update" }, true);
            Ok(id)
        })
        .await
    }

    /// The merchant folds one customer into another. Answers whether both were there.
    pub async fn merge_customers(&self, kept: u64, gone: u64) -> bool {
        self.act(|state| if state.merge_customers(kept, gone) { Ok(()) } else { Err(()) }).await.is_ok()
    }

    /// The merchant deletes a customer. Answers whether there was one.
    pub async fn delete_customer(&self, id: u64) -> bool {
        self.act(|state| if state.delete_customer(id) { Ok(()) } else { Err(()) }).await.is_ok()
    }

    /// A customer asks, through the shop, what is kept of them. Answers the request's number.
    pub async fn request_data(&self, customer: u64, email: Option<&str>, phone: Option<&str>, orders: &[u64]) -> u64 {
        let person = Person { id: customer, email: email.map(str::to_owned), phone: phone.map(str::to_owned) };
        let asked = self.act(|state| -> Result<u64, std::convert::Infallible> {
            let number = state.ids.next();
            let body = data_request_body(&state.options, &person, orders, number);
            state.notify("customers/data_request", body);
            Ok(number)
        });
        match asked.await {
            Ok(number) => number,
            Err(never) => match never {},
        }
    }

    /// A customer asks, through the shop, to be forgotten; the shop forgets them itself.
    pub async fn request_erasure(&self, customer: u64, email: Option<&str>, phone: Option<&str>, orders: &[u64]) {
        let person = Person { id: customer, email: email.map(str::to_owned), phone: phone.map(str::to_owned) };
        let asked = self.act(|state| -> Result<(), std::convert::Infallible> {
            let body = redact_body(&state.options, &person, orders);
            state.notify("customers/redact", body);
            Ok(())
        });
        match asked.await {
            Ok(()) => {}
            Err(never) => match never {},
        }
    }

    /// The shop asks to be forgotten, as it does two days after an app was removed.
    pub async fn request_shop_erasure(&self) {
        let asked = self.act(|state| -> Result<(), std::convert::Infallible> {
            let body = shop_redact_body(&state.options);
            state.notify("shop/redact", body);
            Ok(())
        });
        match asked.await {
            Ok(()) => {}
            Err(never) => match never {},
        }
    }

    /// The merchant rewrites a title.
    ///
    /// # Errors
    /// [`CounterError::UnknownProduct`].
    pub async fn edit_title(&self, product: u64, title: &str) -> Result<(), CounterError> {
        self.edit(product, |product, _| title.clone_into(&mut product.title)).await
    }

    /// The merchant rewrites the text.
    ///
    /// # Errors
    /// [`CounterError::UnknownProduct`].
    pub async fn edit_description(&self, product: u64, html: &str) -> Result<(), CounterError> {
        self.edit(product, |product, _| product.description = Some(html.to_owned())).await
    }

    /// The merchant changes whatever they like of a product.
    ///
    /// # Errors
    /// [`CounterError::UnknownProduct`].
    pub async fn edit_product(
        &self,
        product: u64,
        change: impl FnOnce(&mut Product) + Send,
    ) -> Result<(), CounterError> {
        self.edit(product, |product, _| change(product)).await
    }

    /// The merchant takes a picture away.
    ///
    /// # Errors
    /// [`CounterError::UnknownProduct`].
    pub async fn remove_image(&self, product: u64, image: u64) -> Result<(), CounterError> {
        self.edit(product, |product, _| product.images.retain(|known| known.id != image)).await
    }

    /// The merchant defines a metafield of products.
    pub fn define_metafield(&self, namespace: &str, key: &str, kind: &str) {
        let mut state = locked(&self.core.state);
        let id = state.ids.next();
        state.definitions.push(Definition {
            id,
            owner: "PRODUCT".to_owned(),
            namespace: namespace.to_owned(),
            key: key.to_owned(),
            kind: kind.to_owned(),
        });
    }

    /// The merchant gives what carries a SKU a barcode.
    ///
    /// # Errors
    /// [`CounterError::UnknownSku`].
    pub async fn set_barcode(&self, sku: &str, barcode: &str) -> Result<(), CounterError> {
        let product = self.read(|state| state.catalogue.by_sku(sku).map(|(product, _)| product.id));
        let product = product.ok_or_else(|| CounterError::UnknownSku(sku.to_owned()))?;
        self.edit(product, |product, _| {
            for variant in product.variants.iter_mut().filter(|variant| variant.sku.as_deref() == Some(sku)) {
                variant.barcode = Some(barcode.to_owned());
            }
        })
        .await
    }

    /// The merchant adds a picture.
    ///
    /// # Errors
    /// [`CounterError::UnknownProduct`].
    pub async fn add_image(&self, product: u64, source: &str) -> Result<(), CounterError> {
        self.edit(product, |product, id| {
            product.images.push(Image { id, source: source.to_owned(), alt: None });
        })
        .await
    }

    /// The merchant deletes a product.
    ///
    /// # Errors
    /// [`CounterError::UnknownProduct`].
    pub async fn delete_product(&self, product: u64) -> Result<(), CounterError> {
        self.act(|state| {
            let items = state.catalogue.remove(product).ok_or(CounterError::UnknownProduct(product))?;
            for item in items {
                state.stock.forget(item);
            }
            state.notify("products/delete", product_deleted_body(product));
            Ok(())
        })
        .await
    }

    /// The merchant counts a shelf by hand and corrects what can be sold.
    ///
    /// # Errors
    /// [`CounterError::UnknownSku`] or [`CounterError::UnknownLocation`].
    pub async fn correct_stock(&self, sku: &str, location: &str, available: i64) -> Result<(), CounterError> {
        self.act(|state| {
            let item = state.catalogue.by_sku(sku).map(|(_, variant)| variant.inventory_item);
            let item = item.ok_or_else(|| CounterError::UnknownSku(sku.to_owned()))?;
            let place = state.locations.iter().find(|place| place.name == location).map(|place| place.id);
            let place = place.ok_or_else(|| CounterError::UnknownLocation(location.to_owned()))?;
            let now = state.now();
            if state.stock.set(item, place, super::stock::Figure::Available, available, now) {
                state.notify_level(item, place);
            }
            Ok(())
        })
        .await
    }

    async fn edit(&self, id: u64, change: impl FnOnce(&mut Product, u64) + Send) -> Result<(), CounterError> {
        self.act(|state| {
            let mut product = state.catalogue.product(id).cloned().ok_or(CounterError::UnknownProduct(id))?;
            change(&mut product, state.ids.next());
            product.updated_at = state.now();
            for item in state.catalogue.put(product) {
                state.stock.forget(item);
            }
            state.notify_product("products/update", id);
            Ok(())
        })
        .await
    }
}

fn single_variant(state: &mut State, sku: &str, price: Money, now: Timestamp) -> Product {
    let variant = Variant {
        id: state.ids.next(),
        inventory_item: state.ids.next(),
        sku: Some(sku.to_owned()),
        barcode: None,
        price: minor(price),
        compare_at: None,
        options: vec![("Title".to_owned(), "Default Title".to_owned())],
        tracked: true,
        created_at: now,
        updated_at: now,
    };
    Product {
        id: state.ids.next(),
        title: format!("Article {sku}"),
        description: None,
        handle: sku.to_lowercase(),
        vendor: String::new(),
        product_type: String::new(),
        status: "ACTIVE".to_owned(),
        options: vec![ProductOption { id: state.ids.next(), name: "Title".to_owned() }],
        variants: vec![variant],
        images: Vec::new(),
        metafields: Vec::new(),
        collections: std::collections::BTreeSet::new(),
        published_on: state.publications.iter().map(|place| place.id).collect(),
        created_at: now,
        updated_at: now,
    }
}
