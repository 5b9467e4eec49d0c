//! The store view we speak for: asked once.

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
            let views: Vec<StoreView> = self.client.get(Scope::All, &["store", "storeViews"], &[]).await?;
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
}
