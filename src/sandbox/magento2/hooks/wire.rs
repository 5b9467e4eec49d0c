//! What goes over the wire in each way: headers and bytes.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Map, Value, json};
use sha2::Sha256;
use uuid::Uuid;

use super::super::state::{Kind, Notice, State};
use super::keys;
use super::subscriptions::HookWay;

/// What is sent, without its address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Letter {
    pub headers: Vec<(&'static str, String)>,
    /// A header whose name the merchant chose.
    pub own_header: Option<(String, String)>,
    pub body: Vec<u8>,
}

impl State {
    /// The document as the REST API prints it at this moment.
    fn document(&self, kind: Kind, id: u64) -> Option<Value> {
        match kind {
            Kind::Order => self.orders.get(&id).map(|order| self.order_body(order)),
            Kind::Invoice => self.invoices.get(&id).and_then(|invoice| self.invoice_body(invoice)),
            Kind::Memo => self.memos.get(&id).and_then(|memo| self.memo_body(memo)),
            Kind::Shipment => self.shipments.get(&id).and_then(|shipment| self.shipment_body(shipment)),
            Kind::Customer => self.customers.get(&id).map(|customer| self.customer_body(customer)),
            Kind::Product => {
                self.catalogue.products.get(&id).map(|product| self.product_body(product, self.default_store()))
            }
            _ => None,
        }
    }

    /// Writes the letter a way would send; `None` where that way has nothing to say of it.
    pub(super) fn letter(&self, notice: &Notice, way: &HookWay, event_id: Uuid) -> Option<Letter> {
        let document = self.document(notice.kind, notice.id)?;
        match way {
            HookWay::AsyncEvents { token } => {
                let body = json!({ "data": document }).to_string().into_bytes();
                let signature = hex_hmac(token, &body);
                Some(Letter { headers: vec![("x-magento-signature", signature)], own_header: None, body })
            }
            HookWay::IoEvents { client_id } => {
                let code = format!("com.adobe.commerce.{}", observed(notice.event)?);
                let body = json!({
                    "event_id": event_id.to_string(), "recipient_client_id": client_id,
                    "event": { "data": {
                        "value": as_columns(&document),
                        "source": "sandbox.default.production",
                        "_metadata": { "commerceEdition": "Adobe Commerce", "commerceVersion": "2.4.8", "storeId": "1", "websiteId": "1", "storeGroupId": "1" },
                    } },
                });
                let body = body.to_string().into_bytes();
                let headers = vec![
                    ("x-adobe-event-id", event_id.to_string()),
                    ("x-adobe-event-code", code),
                    ("x-adobe-provider", "dx_commerce_events".to_owned()),
                    ("x-adobe-delivery-id", Uuid::new_v4().to_string()),
                    ("x-adobe-digital-signature-1", keys::signed(0, &body)?),
                    ("x-adobe-digital-signature-2", keys::signed(1, &body)?),
                    ("x-adobe-public-key1-path", keys::path_of(0)),
                    ("x-adobe-public-key2-path", keys::path_of(1)),
                ];
                Some(Letter { headers, own_header: None, body })
            }
            HookWay::CommerceWebhooks => {
                let name = observed(notice.event)?;
                let body = json!({ "eventName": name, "data": as_columns(&document) }).to_string().into_bytes();
                // The message that is signed is the body in base64, not the body.
                let signature = keys::signed(0, STANDARD.encode(&body).as_bytes())?;
                Some(Letter {
                    headers: vec![("x-adobe-commerce-webhook-signature", signature)],
                    own_header: None,
                    body,
                })
            }
            HookWay::Template { header, secret } => {
                let name = templated(notice.event)?;
                let mut body = json!({ "event": name, "entity_id": notice.id });
                for field in ["order_id", "increment_id"] {
                    if let Some(value) = document.get(field) {
                        body[field] = value.clone();
                    }
                }
                let own_header = Some((header.clone(), secret.clone()));
                Some(Letter { headers: Vec::new(), own_header, body: body.to_string().into_bytes() })
            }
        }
    }
}

/// The observer's event behind an event.
fn observed(event: &str) -> Option<&'static str> {
    Some(match event {
        "sales.order.created" | "sales.order.updated" => "observer.sales_order_save_commit_after",
        "sales.invoice.created" | "sales.invoice.paid" => "observer.sales_order_invoice_save_commit_after",
        "sales.creditmemo.created" => "observer.sales_order_creditmemo_save_commit_after",
        "sales.shipment.created" => "observer.sales_order_shipment_save_commit_after",
        "customer.created" | "customer.updated" => "observer.customer_save_commit_after",
        "catalog.product.created" | "catalog.product.updated" => "observer.catalog_product_save_commit_after",
        _ => return None,
    })
}

/// The name a merchant's template has for an event.
fn templated(event: &str) -> Option<&'static str> {
    Some(match event {
        "sales.order.created" | "sales.order.updated" => "order",
        "sales.invoice.created" | "sales.invoice.paid" => "invoice",
        "sales.creditmemo.created" => "creditmemo",
        "sales.shipment.created" => "shipment",
        "customer.created" | "customer.updated" => "customer",
        _ => return None,
    })
}

/// A document's own columns as a database hands them out: mostly as texts.
fn as_columns(document: &Value) -> Value {
    let mut columns = Map::new();
    for (name, value) in document.as_object().into_iter().flatten() {
        match value {
            Value::Number(number) if name == "state" => drop(columns.insert(name.clone(), number.clone().into())),
            Value::Number(number) => drop(columns.insert(name.clone(), number.to_string().into())),
            Value::String(text) => drop(columns.insert(name.clone(), text.clone().into())),
            _ => {}
        }
    }
    Value::Object(columns)
}

/// HMAC-SHA256 over the raw bytes, in lower-case hexadecimal.
fn hex_hmac(token: &str, body: &[u8]) -> String {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(token.as_bytes()) else { return String::new() };
    mac.update(body);
    mac.finalize().into_bytes().iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"))
}

#[cfg(test)]
mod tests {
    use super::hex_hmac;

    #[test]
    fn the_signature_is_that_of_a_vector_made_by_another_implementation() {
        let expected = "ff99ec10d664f459f48b92f45e57e1f6a5224e8ccc3a2f7a5509f4d5de672655";
        assert_eq!(hex_hmac("verification-token-example", br#"{"data":{"entity_id":3}}"#), expected);
    }
}
