//! What people in the shop do by hand: put things on the shelf, take orders, money and parcels, register customers.
//!
//! Everything here is the shop's own doing, not the API's; it raises notices and is not counted among
//! [`MagentoSandbox::writes`].

use serde_json::{Value, json};

use super::catalogue::EVERYWHERE;
use super::figures::Minor;
use super::orders::Comment;
use super::plans::{CreditPlan, OrderPlan};
use super::request::{Refusal, Scope};
use super::state::{Kind, State};
use super::stock::Level;
use super::{MagentoSandbox, Refused};

impl MagentoSandbox {
    /// Puts a simple product up for sale with pieces at a source. For tests that need goods but no office.
    ///
    /// # Errors
    /// [`Refused`] when the shop does not take it.
    pub async fn put_up_for_sale(&self, sku: &str, price: Minor, pieces: i64) -> Result<u64, Refused> {
        self.act(|state| {
            let price = rust_decimal::Decimal::new(price, state.options.currency.decimals());
            let wish = json!({
                "sku": sku, "name": format!("{sku} by hand"), "attribute_set_id": 4, "price": price.to_string(),
                "type_id": "simple", "weight": 1,
                "custom_attributes": [{ "attribute_code": "url_key", "value": super::saving::slug(sku) }],
            });
            let id = state.save_product(sku, &wish, &Scope::All)?;
            let source = state.stock.sold_from[0].clone();
            state.stock.set(sku, &source, Level { pieces, status: 1 });
            Ok(id)
        })
        .await
    }

    /// Saves a product with further fields, as the REST API names them.
    ///
    /// # Errors
    /// [`Refused`] when the shop does not take it.
    pub async fn save_product(&self, sku: &str, wish: &Value) -> Result<u64, Refused> {
        self.act(|state| state.save_product(sku, wish, &Scope::All)).await
    }

    /// Writes a value of an attribute by hand, in a store view or everywhere (0).
    ///
    /// # Errors
    /// [`Refused`] when there is no such product.
    pub async fn set_value(&self, sku: &str, store: u64, attribute: &str, value: Value) -> Result<(), Refused> {
        self.act(|state| {
            let at = state.now();
            let product = state.catalogue.by_sku_mut(sku).ok_or_else(Refusal::no_product)?;
            product.values.entry(store).or_default().insert(attribute.to_owned(), value);
            product.updated_at = at;
            let id = product.id;
            state.tell("catalog.product.updated", Kind::Product, id);
            Ok(())
        })
        .await
    }

    /// Counts a shelf by hand.
    ///
    /// # Errors
    /// [`Refused`] when there is no such product.
    pub async fn correct_stock(&self, sku: &str, source: &str, pieces: i64) -> Result<(), Refused> {
        self.act(|state| {
            state.catalogue.by_sku(sku).ok_or_else(Refusal::no_product)?;
            state.stock.set(sku, source, Level { pieces, status: 1 });
            Ok(())
        })
        .await
    }

    /// Adds an option to an attribute by hand. Answers its id.
    ///
    /// # Errors
    /// [`Refused`] when there is no such attribute.
    pub async fn add_option(&self, attribute: &str, label: &str) -> Result<u64, Refused> {
        self.act(|state| {
            let id = state.next(Kind::Option);
            let found = state.catalogue.attributes.get_mut(attribute).ok_or_else(Refusal::missing)?;
            found.options.push((id, label.to_owned(), 0));
            Ok(id)
        })
        .await
    }

    /// Deletes a product by hand.
    ///
    /// # Errors
    /// [`Refused`] when there is no such product.
    pub async fn delete_product(&self, sku: &str) -> Result<(), Refused> {
        self.act(|state| {
            let id = state.catalogue.by_sku(sku).ok_or_else(Refusal::no_product)?.id;
            state.catalogue.products.remove(&id);
            for product in state.catalogue.products.values_mut() {
                product.children.retain(|child| *child != id);
            }
            state.stock.forget(sku);
            Ok(())
        })
        .await
    }

    /// Labels and ids of an attribute's options.
    #[must_use]
    pub fn options_of(&self, attribute: &str) -> Vec<(u64, String)> {
        self.read(|state| {
            let options = state.catalogue.attributes.get(attribute).map(|attribute| attribute.options.clone());
            options.unwrap_or_default().into_iter().map(|(id, label, _)| (id, label)).collect()
        })
    }

    /// Somebody buys. Answers the order's number.
    ///
    /// # Errors
    /// [`Refused`] when something is not for sale or not there.
    pub async fn place_order(&self, plan: &OrderPlan) -> Result<u64, Refused> {
        self.act(|state| state.place(plan)).await
    }

    /// Invoices what is left of an order, paid. Answers the invoice's number.
    ///
    /// # Errors
    /// [`Refused`] when there is nothing to invoice.
    pub async fn invoice(&self, order: u64) -> Result<u64, Refused> {
        self.act(|state| state.invoice(order, None, false)).await
    }

    /// Invoices some pieces of some top lines, paid. Answers the invoice's number.
    ///
    /// # Errors
    /// [`Refused`] when fewer are left.
    pub async fn invoice_part(&self, order: u64, pieces: &[(usize, i64)]) -> Result<u64, Refused> {
        self.act(|state| {
            let wanted = state.meant(order, pieces)?;
            state.invoice(order, Some(wanted), false)
        })
        .await
    }

    /// Makes an invoice whose money has not come. Answers its number.
    ///
    /// # Errors
    /// [`Refused`] when there is nothing to invoice.
    pub async fn invoice_unpaid(&self, order: u64) -> Result<u64, Refused> {
        self.act(|state| state.invoice(order, None, true)).await
    }

    /// The money of an unpaid invoice comes.
    ///
    /// # Errors
    /// [`Refused`] when it is not open.
    pub async fn capture(&self, invoice: u64) -> Result<(), Refused> {
        self.act(|state| state.capture(invoice)).await
    }

    /// Ships what is left of an order from a source; from the only one without. Answers the shipment's number.
    ///
    /// # Errors
    /// [`Refused`] when there is nothing to ship or not enough there.
    pub async fn ship(&self, order: u64, source: Option<&str>) -> Result<u64, Refused> {
        self.act(|state| state.ship(order, None, source, Vec::new())).await
    }

    /// Ships some pieces of some top lines. Answers the shipment's number.
    ///
    /// # Errors
    /// [`Refused`] when fewer are left or not enough are there.
    pub async fn ship_part(&self, order: u64, source: Option<&str>, pieces: &[(usize, i64)]) -> Result<u64, Refused> {
        self.act(|state| {
            let wanted = state.meant(order, pieces)?;
            state.ship(order, Some(wanted), source, Vec::new())
        })
        .await
    }

    /// Gives back. Answers the credit memo's number.
    ///
    /// # Errors
    /// [`Refused`] when less was paid.
    pub async fn credit(&self, order: u64, plan: &CreditPlan) -> Result<u64, Refused> {
        self.act(|state| {
            let mut plan = plan.clone();
            for (line, pieces, _) in &mut plan.lines {
                *line = state.meant(order, &[(*line, *pieces)])?[0].0;
            }
            state.credit(order, &plan)
        })
        .await
    }

    /// Calls off what is neither invoiced nor shipped.
    ///
    /// # Errors
    /// [`Refused`] when nothing is.
    pub async fn cancel(&self, order: u64) -> Result<(), Refused> {
        self.act(|state| state.cancel(order)).await
    }

    /// Holds an order back, or lets it go on.
    ///
    /// # Errors
    /// [`Refused`] when it is not in a state for that.
    pub async fn hold(&self, order: u64, back: bool) -> Result<(), Refused> {
        self.act(|state| state.hold(order, back)).await
    }

    /// Remarks on an order, keeping its status.
    ///
    /// # Errors
    /// [`Refused`] when there is no such order.
    pub async fn remark(&self, order: u64, text: &str) -> Result<(), Refused> {
        self.act(|state| {
            let status = state.orders.get(&order).and_then(|order| order.status.clone());
            let at = state.now();
            state.remark(
                order,
                Comment { id: 0, text: Some(text.to_owned()), status, visible: false, notified: false, at },
            )
        })
        .await
    }

    /// Saves a document again without a change, which is told again, as modules do on every save.
    ///
    /// # Errors
    /// [`Refused`] when there is no such invoice.
    pub async fn save_invoice_again(&self, invoice: u64) -> Result<(), Refused> {
        self.act(|state| {
            let at = state.now();
            state.invoices.get_mut(&invoice).ok_or_else(Refusal::missing)?.updated_at = at;
            state.tell("sales.invoice.created", Kind::Invoice, invoice);
            Ok(())
        })
        .await
    }

    /// Somebody makes an account, or changes one; the fields are the REST API's. Answers its number.
    ///
    /// # Errors
    /// [`Refused`] when a field is missing or the e-mail address is somebody else's.
    pub async fn register(&self, id: Option<u64>, customer: &Value) -> Result<u64, Refused> {
        self.act(|state| state.write_customer(id, customer)).await
    }

    /// An account as the REST API prints it.
    #[must_use]
    pub fn customer(&self, id: u64) -> Option<Value> {
        self.read(|state| state.customers.get(&id).map(|customer| state.customer_body(customer)))
    }

    /// All accounts as the REST API prints them.
    #[must_use]
    pub fn customers(&self) -> Vec<Value> {
        self.read(|state| state.customers.values().map(|customer| state.customer_body(customer)).collect())
    }

    /// Deletes an account.
    ///
    /// # Errors
    /// [`Refused`] when there is none.
    pub async fn delete_customer(&self, id: u64) -> Result<(), Refused> {
        self.act(|state| state.delete_customer(id)).await
    }

    /// A product as the REST API prints it everywhere.
    #[must_use]
    pub fn product_body(&self, sku: &str) -> Option<Value> {
        self.read(|state: &State| state.catalogue.by_sku(sku).map(|product| state.product_body(product, EVERYWHERE)))
    }
}

impl State {
    /// Top lines by their place among the top lines, as indexes among all lines.
    fn meant(&self, order: u64, pieces: &[(usize, i64)]) -> Result<Vec<(usize, i64)>, Refusal> {
        let tops = self.orders.get(&order).ok_or_else(Refusal::missing)?.tops();
        let index = |(line, pieces): &(usize, i64)| Ok((*tops.get(*line).ok_or_else(Refusal::missing)?, *pieces));
        pieces.iter().map(index).collect()
    }
}
