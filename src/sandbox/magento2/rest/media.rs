//! `/V1/products/{sku}/media`: every picture that is sent becomes one more file.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::super::bodies::media_body;
use super::super::catalogue::Media;
use super::super::request::{self, Refusal, Reply, Request};
use super::super::state::{Kind, State};
use super::number;

pub(super) fn call(state: &mut State, request: &Request, path: &[&str]) -> Reply {
    match (request.method.as_str(), path) {
        ("GET", ["products", sku, "media"]) => {
            let product = state.catalogue.by_sku(sku).ok_or_else(Refusal::no_product)?;
            Ok(product.media.iter().map(media_body).collect())
        }
        ("GET", ["products", sku, "media", id]) => {
            let id = number(id)?;
            let product = state.catalogue.by_sku(sku).ok_or_else(Refusal::no_product)?;
            product.media.iter().find(|media| media.id == id).map(media_body).ok_or_else(Refusal::missing)
        }
        ("POST", ["products", sku, "media"]) => {
            let entry = request::needed(&request.body, "entry")?;
            let (file, hash) = content(request::needed(entry, "content")?)?;
            let id = state.next(Kind::Media);
            let product = state.catalogue.by_sku_mut(sku).ok_or_else(Refusal::no_product)?;
            let mut media = Media {
                id,
                label: None,
                position: i64::try_from(product.media.len()).unwrap_or(0) + 1,
                disabled: false,
                types: Vec::new(),
                file: format!("/t/b/{id}_{file}"),
                hash,
            };
            take_fields(&mut media, entry)?;
            give_roles(&mut product.media, &media);
            product.media.push(media);
            state.wrote("picture", *sku);
            Ok(id.to_string().into())
        }
        ("PUT", ["products", sku, "media", id]) => {
            let entry = request::needed(&request.body, "entry")?;
            let replaced = request::field(entry, "content").map(content).transpose()?;
            let (id, new_id) = (number(id)?, state.peek(Kind::Media));
            let product = state.catalogue.by_sku_mut(sku).ok_or_else(Refusal::no_product)?;
            let at = product.media.iter().position(|media| media.id == id).ok_or_else(Refusal::missing)?;
            let mut media = product.media.remove(at);
            take_fields(&mut media, entry)?;
            let with_content = replaced.is_some();
            if let Some((file, hash)) = replaced {
                // A new content makes a new entry, which the answer does not say.
                (media.id, media.file, media.hash) = (new_id, format!("/t/b/{new_id}_{file}"), hash);
            }
            give_roles(&mut product.media, &media);
            product.media.insert(at, media);
            if with_content {
                state.next(Kind::Media);
            }
            state.wrote("picture", *sku);
            Ok(true.into())
        }
        ("DELETE", ["products", sku, "media", id]) => {
            let id = number(id)?;
            let product = state.catalogue.by_sku_mut(sku).ok_or_else(Refusal::no_product)?;
            let at = product.media.iter().position(|media| media.id == id).ok_or_else(Refusal::missing)?;
            product.media.remove(at);
            state.wrote("picture removed", *sku);
            Ok(true.into())
        }
        _ => Err(Refusal::no_route()),
    }
}

/// The file's name and the hash of what is in it.
fn content(content: &Value) -> Result<(String, String), Refusal> {
    let name = request::needed_text(content, "name")?;
    let kind = request::needed_text(content, "type")?;
    let data = request::needed_text(content, "base64_encoded_data")?;
    let bytes =
        STANDARD.decode(data).map_err(|_| Refusal::bad("The image content must be valid base64 encoded data."))?;
    if !matches!(kind.as_str(), "image/jpeg" | "image/png" | "image/gif") || !is_picture(&bytes) {
        return Err(Refusal::bad("The image MIME type is not valid or not supported."));
    }
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let extension = name.rsplit_once('.').map(|(_, extension)| extension).unwrap_or_default();
    if !name.chars().all(is_plain) || extension.chars().any(|c| c.is_ascii_uppercase()) {
        return Err(Refusal::bad("Provided image name contains forbidden characters."));
    }
    Ok((name, Sha256::digest(&bytes).iter().fold(String::new(), |hash, byte| format!("{hash}{byte:02x}"))))
}

fn is_picture(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\x89PNG") || bytes.starts_with(b"\xff\xd8\xff") || bytes.starts_with(b"GIF8")
}

fn take_fields(media: &mut Media, entry: &Value) -> Result<(), Refusal> {
    media.label = request::text(entry, "label")?.or(media.label.take());
    if let Some(position) = request::int(entry, "position")? {
        media.position = position;
    }
    if let Some(disabled) = request::flag(entry, "disabled")? {
        media.disabled = disabled;
    }
    if entry.get("types").is_some() {
        let types = request::list(entry, "types")?.iter().filter_map(Value::as_str);
        media.types = types.map(str::to_owned).collect();
    }
    Ok(())
}

/// A role belongs to one picture; whoever has it last keeps it.
fn give_roles(others: &mut [Media], media: &Media) {
    for other in others {
        other.types.retain(|role| !media.types.contains(role));
    }
}
