//! Pictures on products: each content is put once, under a name that tells it, beside whatever the shop has put there (F-295).
//!
//! What comes in: the office's pictures that are new, and the ids of those it took away. What goes out: the ids that were given.
//! Magento adds a file with every call, so the gallery is read first and a picture that is there by its name is not sent again:
//! repeating is safe. The first picture of a product without any gets the roles shoppers see in lists. Bytes are fetched from
//! the office's address without the store's access, up to a length, and must be a picture by their own first bytes.

mod fetch;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::client::{Failure, Found as _, Repeat, Scope};
use super::wire::Id;
use super::{Magento2, repeatable};
use crate::domain::CallError;
use crate::storefront::{Picture, PicturesPut};
use fetch::Unfetched;

pub use fetch::client;

/// Where a shop shows the first picture of a product.
const ROLES: [&str; 3] = ["image", "small_image", "thumbnail"];

/// An entry of a gallery.
#[derive(Debug, Deserialize)]
struct Entry {
    id: Id,
    #[serde(default)]
    position: Option<i64>,
    #[serde(default)]
    types: Vec<String>,
    #[serde(default)]
    file: Option<String>,
}

#[derive(Serialize)]
struct Body<'a> {
    entry: Input<'a>,
}

#[derive(Serialize)]
struct Input<'a> {
    media_type: &'static str,
    label: &'a str,
    position: i64,
    disabled: bool,
    types: &'a [&'a str],
    content: Content,
}

#[derive(Serialize)]
struct Content {
    base64_encoded_data: String,
    #[serde(rename = "type")]
    kind: &'static str,
    name: String,
}

/// The name of the file of a content, without its extension: letters, digits and dashes alone.
fn stem(identity: &str) -> String {
    let digest = Sha256::digest(identity.as_bytes());
    let short = uuid::Builder::from_slice(&digest[..16]).map(uuid::Builder::into_uuid).unwrap_or_default();
    format!("pos-{}", short.simple())
}

impl Magento2 {
    pub(super) async fn put_on(&self, sku: &str, add: &[Picture], remove: &[String]) -> Result<PicturesPut, CallError> {
        let gallery: Option<Vec<Entry>> =
            self.client.get(Scope::All, &["products", sku, "media"], &[]).await.found()?;
        let mut gallery = gallery.ok_or_else(|| CallError::Unmapped {
            what: format!("product {sku} at the shop"),
            fix: "it was deleted there: let it come back by changing its style in the office".into(),
        })?;
        let mut put = PicturesPut::default();
        for picture in add {
            put.ids.push(match self.put_one(sku, picture, &mut gallery, &mut put.notes).await {
                Ok(id) => id.map(|id| id.to_string()),
                Err(error) => match error {
                    Unput::Later(why) => {
                        put.pending.get_or_insert(why);
                        None
                    }
                    Unput::Call(error) => return Err(error),
                },
            });
        }
        for id in remove {
            if gallery.iter().any(|entry| entry.id.to_string() == *id) {
                let gone: Result<serde_json::Value, Failure> =
                    self.client.delete(Scope::All, &["products", sku, "media", id]).await;
                gone.found()?;
            }
        }
        Ok(put)
    }

    async fn put_one(
        &self,
        sku: &str,
        picture: &Picture,
        gallery: &mut Vec<Entry>,
        notes: &mut Vec<String>,
    ) -> Result<Option<Id>, Unput> {
        let stem = stem(&picture.identity);
        let is_it = |entry: &&Entry| entry.file.as_deref().is_some_and(|file| file.contains(&stem));
        if let Some(there) = gallery.iter().find(is_it) {
            return Ok(Some(there.id));
        }
        let fetched = match fetch::fetch(&self.pictures, &picture.url).await {
            Ok(fetched) => fetched,
            Err(Unfetched::Later(why)) => return Err(Unput::Later(why)),
            Err(Unfetched::Never(why)) => {
                notes.push(format!("without picture {}: {why}", picture.url));
                return Ok(None);
            }
        };
        let is_first = !gallery.iter().any(|entry| entry.types.iter().any(|role| role == ROLES[0]));
        let types: &[&str] = if is_first { &ROLES } else { &[] };
        let name = format!("{stem}.{}", fetched.extension);
        let position = gallery.iter().filter_map(|entry| entry.position).max().unwrap_or(0) + 1;
        let body = Body {
            entry: Input {
                media_type: "image",
                label: picture.alt.as_deref().unwrap_or_default(),
                position,
                disabled: false,
                types,
                content: Content {
                    base64_encoded_data: STANDARD.encode(&fetched.bytes),
                    kind: fetched.kind,
                    name: name.clone(),
                },
            },
        };
        let path = ["products", sku, "media"];
        let made: Result<Id, Failure> = self.client.post(Scope::All, &path, &body, Repeat::LookFirst).await;
        let id = match made.map_err(|failure| repeatable(failure.into())) {
            Ok(id) => id,
            Err(CallError::Rejected(why)) => {
                notes.push(format!("without picture {}: {why}", picture.url));
                return Ok(None);
            }
            Err(error) => return Err(Unput::Call(error)),
        };
        let types = types.iter().map(|role| (*role).to_owned()).collect();
        gallery.push(Entry { id, position: Some(position), types, file: Some(name) });
        Ok(Some(id))
    }
}

/// Why a picture is not there.
enum Unput {
    /// It may be there later.
    Later(String),
    /// The store did not take it.
    Call(CallError),
}

#[cfg(test)]
mod tests {
    use super::stem;

    #[test]
    fn a_content_has_a_name_of_its_own_that_any_shop_takes() {
        let name = stem("https://pictures.example/a b.JPG?x=1");
        assert_eq!(name.len(), 36);
        assert!(name.bytes().all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == b'-'));
        assert_ne!(name, stem("https://pictures.example/b.jpg"));
    }
}
