//! A product's pictures: new contents are uploaded once and attached, those the office took away are taken off again, and
//! whatever the shop has made of the rest stays (F-296).
//!
//! What comes in: the office's pictures and the identities attached before. What goes out: what was attached, the links
//! content ↔ file, and what could not be fetched. A picture the shop has deleted is not put back. Where a storefront keeps
//! pictures with each product, the link is one of that product's.

use std::collections::HashSet;

use crate::domain::{CallError, Product};
use crate::handlers::Desk;
use crate::journal::{JournalError, Link, LinkKind};
use crate::storefront::{FileState, Picture, PictureFiles, PictureWay, ProductPictures};

/// See the module.
pub struct Pictures {
    wanted: Vec<Wanted>,
    /// What the keys of links begin with: nothing, where files are shared by products.
    prefix: String,
    attached: Vec<String>,
    /// Files of the attached pictures the office no longer has.
    obsolete: Vec<String>,
    learnt: Vec<Link>,
    notes: Vec<String>,
}

struct Wanted {
    picture: Picture,
    file: Option<String>,
}

impl Pictures {
    pub async fn of(desk: &Desk<'_>, product: &Product, attached: &[String]) -> Result<Self, JournalError> {
        let mut seen = HashSet::new();
        let images = product.images.iter().filter(|image| seen.insert(image.identity()));
        let pictures: Vec<Picture> = images
            .map(|image| Picture {
                identity: image.identity().to_owned(),
                url: image.url.clone(),
                alt: image.alt.clone(),
            })
            .collect();
        let channel = &desk.channel.name;
        let prefix = match desk.storefront.abilities().pictures {
            PictureWay::Files(_) => String::new(),
            PictureWay::OnProducts(_) => format!("{}/", product.style),
        };
        let identities: Vec<&str> = pictures.iter().map(|picture| picture.identity.as_str()).collect();
        let gone = attached.iter().filter(|one| !identities.contains(&one.as_str()));
        let gone: Vec<String> = gone.map(|identity| format!("{prefix}{identity}")).collect();
        let keys: Vec<String> = identities.iter().map(|identity| format!("{prefix}{identity}")).collect();
        let files = desk.journal.links(channel, LinkKind::Picture, &keys).await?;
        let obsolete = desk.journal.links(channel, LinkKind::Picture, &gone).await?.into_iter().flatten().collect();
        let wanted = pictures.into_iter().zip(files).map(|(picture, file)| Wanted { picture, file }).collect();
        Ok(Self { wanted, prefix, attached: attached.to_vec(), obsolete, learnt: Vec::new(), notes: Vec::new() })
    }

    /// Whether a new product begins with its pictures.
    pub fn come_first(desk: &Desk<'_>) -> bool {
        matches!(desk.storefront.abilities().pictures, PictureWay::Files(_))
    }

    /// The product is another one than the pictures were attached to.
    pub fn forget_attached(&mut self) {
        self.attached.clear();
        self.obsolete.clear();
    }

    /// What is attached when all went well, for the journal.
    pub fn identities(&self) -> Vec<String> {
        self.wanted.iter().map(|one| one.picture.identity.clone()).collect()
    }

    /// The links learnt, once.
    pub fn take_links(&mut self) -> Vec<Link> {
        std::mem::take(&mut self.learnt)
    }

    /// An outcome's note with what went wrong with pictures.
    pub fn annotate(&self, note: &str) -> String {
        if self.notes.is_empty() { note.to_owned() } else { format!("{note}; {}", self.notes.join("; ")) }
    }

    /// Uploads every picture that has no file yet; answers the files of all, in order. Pictures the shop refuses do not keep
    /// a product off the web. Where pictures are put onto products there are no files, and nothing is done yet.
    pub async fn upload(&mut self, desk: &Desk<'_>) -> Result<Vec<String>, CallError> {
        let PictureWay::Files(files) = desk.storefront.abilities().pictures else { return Ok(Vec::new()) };
        let missing: Vec<usize> = (0..self.wanted.len()).filter(|at| self.wanted[*at].file.is_none()).collect();
        self.upload_these(files, &missing).await?;
        Ok(self.wanted.iter().filter_map(|one| one.file.clone()).collect())
    }

    async fn upload_these(&mut self, to: &dyn PictureFiles, places: &[usize]) -> Result<(), CallError> {
        if places.is_empty() {
            return Ok(());
        }
        let pictures: Vec<Picture> = places.iter().map(|at| self.wanted[*at].picture.clone()).collect();
        let files = match to.upload_pictures(&pictures).await {
            Ok(files) => files,
            Err(CallError::Rejected(reason)) => {
                self.notes.push(format!("without {} pictures: {reason}", pictures.len()));
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        for (at, file) in places.iter().zip(files) {
            self.learn(*at, file);
        }
        Ok(())
    }

    fn learn(&mut self, at: usize, file: String) {
        let key = format!("{}{}", self.prefix, self.wanted[at].picture.identity);
        self.learnt.push(Link { kind: LinkKind::Picture, key, other: file.clone() });
        self.wanted[at].file = Some(file);
    }

    /// Attaches what is new and takes off what is obsolete. Answers what it waits for, when a picture is still being fetched.
    pub async fn attach(&mut self, desk: &Desk<'_>, product: &str) -> Result<Option<String>, CallError> {
        let is_new = |one: &Wanted| !self.attached.contains(&one.picture.identity);
        let new: Vec<usize> = (0..self.wanted.len()).filter(|at| is_new(&self.wanted[*at])).collect();
        if new.is_empty() && self.obsolete.is_empty() {
            return Ok(None);
        }
        match desk.storefront.abilities().pictures {
            PictureWay::Files(files) => self.refer(files, product, &new).await,
            PictureWay::OnProducts(pictures) => self.put(pictures, product, &new).await,
        }
    }

    /// Puts pictures onto the product itself.
    async fn put(
        &mut self,
        to: &dyn ProductPictures,
        product: &str,
        new: &[usize],
    ) -> Result<Option<String>, CallError> {
        let add: Vec<Picture> = new.iter().map(|at| self.wanted[*at].picture.clone()).collect();
        let put = to.put_pictures(product, &add, &self.obsolete).await?;
        for (at, id) in new.iter().zip(put.ids).filter_map(|(at, id)| Some((*at, id?))) {
            self.learn(at, id);
        }
        self.notes.extend(put.notes);
        Ok(put.pending)
    }

    /// Refers to files that are ready.
    async fn refer(
        &mut self,
        files: &dyn PictureFiles,
        product: &str,
        new: &[usize],
    ) -> Result<Option<String>, CallError> {
        let states = self.states(files, new).await?;
        let unfit: Vec<usize> =
            new.iter().zip(&states).filter(|(_, state)| **state == FileState::Gone).map(|(at, _)| *at).collect();
        self.upload_these(files, &unfit).await?;
        let mut add = Vec::new();
        let mut pending = 0;
        for (at, state) in new.iter().zip(states) {
            match (state, &self.wanted[*at].file) {
                (FileState::Ready, Some(file)) => add.push(file.clone()),
                (FileState::Failed(reason), _) => {
                    self.notes.push(format!("picture {} cannot be shown: {reason}", self.wanted[*at].picture.url));
                }
                (FileState::Pending | FileState::Gone, Some(_)) => pending += 1,
                (_, None) => {}
            }
        }
        if pending > 0 {
            return Ok(Some(format!("{pending} pictures are still being fetched by the storefront")));
        }
        files.set_pictures(product, &add, &self.obsolete).await?;
        Ok(None)
    }

    /// How the files of these pictures stand; one without a file counts as gone.
    async fn states(&self, files: &dyn PictureFiles, places: &[usize]) -> Result<Vec<FileState>, CallError> {
        let ids: Vec<String> = places.iter().filter_map(|at| self.wanted[*at].file.clone()).collect();
        let known = if ids.is_empty() { Vec::new() } else { files.files(&ids).await? };
        let mut known = known.into_iter();
        let state = |at: &usize| match &self.wanted[*at].file {
            Some(_) => known.next().unwrap_or(FileState::Gone),
            None => FileState::Gone,
        };
        Ok(places.iter().map(state).collect())
    }
}
