//! Many new products at once, by bulk operation: one file of lines that the shop works through by itself, outside its rate
//! limit.
//!
//! What comes in: products the shop does not have yet. What goes out: the number of an operation, how far it is, and in the end
//! the ids of what was written. Each line finds its product by the office's key, so handing over the same again is safe. The
//! access token never travels to where files are kept.
//! Next in the flow: `handlers::product` keeps the number and asks again.

use std::collections::HashMap;
use std::fmt::Write as _;

use futures::StreamExt as _;
use reqwest::Url;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::Shopify;
use super::catalogue::{Owner, STYLE_KEY, inputs};
use super::client::{Operation, drop_nulls};
use super::graphql::{
    BulkProducts, BulkPublish, ReadBulk, RunBulk, StageUpload, bulk_products, bulk_publish, publish, read_bulk,
    run_bulk, set_product, stage_upload,
};
use super::refusal::{code, refused, user_errors};
use crate::domain::{CallError, Sku, StyleCode};
use crate::storefront::{BulkProduct, BulkState, ProductLink, ProductWish, VariantLink};

/// The largest file handed over or fetched; Shopify takes 100 MB.
const MOST_BYTES: usize = 64 << 20;
/// The most variants of a product whose ids the result shows; larger ones are written one by one.
pub const MOST_VARIANTS: usize = 250;
/// How long to wait when the shop is working on as many operations as it allows.
const WAIT_FOR_ROOM: std::time::Duration = std::time::Duration::from_secs(10);

/// One line of a result.
#[derive(serde::Deserialize)]
struct Line<T> {
    data: Option<T>,
}

impl Shopify {
    pub(super) async fn begin_products(&self, wishes: &[ProductWish<'_>]) -> Result<String, CallError> {
        self.ensure_key(Owner::Product, STYLE_KEY, "Point-of-sale style").await?;
        let mut lines = String::new();
        for wish in wishes {
            inputs::check(wish.product)?;
            let fields = self.wanted_metafields(wish).await?;
            let key = set_product::UniqueMetafieldValueInput {
                namespace: Some(self.key_namespace.clone()),
                key: STYLE_KEY.into(),
                value: wish.product.style.to_string(),
            };
            let line = json!({
                "identifier": set_product::ProductSetIdentifiers::CustomId(key),
                "input": inputs::new_product_with_addresses(&self.key_namespace, wish, &fields),
                "namespace": self.key_namespace,
                "key": STYLE_KEY,
            });
            add_line(&mut lines, line)?;
        }
        self.begin::<BulkProducts>(bulk_products::QUERY, lines).await
    }

    pub(super) async fn begin_publishing(&self, products: &[String]) -> Result<String, CallError> {
        let publications = self.publications().await?;
        let publications: Vec<publish::PublicationInput> =
            publications.iter().map(|id| publish::PublicationInput { publication_id: Some(id.clone()) }).collect();
        let mut lines = String::new();
        for product in products {
            add_line(&mut lines, json!({ "product": product, "publications": publications }))?;
        }
        self.begin::<BulkPublish>(bulk_publish::QUERY, lines).await
    }

    /// Hands a file of lines over and starts the operation.
    async fn begin<O: Operation>(&self, mutation: &str, lines: String) -> Result<String, CallError> {
        let file = stage_upload::StagedUploadInput {
            resource: stage_upload::StagedUploadTargetGenerateUploadResource::BULK_MUTATION_VARIABLES,
            filename: "lines.jsonl".into(),
            mime_type: "text/jsonl".into(),
            http_method: Some(stage_upload::StagedUploadHttpMethodType::POST),
        };
        let answer = self.client.call::<StageUpload>(stage_upload::Variables { input: vec![file] }).await?;
        let payload = answer.staged_uploads_create.ok_or_else(no_payload)?;
        refused("a file of products", &user_errors!(plain payload.user_errors))?;
        let target = payload.staged_targets.unwrap_or_default().into_iter().next().ok_or_else(no_payload)?;
        let path = target.parameters.iter().find(|one| one.name == "key").map(|one| one.value.clone());
        let (path, url) = path.zip(target.url).ok_or_else(no_payload)?;
        let parameters: Vec<(String, String)> =
            target.parameters.into_iter().map(|one| (one.name, one.value)).collect();
        self.upload(&url, &parameters, lines).await?;
        let variables = run_bulk::Variables { mutation: mutation.to_owned(), path };
        let payload = self.client.call::<RunBulk>(variables).await?.bulk_operation_run_mutation;
        let payload = payload.ok_or_else(no_payload)?;
        let errors = user_errors!(payload.user_errors);
        if errors.iter().any(|error| error.is(&["LIMIT_REACHED", "OPERATION_IN_PROGRESS"])) {
            let reason = "the shop is working on as many bulk operations as it allows".to_owned();
            return Err(CallError::Throttled { wait: WAIT_FOR_ROOM, reason });
        }
        refused(&format!("the bulk operation {}", O::NAME), &errors)?;
        payload.bulk_operation.map(|operation| operation.id).ok_or_else(no_payload)
    }

    /// Sends a file as a form, every parameter before it, as the place that keeps it wants it.
    async fn upload(&self, url: &str, parameters: &[(String, String)], lines: String) -> Result<(), CallError> {
        let boundary = format!("tillbridge-{}", uuid::Uuid::new_v4().simple());
        let mut body = String::with_capacity(lines.len() + 4096);
        for (name, value) in parameters {
            let _ = write!(body, "--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
        }
        let _ = write!(
            body,
            "--{boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"lines.jsonl\"\r\n\
             Content-Type: text/jsonl\r\n\r\n{lines}\r\n--{boundary}--\r\n"
        );
        let request = self
            .files
            .post(safe(url)?)
            .header(reqwest::header::CONTENT_TYPE, format!("multipart/form-data; boundary={boundary}"));
        let response = request.body(body).send().await.map_err(|_| unreachable_files())?;
        match response.status().as_u16() {
            200..=299 => Ok(()),
            400..=499 => {
                Err(CallError::Rejected(format!("the shop's storage refused a file ({})", response.status().as_u16())))
            }
            _ => Err(unreachable_files()),
        }
    }

    pub(super) async fn bulk_stands(&self, operation: &str) -> Result<BulkState, CallError> {
        use read_bulk::BulkOperationStatus as Status;
        let variables = read_bulk::Variables { operation: operation.to_owned() };
        let Some(found) = self.client.call::<ReadBulk>(variables).await?.bulk_operation else {
            return Ok(BulkState::Ended { address: None, failure: Some("nobody knows it any more".into()) });
        };
        let written = found.root_object_count.parse().unwrap_or(0);
        Ok(match found.status {
            Status::COMPLETED => BulkState::Ended { address: found.url, failure: None },
            Status::FAILED | Status::CANCELED | Status::EXPIRED => {
                let why = code(found.error_code).or_else(|| code(Some(found.status)));
                BulkState::Ended { address: found.partial_data_url, failure: why }
            }
            _ => BulkState::Running { written },
        })
    }

    pub(super) async fn products_of(&self, address: &str) -> Result<Vec<BulkProduct>, CallError> {
        let lines: Vec<bulk_products::ResponseData> = self.result(address).await?;
        Ok(lines.into_iter().filter_map(written).collect())
    }

    /// The media of each product that was shown, in order.
    pub(super) async fn media_shown(&self, address: &str) -> Result<HashMap<String, Vec<String>>, CallError> {
        use bulk_publish::BulkPublishPublishablePublishPublishable as Shown;
        let lines: Vec<bulk_publish::ResponseData> = self.result(address).await?;
        let product = |line: bulk_publish::ResponseData| {
            let payload = line.publishable_publish.filter(|payload| payload.user_errors.is_empty())?;
            match payload.publishable? {
                Shown::Product(product) => {
                    Some((product.id, product.media.nodes.into_iter().map(|media| media.id).collect()))
                }
                Shown::Collection => None,
            }
        };
        Ok(lines.into_iter().filter_map(product).collect())
    }

    /// Fetches a result; lines that failed as a whole are left out.
    async fn result<T: DeserializeOwned>(&self, address: &str) -> Result<Vec<T>, CallError> {
        let response = self.files.get(safe(address)?).send().await.map_err(|_| unreachable_files())?;
        if !response.status().is_success() {
            return Err(unreachable_files());
        }
        let mut bytes = Vec::new();
        let mut chunks = response.bytes_stream();
        while let Some(chunk) = chunks.next().await {
            let chunk = chunk.map_err(|_| unreachable_files())?;
            if bytes.len() + chunk.len() > MOST_BYTES {
                return Err(CallError::Rejected(format!("a bulk result is longer than {MOST_BYTES} bytes")));
            }
            bytes.extend_from_slice(&chunk);
        }
        let lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        Ok(lines.filter_map(|line| serde_json::from_slice::<Line<T>>(line).ok()?.data).collect())
    }
}

/// What a line says of a product that was written without objection.
fn written(line: bulk_products::ResponseData) -> Option<BulkProduct> {
    let payload = line.product_set.filter(|payload| payload.user_errors.is_empty())?;
    let product = payload.product?;
    let style = StyleCode::parse(product.metafield?.value).ok()?;
    let variants = product.variants.nodes.into_iter().filter_map(|variant| {
        let sku = Sku::parse(variant.sku?).ok()?;
        Some(VariantLink { sku, variant: variant.id, stock_item: variant.inventory_item.id })
    });
    Some(BulkProduct { style, link: ProductLink { product: product.id, variants: variants.collect() } })
}

fn add_line(lines: &mut String, mut line: Value) -> Result<(), CallError> {
    drop_nulls(&mut line, &[]);
    let _ = writeln!(lines, "{line}");
    if lines.len() > MOST_BYTES {
        return Err(CallError::Rejected(format!("a bulk operation of more than {MOST_BYTES} bytes")));
    }
    Ok(())
}

/// Addresses come from the shop; like its own they are https, or on this machine.
fn safe(address: &str) -> Result<Url, CallError> {
    let refused = || CallError::Rejected("the shop named a place for files that is not https".into());
    let url = Url::parse(address).map_err(|_| refused())?;
    let here = matches!(url.host_str(), Some("127.0.0.1" | "localhost" | "[::1]"));
    if url.scheme() == "https" || (url.scheme() == "http" && here) { Ok(url) } else { Err(refused()) }
}

fn unreachable_files() -> CallError {
    CallError::Transient("the place where the shop keeps files does not answer".into())
}

fn no_payload() -> CallError {
    CallError::Transient("the shop answered a bulk operation with nothing".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_go_to_https_or_stay_on_this_machine() {
        for good in ["https://storage.test/tmp", "http://127.0.0.1:9/staged"] {
            assert!(safe(good).is_ok(), "{good}");
        }
        for bad in
            ["http://storage.test/tmp", "ftp://127.0.0.1/", "file:///etc/passwd", "x", "http://127.0.0.1.evil.test/"]
        {
            assert!(safe(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_line_with_errors_or_without_its_key_is_no_product() {
        let line = |errors: Value, key: Value| {
            let product = json!({ "id": "p", "metafield": key, "variants": { "nodes": [
                { "id": "v", "sku": "TEE-S", "inventoryItem": { "id": "i" } }] } });
            let data = json!({ "productSet": { "product": product, "userErrors": errors } });
            written(serde_json::from_value(data).unwrap())
        };
        let whole = line(json!([]), json!({ "value": "TEE" })).unwrap();
        assert_eq!((whole.style.as_str(), whole.link.variants.len()), ("TEE", 1));
        let error = json!([{ "code": "INVALID_INPUT", "field": [], "message": "no" }]);
        assert_eq!(line(error, json!({ "value": "TEE" })), None);
        assert_eq!(line(json!([]), Value::Null), None);
    }
}
