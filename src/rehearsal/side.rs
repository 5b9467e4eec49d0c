//! What a bridge, a configuration and the promises need of any town, whatever its shop is.

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;

use super::TownPlan;
use crate::domain::Currency;
use crate::office::Office;
use crate::office::counter_intelligence::CounterIntelligence;
use crate::policy::Channel;
use crate::sandbox::office::{Assortment, SandboxOffice, Seed};
use crate::storefront::Storefront;

/// A simulated shop of some kind and a living office.
#[async_trait]
pub trait Side: Send + Sync {
    /// The rules between them.
    fn channel(&self) -> &Arc<Channel>;

    /// The office.
    fn living_office(&self) -> &SandboxOffice;

    /// Address of the office's database, as a configuration names it.
    fn office_address(&self) -> &str;

    /// The bridge's adapter to the shop.
    ///
    /// # Errors
    /// When its settings are not accepted.
    fn storefront(&self) -> anyhow::Result<Arc<dyn Storefront>>;

    /// The `[storefronts.NAME]` section of a configuration and the secrets it names; `number` keeps names apart.
    fn section(&self, number: usize) -> (String, Vec<(String, String)>);

    /// The profile of its channel.
    fn profile(&self) -> &'static str;

    /// Has the shop call an address with everything it tells.
    fn calls_at(&self, address: &str);

    /// Resolves when every call that is due was taken or given up.
    async fn calls_idle(&self);

    /// Everything that differs between what the shop did and what the office has on its books, in words. Empty at rest when all
    /// is well.
    ///
    /// # Errors
    /// When the office's database does not answer.
    async fn differences(&self) -> anyhow::Result<Vec<String>>;

    /// Closes the shop.
    async fn closes(&self);

    /// What the office began with.
    fn assortment(&self) -> &Assortment;

    /// Somebody buys on the web, and whatever follows from it happens. The same seed makes the same happen, on the same goods.
    ///
    /// # Errors
    /// When the shop does not take the order.
    async fn web_order(&self, seed: u64) -> anyhow::Result<()>;

    /// From now on calls come twice and overtake each other, as they do in life.
    fn grows_stormy(&self);

    /// How many products the shop shows.
    fn products_shown(&self) -> usize;

    /// How many writes of the bridge took effect in the shop.
    fn writes(&self) -> usize;

    /// What kind of shop it is, where its API listens, and what opens it; of the sandbox alone.
    fn introduces(&self) -> Introduction;

    /// The bridge's adapter to the office.
    ///
    /// # Errors
    /// When its database cannot be reached.
    async fn counter_intelligence(&self) -> anyhow::Result<Arc<dyn Office>> {
        let name = self.channel().office.clone();
        Ok(Arc::new(CounterIntelligence::connect(name, self.office_address()).await?))
    }
}

/// What a rehearsal says of its shop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Introduction {
    /// What kind of shop it is.
    pub kind: &'static str,
    /// Where its API listens.
    pub address: String,
    /// What opens it and what it signs with: name, value, and where it goes.
    pub keys: Vec<(&'static str, String, &'static str)>,
}

/// An office that was just opened.
pub(super) struct Household {
    pub office: SandboxOffice,
    pub office_url: String,
    pub assortment: Assortment,
}

impl Household {
    /// Opens the office of a plan, with its assortment on the shelves and its pictures at that address.
    pub(super) async fn furnish(plan: &TownPlan, folder: &Path, pictures: Option<String>) -> anyhow::Result<Self> {
        let (office, office_url) = match &plan.office_postgres {
            Some(url) => (SandboxOffice::create_postgres(url).await?, url.clone()),
            None => {
                let path = folder.join(format!("{}-office.db", plan.name));
                (SandboxOffice::create_sqlite(&path)?, format!("sqlite:{}", path.display()))
            }
        };
        let currency = Currency::parse(&plan.currency)?;
        let usual = Seed { stock: plan.stock, ..Seed::styles(plan.styles, currency) };
        let pictures = pictures.unwrap_or_else(|| usual.pictures.clone());
        let assortment = office.seed(&Seed { pictures, ..usual }).await?;
        Ok(Self { office, office_url, assortment })
    }
}

/// What is wrong with an office's books by themselves: documents booked twice, sums that are none.
pub(super) async fn books_differ(office: &SandboxOffice) -> anyhow::Result<Vec<String>> {
    let mut differences: Vec<String> =
        office.duplicate_documents().await?.into_iter().map(|one| format!("P2: {one}")).collect();
    differences.extend(office.books_balance().await?.into_iter().map(|one| format!("P6: {one}")));
    Ok(differences)
}
