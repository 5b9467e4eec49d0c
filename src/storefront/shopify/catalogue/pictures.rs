//! Pictures as files of the shop: fetched once per content, attached to products beside the shop's own (F-296).
//!
//! What comes in: addresses of the office's pictures. What goes out: ids of files. A file is named after its content, and a
//! file of that name is replaced by the same content: repeating is safe. One whose address does not end like a picture's
//! cannot be named; repeating makes a second file that nobody refers to.

use sha2::{Digest, Sha256};

use super::{MOST_ENTRIES, no_payload};
use crate::domain::CallError;
use crate::storefront::shopify::Shopify;
use crate::storefront::shopify::graphql::{
    CreateFiles, ReadFiles, ReadMedia, ReferFiles, create_files, gid, read_files, read_media, refer_files,
};
use crate::storefront::shopify::refusal::{gone, refused, user_errors};
use crate::storefront::{FileState, Picture};

/// Endings of files a shop takes as pictures.
const ENDINGS: [&str; 6] = ["jpg", "jpeg", "png", "gif", "webp", "heic"];
/// Files and media read at once.
const PAGE: usize = 100;

impl Shopify {
    pub(in crate::storefront::shopify) async fn create_files(
        &self,
        pictures: &[Picture],
    ) -> Result<Vec<String>, CallError> {
        let mut ids = Vec::with_capacity(pictures.len());
        for pictures in pictures.chunks(MOST_ENTRIES) {
            let variables = create_files::Variables { files: pictures.iter().map(file).collect() };
            let payload = self.client.call::<CreateFiles>(variables).await?.file_create.ok_or_else(no_payload)?;
            refused("pictures", &user_errors!(payload.user_errors))?;
            let made = payload.files.unwrap_or_default();
            if made.len() != pictures.len() {
                let what = format!("{} pictures were sent, {} files made", pictures.len(), made.len());
                return Err(CallError::Conflict(what));
            }
            ids.extend(made.into_iter().map(|file| file.id));
        }
        Ok(ids)
    }

    pub(in crate::storefront::shopify) async fn read_files(&self, ids: &[String]) -> Result<Vec<FileState>, CallError> {
        let mut states = Vec::with_capacity(ids.len());
        for files in ids.chunks(PAGE) {
            let nodes = self.client.call::<ReadFiles>(read_files::Variables { files: files.to_vec() }).await?.nodes;
            states.extend(nodes.into_iter().map(state));
        }
        states.resize(ids.len(), FileState::Gone);
        Ok(states)
    }

    /// Attaches files to a product and takes others off it; the product's other media are not touched.
    pub(in crate::storefront::shopify) async fn refer_files(
        &self,
        product: &str,
        add: &[String],
        remove: &[String],
    ) -> Result<(), CallError> {
        let product = gid("Product", product);
        // A file the shop has taken off by itself need not be, and cannot be, taken off again.
        let there = if remove.is_empty() { Vec::new() } else { self.media_of(&product).await? };
        let added = add.iter().map(|id| (id, Some(vec![product.clone()]), None));
        let removed = remove.iter().filter(|id| there.contains(id)).map(|id| (id, None, Some(vec![product.clone()])));
        let files: Vec<_> = added
            .chain(removed)
            .map(|(id, references_to_add, references_to_remove)| refer_files::FileUpdateInput {
                id: id.clone(),
                references_to_add,
                references_to_remove,
            })
            .collect();
        for files in files.chunks(PAGE) {
            let variables = refer_files::Variables { files: files.to_vec() };
            let payload = self.client.call::<ReferFiles>(variables).await?.file_update.ok_or_else(no_payload)?;
            let errors = user_errors!(payload.user_errors);
            if errors.iter().any(|error| error.is(&["NON_READY_STATE", "FILE_LOCKED"])) {
                return Err(CallError::Conflict("a picture is still being worked on".into()));
            }
            refused(&format!("pictures of product {product}"), &errors)?;
        }
        Ok(())
    }

    async fn media_of(&self, product: &str) -> Result<Vec<String>, CallError> {
        let (mut ids, mut after) = (Vec::new(), None);
        loop {
            let first = i64::try_from(PAGE).unwrap_or(100);
            let variables = read_media::Variables { product: product.to_owned(), first, after };
            let found = self.client.call::<ReadMedia>(variables).await?.product;
            let page = found.ok_or_else(|| gone("a product", product))?.media;
            ids.extend(page.nodes.into_iter().map(|media| media.id));
            after = page.page_info.end_cursor.filter(|_| page.page_info.has_next_page);
            if after.is_none() {
                return Ok(ids);
            }
        }
    }
}

fn file(picture: &Picture) -> create_files::FileCreateInput {
    let name = file_name(&picture.identity, &picture.url);
    create_files::FileCreateInput {
        alt: picture.alt.clone(),
        content_type: Some(create_files::FileContentType::IMAGE),
        duplicate_resolution_mode: name
            .is_some()
            .then_some(create_files::FileCreateInputDuplicateResolutionMode::REPLACE),
        filename: name,
        original_source: picture.url.clone(),
    }
}

/// A name that tells the content; its ending must be the address's.
pub fn file_name(identity: &str, url: &str) -> Option<String> {
    let path = url.split(['?', '#']).next()?;
    let (_, ending) = path.rsplit('/').next()?.rsplit_once('.')?;
    let ending = ENDINGS.iter().find(|known| known.eq_ignore_ascii_case(ending))?;
    let digest = Sha256::digest(identity.as_bytes());
    let digest = uuid::Builder::from_slice(&digest[..16]).ok()?.into_uuid().simple().to_string();
    Some(format!("tillbridge-{digest}.{ending}"))
}

fn state(node: Option<read_files::ReadFilesNodes>) -> FileState {
    let Some(read_files::ReadFilesNodes::MediaImage(file)) = node else { return FileState::Gone };
    match file.file_status {
        read_files::FileStatus::READY => FileState::Ready,
        read_files::FileStatus::FAILED => {
            let said = file.file_errors.into_iter().map(|error| error.message).collect::<Vec<_>>().join("; ");
            FileState::Failed(super::super::client::words(&said))
        }
        _ => FileState::Pending,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(identity: &str, url: &str) -> Option<String> {
        file_name(identity, url)
    }

    #[test]
    fn a_file_is_named_after_its_content_and_ends_like_its_address() {
        let one = named("sha256:1", "https://images.example/a.JPG?v=2").unwrap();
        assert!(one.starts_with("tillbridge-"), "{one}");
        assert_eq!(one.rsplit_once('.').map(|(_, ending)| ending), Some("jpg"));
        assert_eq!(named("sha256:1", "https://images.example/moved.jpg").as_ref(), Some(&one));
        assert_ne!(named("sha256:2", "https://images.example/a.JPG"), Some(one));
        assert_eq!(named("x", "https://images.example/picture?id=7"), None);
    }
}
