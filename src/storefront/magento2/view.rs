//! The store view we speak for, asked once, and the websites of the others.

use serde::Deserialize;

use super::Magento2;
use super::client::Scope;
use super::known::View;
use super::wire::Id;
use crate::domain::CallError;

#[derive(Deserialize)]
struct StoreView {
    id: Id,
    code: String,
    website_id: Id,
}

impl Magento2 {
    /// The configured store view with its website. A read, once.
    pub(super) async fn view(&self) -> Result<View, CallError> {
        let read = || async {
            let views = self.views().await?;
            let names: Vec<String> =
                views.iter().map(|view| view.code.clone()).filter(|code| code != "admin").collect();
            let view = views.into_iter().find(|view| view.code == self.store);
            view.map(|view| View { store: view.id, website: view.website_id }).ok_or_else(|| CallError::Unmapped {
                what: format!("store view `{}` at the shop", self.store),
                fix: format!("name one of {} as store under [storefronts.{}]", names.join(", "), self.name),
            })
        };
        self.known.view.get_or_try_init(read).await.copied()
    }

    /// The website of a store view; one that was never heard of is asked for, since views may be added at any time. `None` where
    /// there is no such view any more. A read: may be repeated.
    pub(super) async fn website_of(&self, view: Id) -> Result<Option<Id>, CallError> {
        if let Some(website) = self.known.website(view) {
            return Ok(Some(website));
        }
        self.views().await?;
        Ok(self.known.website(view))
    }

    async fn views(&self) -> Result<Vec<StoreView>, CallError> {
        let views: Vec<StoreView> = self.client.get(Scope::All, &["store", "storeViews"], &[]).await?;
        self.known.keep_websites(views.iter().map(|view| (view.id, view.website_id)));
        Ok(views)
    }
}
