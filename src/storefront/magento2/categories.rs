//! Categories as a tree: found by name beneath the store's root, made where they are missing, renamed and moved when the office
//! renames or moves them (F-327, F-331).
//!
//! What comes in: the office's key and name of a category, `Clothing > Shirts` for one within another, and what it was called
//! when we last saw to it. What goes out: its id. A category keeps what the shop makes of it: its name and place are
//! written only when the office's change. Looking first makes it safe to repeat.

use serde::{Deserialize, Serialize};

use super::client::{Found as _, Repeat, Scope};
use super::products::slug;
use super::wire::Id;
use super::{Magento2, repeatable};
use crate::domain::CallError;
use crate::storefront::CategoryWish;

/// What stands between a category and one within it.
const WITHIN: char = '>';

/// A category of the tree with those within it.
#[derive(Debug, Clone, Deserialize)]
struct Branch {
    id: Id,
    #[serde(default)]
    parent_id: Option<Id>,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    children_data: Vec<Branch>,
}

impl Branch {
    fn is_called(&self, name: &str) -> bool {
        self.name.as_deref().is_some_and(|own| own.trim().to_lowercase() == name.to_lowercase())
    }

    fn find(&self, id: Id) -> Option<&Self> {
        if self.id == id {
            return Some(self);
        }
        self.children_data.iter().find_map(|child| child.find(id))
    }
}

#[derive(Serialize)]
struct Body<'a> {
    category: Input<'a>,
}

#[derive(Serialize)]
struct Input<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    parent_id: Option<Id>,
    #[serde(skip_serializing_if = "Option::is_none")]
    is_active: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    include_in_menu: Option<bool>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    custom_attributes: Vec<Attribute>,
}

#[derive(Serialize)]
struct Attribute {
    attribute_code: &'static str,
    value: String,
}

#[derive(Serialize)]
struct Move {
    #[serde(rename = "parentId")]
    parent_id: Id,
}

#[derive(Deserialize)]
struct Made {
    id: Id,
}

/// The names on the way to a category.
fn path(title: &str) -> Vec<&str> {
    title.split(WITHIN).map(str::trim).filter(|name| !name.is_empty()).collect()
}

impl Magento2 {
    pub(super) async fn category_of(&self, wish: &CategoryWish<'_>) -> Result<String, CallError> {
        let names = path(wish.title);
        let Some((last, above)) = names.split_last() else {
            return Err(CallError::Rejected(format!("category {} has no name", wish.key)));
        };
        if let Some(id) = self.known.category(wish.key, wish.title) {
            return Ok(id.to_string());
        }
        let _alone = self.known.making.lock().await;
        if let Some(id) = self.known.category(wish.key, wish.title) {
            return Ok(id.to_string());
        }
        let tree = self.tree().await?;
        let known = wish.known.and_then(|(id, title)| Some((tree.find(Id(id.parse().ok()?))?, title)));
        let id = match known {
            Some((found, title)) => {
                if title != wish.title {
                    let parent = self.grow(&tree, above, wish.key).await?;
                    self.follow(found, parent, last).await?;
                }
                found.id
            }
            None => self.grow(&tree, &names, wish.key).await?,
        };
        self.known.keep_category(wish.key, wish.title, id);
        Ok(id.to_string())
    }

    /// The store's own tree, with the names that hold in all store views. A read.
    async fn tree(&self) -> Result<Branch, CallError> {
        let root: Branch = self.client.get(Scope::Store, &["categories"], &[("depth", "0".to_owned())]).await?;
        let root = [("rootCategoryId", root.id.to_string())];
        Ok(self.client.get(Scope::All, &["categories"], &root).await?)
    }

    /// Walks down the tree and makes what is missing; answers where it ends.
    async fn grow(&self, tree: &Branch, names: &[&str], key: &str) -> Result<Id, CallError> {
        let (mut at, mut id) = (Some(tree), tree.id);
        for name in names {
            at = at.and_then(|branch| branch.children_data.iter().find(|child| child.is_called(name)));
            id = match at {
                Some(found) => found.id,
                None => self.make_category(id, name, key).await?,
            };
        }
        Ok(id)
    }

    /// Makes a category. Where its address is taken among its neighbours, it gets one of its own.
    async fn make_category(&self, parent: Id, name: &str, key: &str) -> Result<Id, CallError> {
        let input = |custom_attributes| Input {
            name,
            parent_id: Some(parent),
            is_active: Some(true),
            include_in_menu: Some(true),
            custom_attributes,
        };
        let body = Body { category: input(Vec::new()) };
        let made: Result<Made, _> = self.client.post(Scope::All, &["categories"], &body, Repeat::LookFirst).await;
        let made = match made.map_err(|failure| repeatable(failure.into())) {
            Err(CallError::Rejected(why)) if why.to_lowercase().contains("url key") => {
                let value = format!("{}-{}", slug(name), slug(key));
                let body = Body { category: input(vec![Attribute { attribute_code: "url_key", value }]) };
                self.client
                    .post(Scope::All, &["categories"], &body, Repeat::LookFirst)
                    .await
                    .map_err(repeatable_failure)
            }
            made => made,
        };
        made.map(|made: Made| made.id)
    }

    /// Brings a category's place and name after the office's. Sets absolute values: repeating it is safe.
    async fn follow(&self, found: &Branch, parent: Id, name: &str) -> Result<(), CallError> {
        let id = found.id.to_string();
        if found.parent_id != Some(parent) && found.id != parent {
            let path = ["categories", id.as_str(), "move"];
            let moved: Result<serde_json::Value, _> =
                self.client.put(Scope::All, &path, &Move { parent_id: parent }).await;
            moved.map_err(repeatable_failure)?;
        }
        if !found.is_called(name) {
            let body = Body {
                category: Input {
                    name,
                    parent_id: None,
                    is_active: None,
                    include_in_menu: None,
                    custom_attributes: Vec::new(),
                },
            };
            let named: Result<Option<serde_json::Value>, _> =
                self.client.put(Scope::All, &["categories", &id], &body).await.found();
            named?;
        }
        Ok(())
    }
}

fn repeatable_failure(failure: super::client::Failure) -> CallError {
    repeatable(failure.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_may_tell_the_way_to_a_category() {
        assert_eq!(path("Clothing > Shirts"), ["Clothing", "Shirts"]);
        assert_eq!(path(" Mugs "), ["Mugs"]);
        assert_eq!(path(" > "), Vec::<&str>::new());
    }
}
