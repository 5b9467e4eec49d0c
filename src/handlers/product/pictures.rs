//! A product's pictures: new contents are uploaded once and attached, those the office took away are taken off again, and
//! whatever the shop has made of the rest stays (F-296).
//!
//! What comes in: the office's pictures and the identities attached before. What goes out: what was attached, the links
//! content ↔ file, and what could not be fetched. A picture the shop has deleted is not put back.

use std::collections::HashSet;

use crate::domain::{CallError, Product};
use crate::handlers::Desk;
use crate::journal::{JournalError, Link, LinkKind};
use crate::storefront::{FileState, Picture};

/// See the module.
pub struct Pictures {
    wanted: Vec<Wanted>,
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
        let identities: Vec<String> = pictures.iter().map(|picture| picture.identity.clone()).collect();
        let files = desk.journal.links(channel, LinkKind::Picture, &identities).await?;
        let gone: Vec<String> = attached.iter().filter(|one| !identities.contains(one)).cloned().collect();
        let obsolete = desk.journal.links(channel, LinkKind::Picture, &gone).await?.into_iter().flatten().collect();
        let wanted = pictures.into_iter().zip(files).map(|(picture, file)| Wanted { picture, file }).collect();
        Ok(Self { wanted, attached: attached.to_vec(), obsolete, learnt: Vec::new(), notes: Vec::new() })
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
    /// a product off the web.
    pub async fn upload(&mut self, desk: &Desk<'_>) -> Result<Vec<String>, CallError> {
        let missing: Vec<usize> = (0..self.wanted.len()).filter(|at| self.wanted[*at].file.is_none()).collect();
        self.upload_these(desk, &missing).await?;
        Ok(self.wanted.iter().filter_map(|one| one.file.clone()).collect())
    }

    async fn upload_these(&mut self, desk: &Desk<'_>, places: &[usize]) -> Result<(), CallError> {
        if places.is_empty() {
            return Ok(());
        }
        let pictures: Vec<Picture> = places.iter().map(|at| self.wanted[*at].picture.clone()).collect();
        let files = match desk.storefront.upload_pictures(&pictures).await {
            Ok(files) => files,
            Err(CallError::Rejected(reason)) => {
                self.notes.push(format!("without {} pictures: {reason}", pictures.len()));
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        for (at, file) in places.iter().zip(files) {
            let key = self.wanted[*at].picture.identity.clone();
            self.learnt.push(Link { kind: LinkKind::Picture, key, other: file.clone() });
            self.wanted[*at].file = Some(file);
        }
        Ok(())
    }

    /// Attaches what is new and takes off what is obsolete. Answers what it waits for, when a picture is still being fetched.
    pub async fn attach(&mut self, desk: &Desk<'_>, product: &str) -> Result<Option<String>, CallError> {
        let is_new = |one: &Wanted| !self.attached.contains(&one.picture.identity);
        let new: Vec<usize> = (0..self.wanted.len()).filter(|at| is_new(&self.wanted[*at])).collect();
        if new.is_empty() && self.obsolete.is_empty() {
            return Ok(None);
        }
        let states = self.states(desk, &new).await?;
        let unfit: Vec<usize> =
            new.iter().zip(&states).filter(|(_, state)| **state == FileState::Gone).map(|(at, _)| *at).collect();
        self.upload_these(desk, &unfit).await?;
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
        desk.storefront.set_pictures(product, &add, &self.obsolete).await?;
        Ok(None)
    }

    /// How the files of these pictures stand; one without a file counts as gone.
    async fn states(&self, desk: &Desk<'_>, places: &[usize]) -> Result<Vec<FileState>, CallError> {
        let ids: Vec<String> = places.iter().filter_map(|at| self.wanted[*at].file.clone()).collect();
        let known = if ids.is_empty() { Vec::new() } else { desk.storefront.files(&ids).await? };
        let mut known = known.into_iter();
        let state = |at: &usize| match &self.wanted[*at].file {
            Some(_) => known.next().unwrap_or(FileState::Gone),
            None => FileState::Gone,
        };
        Ok(places.iter().map(state).collect())
    }
}
