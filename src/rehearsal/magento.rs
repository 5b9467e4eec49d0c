//! A simulated Magento and a living office, and the channel that joins them.
//!
//! Stock is told by the rule of the profile: a source holds what the office has and what is invoiced but has not left.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use async_trait::async_trait;

use super::side::{Household, Introduction, Side};
use super::town::{BRANCHES, OTHER_PAY_CODE, Town, TownPlan, plain_channel};
use crate::domain::{BranchCode, Money, OfficeName, Secret, Sku};
use crate::policy::{Channel, SaleMoment};
use crate::sandbox::magento2::{HookWay, HookWeather, MagentoLine, MagentoOptions, MagentoSandbox};
use crate::sandbox::office::{Assortment, PICTURES, SandboxOffice};
use crate::sandbox::pictures::PictureHost;
use crate::storefront::magento2::{Access, AttributeNames, DEFAULT_STORE, Magento2, Magento2Config, OAuth, WaysIn};
use crate::storefront::{CategoryAs, StockFigure, Storefront};

/// How the shop's ways of paying are called in the office; any other is [`OTHER_PAY_CODE`].
const PAY_CODES: [(&str, &str); 3] = [("braintree", "WEB-CC"), ("paypal_express", "WEB-PP"), ("gift_cards", "GIFT")];
/// What Mage-OS Async Events sign with.
const TOKEN: &str = "sandbox-verification-token";
/// Whom Adobe I/O Events are for.
const CLIENT: &str = "sandbox-client";
/// What modules that sign nothing send along.
const SHARED: &str = "sandbox-shared-secret";
/// The header they send it in.
const SHARED_HEADER: &str = "x-tillbridge-secret";

/// A Magento, an office and the channel between them.
pub struct MagentoTown {
    /// The simulated shop.
    pub shop: MagentoSandbox,
    /// The living office.
    pub office: SandboxOffice,
    /// Address of the office's database, as a configuration names it.
    pub office_url: String,
    /// What the office began with.
    pub assortment: Assortment,
    /// The rules between them.
    pub channel: Arc<Channel>,
    /// Whether the bridge signs its calls, or shows the token alone.
    pub signs: bool,
    /// Where the office keeps its pictures; none where it is another town's office.
    pub pictures: Option<PictureHost>,
}

impl MagentoTown {
    /// Opens the shop and the office; the office's assortment is there, the shop is empty.
    ///
    /// # Errors
    /// When the shop cannot listen or the office's database cannot be made.
    pub async fn found(plan: &TownPlan, folder: &Path) -> anyhow::Result<Self> {
        Self::found_with(plan, folder, |_| ()).await
    }

    /// The same with a shop of other options. One without the inventory modules shows the first branch alone, in its one stock
    /// item.
    ///
    /// # Errors
    /// As [`MagentoTown::found`].
    pub async fn found_with(
        plan: &TownPlan,
        folder: &Path,
        change: impl FnOnce(&mut MagentoOptions),
    ) -> anyhow::Result<Self> {
        let pictures = PictureHost::start().await.context("the pictures could not be laid out")?;
        let home = Household::furnish(plan, folder, Some(pictures.url())).await?;
        Ok(Self { pictures: Some(pictures), ..Self::open(plan, home, &plan.name, change).await? })
    }

    /// Opens a second shop on the office of a town. The office's pictures are laid out anew, where this shop can fetch them.
    ///
    /// # Errors
    /// When the shop or the pictures' server cannot listen, or the office's database does not answer.
    pub async fn found_beside(plan: &TownPlan, town: &Town) -> anyhow::Result<Self> {
        let pictures = PictureHost::start().await.context("the pictures could not be laid out")?;
        for style in town.assortment.active.iter().chain(&town.assortment.inactive) {
            for position in 1..=PICTURES {
                let url = format!("{}/{style}/{position}.jpg", pictures.url());
                town.office.set_image(style, position, &url, "").await?;
            }
        }
        let home = Household {
            office: town.office.clone(),
            office_url: town.office_url.clone(),
            assortment: town.assortment.clone(),
        };
        let opened = Self::open(plan, home, town.channel.office.as_str(), |_| ()).await?;
        Ok(Self { pictures: Some(pictures), ..opened })
    }

    async fn open(
        plan: &TownPlan,
        home: Household,
        office: &str,
        change: impl FnOnce(&mut MagentoOptions),
    ) -> anyhow::Result<Self> {
        let mut options = MagentoOptions::new(&plan.currency)?;
        (options.taxes_included, options.seed) = (plan.taxes_included, plan.seed);
        options.sources = BRANCHES.map(str::to_owned).to_vec();
        change(&mut options);
        let mut channel = plain_channel(plan, str::to_owned)?;
        if !options.inventory {
            options.sources.clear();
            channel.stock.figure = StockFigure::Available;
            channel.stock.locations = BTreeMap::from([(BranchCode::parse(BRANCHES[0])?, "default".to_owned())]);
        }
        let shop = MagentoSandbox::start(options).await.context("the simulated Magento could not start")?;
        channel.office = OfficeName::parse(office)?;
        channel.sale.when = SaleMoment::Paid;
        channel.catalogue.category = CategoryAs::Collection;
        channel.customers.consent = false;
        channel.payments.codes =
            PAY_CODES.iter().map(|(method, code)| ((*method).to_owned(), (*code).to_owned())).collect();
        channel.payments.otherwise = Some(OTHER_PAY_CODE.to_owned());
        let Household { office, office_url, assortment } = home;
        Ok(Self { shop, office, office_url, assortment, channel: Arc::new(channel), signs: true, pictures: None })
    }

    /// The ways in which a shop can call the bridge, each with what opens the door.
    #[must_use]
    pub fn ways_in() -> [HookWay; 4] {
        [
            HookWay::AsyncEvents { token: TOKEN.to_owned() },
            HookWay::IoEvents { client_id: CLIENT.to_owned() },
            HookWay::CommerceWebhooks,
            HookWay::Template { header: SHARED_HEADER.to_owned(), secret: SHARED.to_owned() },
        ]
    }

    /// Every paid invoice and every credit memo against the books: there once, for the same money, and nothing else under the
    /// storefront's name.
    async fn documents(&self) -> anyhow::Result<Vec<String>> {
        let storefront = self.channel.storefront.as_str();
        let mut booked: BTreeMap<String, Vec<Money>> = BTreeMap::new();
        let (invoices, credits) = (self.office.invoices().await?, self.office.credit_notes().await?);
        for document in invoices.into_iter().chain(credits) {
            booked.entry(document.reference).or_default().push(document.total);
        }
        let mut differences = Vec::new();
        for order in self.shop.orders().into_iter().filter(|order| order.is_of_the_first_website) {
            let invoices = order.invoices.iter().map(|one| ("invoice", one));
            let credits = order.credits.iter().map(|one| ("creditmemo", one));
            for (kind, document) in invoices.chain(credits).filter(|(_, document)| document.state == 2) {
                let name = format!("{kind} {} of order {}", document.increment, order.increment);
                match booked.remove(&format!("{storefront}/{kind}:{}", document.id)).as_deref() {
                    None => differences.push(format!("P2: {name} is not on the books")),
                    Some([total]) if *total == document.worth => {}
                    Some([total]) => {
                        differences.push(format!("P6: {name} comes to {}, on the books to {total}", document.worth));
                    }
                    Some(several) => differences.push(format!("P2: {name} is on the books {} times", several.len())),
                }
            }
        }
        let ours = booked.into_keys().filter(|reference| reference.starts_with(&format!("{storefront}/")));
        differences.extend(ours.map(|reference| format!("{reference} is on the books and not in the shop")));
        Ok(differences)
    }

    /// Pieces of a SKU by which the shop's figure is above the office's. On a shelf are those that are invoiced and have not left,
    /// which are off the office's figure already; for sale are not those that are ordered and not invoiced, which are not.
    fn waiting(&self, sku: &str) -> i64 {
        let ours = self.shop.orders().into_iter().filter(|order| order.is_of_the_first_website);
        let lines = ours.flat_map(|order| order.lines);
        let pieces = |line: &MagentoLine| {
            let of_each: i64 = line.parts.iter().filter(|(part, _)| part == sku).map(|(_, pieces)| pieces).sum();
            let above = match self.channel.stock.figure {
                StockFigure::OnHand => line.invoiced - line.released - line.shipped,
                StockFigure::Available => line.invoiced + line.canceled - line.ordered,
            };
            above * of_each
        };
        lines.map(|line| pieces(&line)).sum()
    }

    async fn stock_differs(&self, sku: &str) -> anyhow::Result<Vec<String>> {
        let mut differences = Vec::new();
        for (branch, source) in &self.channel.stock.locations {
            let shown = self.shop.pieces(sku, source);
            let there = self.office.stock(&Sku::parse(sku)?, branch).await?;
            // Web sales are booked at the first branch.
            let waiting = if branch.as_str() == BRANCHES[0] { self.waiting(sku) } else { 0 };
            if shown != there + waiting {
                differences.push(format!(
                    "{sku} at {branch}: the shop shows {shown}, the office has {there} and {waiting} wait to be sent"
                ));
            }
        }
        Ok(differences)
    }
}

#[async_trait]
impl Side for MagentoTown {
    fn channel(&self) -> &Arc<Channel> {
        &self.channel
    }

    fn living_office(&self) -> &SandboxOffice {
        &self.office
    }

    fn office_address(&self) -> &str {
        &self.office_url
    }

    fn storefront(&self) -> anyhow::Result<Arc<dyn Storefront>> {
        let keys = self.shop.keys();
        let access = if self.signs {
            Access::OAuth(Box::new(OAuth {
                consumer_key: Secret::new(keys.consumer_key),
                consumer_secret: Secret::new(keys.consumer_secret),
                token: Secret::new(keys.token),
                token_secret: Secret::new(keys.token_secret),
            }))
        } else {
            Access::Bearer(Secret::new(keys.token))
        };
        Ok(Arc::new(Magento2::new(Magento2Config {
            name: self.channel.storefront.clone(),
            url: self.shop.url(),
            store: DEFAULT_STORE.to_owned(),
            only_its_website: self.shop.has_other_websites(),
            access,
            names: AttributeNames::default(),
            ways_in: WaysIn {
                async_events: vec![Secret::new(TOKEN.to_owned())],
                io_events: vec![CLIENT.to_owned()],
                io_events_keys: Some(self.shop.url()),
                commerce_webhooks: vec![Secret::new(self.shop.webhook_key().to_owned())],
                shared_secrets: vec![Secret::new(SHARED.to_owned())],
            },
        })?))
    }

    fn section(&self, number: usize) -> (String, Vec<(String, String)>) {
        let (token, events) = (format!("TOKEN_{number}"), format!("SECRET_{number}"));
        let text = format!(
            "[storefronts.{}]\nkind = \"magento2\"\nurl = {:?}\ntoken = {{ env = {token:?} }}\n\
             async_events_token = {{ env = {events:?} }}\n",
            self.channel.storefront,
            self.shop.url(),
        );
        (text, vec![(token, self.shop.keys().token), (events, TOKEN.to_owned())])
    }

    fn profile(&self) -> &'static str {
        "counter-intelligence-magento2"
    }

    fn calls_at(&self, address: &str) {
        let way = HookWay::AsyncEvents { token: TOKEN.to_owned() };
        self.shop.tell(way, &format!("{address}/{{event}}"));
    }

    async fn calls_idle(&self) {
        self.shop.hooks_idle().await;
    }

    async fn differences(&self) -> anyhow::Result<Vec<String>> {
        let mut differences = self.documents().await?;
        for product in self.shop.products().iter().filter(|one| one.kind == "simple" && one.enabled) {
            differences.extend(self.stock_differs(&product.sku).await?);
        }
        // Two invoices of one order may well come to the same: only a reference tells them apart.
        differences.extend(self.office.duplicate_references().await?.into_iter().map(|one| format!("P2: {one}")));
        differences.extend(self.office.books_balance().await?.into_iter().map(|one| format!("P6: {one}")));
        Ok(differences)
    }

    async fn closes(&self) {
        self.shop.shutdown().await;
    }

    fn assortment(&self) -> &Assortment {
        &self.assortment
    }

    async fn web_order(&self, seed: u64) -> anyhow::Result<()> {
        // Whoever finds the shelf empty, or what they chose taken off the web meanwhile, buys nothing.
        let lived = self.shop.live(seed, BRANCHES[0]).await;
        match lived {
            Err(refused) if refused.is_out_of_reach() => Ok(()),
            lived => Ok(lived.map(drop)?),
        }
    }

    fn grows_stormy(&self) {
        self.shop.hook_weather(HookWeather {
            twice: 150,
            delay_up_to: Duration::from_millis(400),
            ..HookWeather::default()
        });
    }

    fn products_shown(&self) -> usize {
        self.shop.products().into_iter().filter(|product| product.enabled).count()
    }

    fn writes(&self) -> usize {
        self.shop.writes().len()
    }

    fn introduces(&self) -> Introduction {
        Introduction {
            kind: "Magento 2 shop",
            address: format!("{}/rest", self.shop.url()),
            keys: vec![
                ("token", self.shop.keys().token, "header Authorization: Bearer"),
                ("secret", TOKEN.to_owned(), "signs x-magento-signature"),
            ],
        }
    }
}
