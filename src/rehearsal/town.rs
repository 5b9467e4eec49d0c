//! A simulated shop and a living office, and the channel that joins them.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use async_trait::async_trait;

use super::side::{Household, Introduction, Side, books_differ};
use crate::domain::{BranchCode, ChannelName, Currency, Money, OfficeName, Placed, Secret, Sku, StorefrontName};
use crate::office::ChangeKind;
use crate::policy::{
    Channel, CustomerRules, PaymentRules, ReconcileRules, SaleMoment, SaleRules, SendCustomers, StockRules,
};
use crate::sandbox::office::{Assortment, SandboxOffice};
use crate::sandbox::shopify::lives::Life;
use crate::sandbox::shopify::{OrderView, Product, ShopLocation, ShopOptions, ShopSandbox, WebhookWeather};
use crate::storefront::shopify::{Access, Shopify, ShopifyConfig};
use crate::storefront::{CatalogueRules, PriceRules, StockFigure, Storefront};

/// Branches of a rehearsal's office that the shop shows, each at a location of the same name. Web sales count for the first.
pub const BRANCHES: [&str; 2] = ["WEB", "AKL"];
/// How the shop's gateways are called in the office; any other is [`OTHER_PAY_CODE`].
const PAY_CODES: [(&str, &str); 4] =
    [("shopify_payments", "WEB-CC"), ("paypal", "WEB-PP"), ("gift_card", "GIFT"), ("cash", "CASH")];
pub(super) const OTHER_PAY_CODE: &str = "WEB-OTHER";
/// Price lists of the shop's markets: id, name and currency.
pub const PRICE_LISTS: [(u64, &str, &str); 2] = [(81, "New Zealand", "NZD"), (82, "Australia", "AUD")];
/// Shop locations have these ids.
const FIRST_LOCATION: u64 = 71_000_000_001;

/// What a town is to be like.
#[derive(Debug, Clone)]
pub struct TownPlan {
    /// Name of the channel, the storefront and the office.
    pub name: String,
    /// The shop's currency.
    pub currency: String,
    /// Whether its prices contain tax.
    pub taxes_included: bool,
    /// How many styles the office sells.
    pub styles: u32,
    /// Pieces of each SKU at each branch to begin with, give or take a few.
    pub stock: i64,
    /// Where chance comes from.
    pub seed: u64,
    /// The office's PostgreSQL database, made and empty; without one the office is a SQLite file.
    pub office_postgres: Option<String>,
    /// How often the office is asked for changes.
    pub every: Duration,
    /// Points the shop's rate limiter holds, and regains each second.
    pub points: (u32, u32),
}

impl TownPlan {
    /// A New Zealand town with a small assortment.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            currency: "NZD".to_owned(),
            taxes_included: true,
            styles: 5,
            stock: 20,
            seed: 1,
            office_postgres: None,
            every: Duration::from_millis(300),
            points: (20_000, 1_000),
        }
    }
}

/// A shop, an office and the channel between them.
pub struct Town {
    /// The simulated shop.
    pub shop: ShopSandbox,
    /// The living office.
    pub office: SandboxOffice,
    /// Address of the office's database, as a configuration names it.
    pub office_url: String,
    /// What the office began with.
    pub assortment: Assortment,
    /// The rules between them.
    pub channel: Arc<Channel>,
    /// Domain of the shop.
    pub domain: String,
    /// How the shop lets the bridge in; `None`: with the token that does not end.
    pub access: Option<Access>,
    /// Where the bridge reaches the shop, where something stands between them.
    pub way_to_shop: Option<String>,
}

impl Town {
    /// Opens the shop and the office; the office's assortment is there, the shop is empty.
    ///
    /// # Errors
    /// When the shop cannot listen or the office's database cannot be made.
    pub async fn found(plan: &TownPlan, folder: &Path) -> anyhow::Result<Self> {
        let domain = format!("{}.myshopify.com", plan.name);
        let mut options = ShopOptions::new(&domain, &plan.currency)?;
        options.taxes_included = plan.taxes_included;
        options.seed = plan.seed;
        (options.bucket_size, options.restore_rate) = plan.points;
        for (id, name, currency) in PRICE_LISTS {
            options.price_lists.push((id, name.to_owned(), Currency::parse(currency)?));
        }
        options.locations = (FIRST_LOCATION..)
            .zip(BRANCHES)
            .map(|(id, name)| ShopLocation { name: name.to_owned(), id: Some(id) })
            .collect();
        let shop = ShopSandbox::start(options).await.context("the simulated shop could not start")?;
        let Household { office, office_url, assortment } = Household::furnish(plan, folder, None).await?;
        let channel = Arc::new(channel(plan)?);
        Ok(Self { shop, office, office_url, assortment, channel, domain, access: None, way_to_shop: None })
    }

    /// Whether buyers can see everything the office offers on the web.
    #[must_use]
    pub fn is_on_the_web(&self) -> bool {
        self.shop.products().iter().filter(|product| product.is_visible()).count() >= self.assortment.active.len()
    }

    async fn stock_differs(&self, sku: &str) -> anyhow::Result<Vec<String>> {
        let mut differences = Vec::new();
        for branch in BRANCHES {
            let shown = self.shop.stock(sku, branch).map_or(0, |figures| figures.on_hand);
            let there = self.office.stock(&Sku::parse(sku)?, &BranchCode::parse(branch)?).await?;
            if shown != there {
                differences.push(format!("{sku} at {branch}: the shop shows {shown}, the office has {there}"));
            }
        }
        Ok(differences)
    }

    /// Orders against their documents: each is on the books exactly when it should be, and there for exactly the money that
    /// came in less the money that went back.
    async fn documents(&self) -> anyhow::Result<Vec<String>> {
        let mut differences = Vec::new();
        let mut booked: BTreeMap<String, Vec<(bool, Money)>> = BTreeMap::new();
        let (invoices, credits) = (self.office.invoices().await?, self.office.credit_notes().await?);
        for invoice in &invoices {
            let order = invoice.reference.splitn(3, '/').take(2).collect::<Vec<_>>().join("/");
            booked.entry(order).or_default().push((true, invoice.total));
        }
        for credit in &credits {
            booked.entry(credit.credits.clone().unwrap_or_default()).or_default().push((false, credit.total));
        }
        for order in self.shop.orders() {
            let documents =
                booked.remove(&format!("{}/order:{}", self.channel.storefront, order.id)).unwrap_or_default();
            differences.extend(self.order_differs(&order, &documents)?);
        }
        Ok(differences)
    }

    fn order_differs(&self, order: &OrderView, documents: &[(bool, Money)]) -> anyhow::Result<Option<String>> {
        let name = &order.name;
        let kept = order.captured.minus(order.refunded)?;
        let mut net = Money::zero(kept.currency());
        for (is_invoice, total) in documents {
            net = if *is_invoice { net.plus(*total)? } else { net.minus(*total)? };
        }
        let skipped = self.channel.sale.skips(Placed { at_till: order.at_till, test: order.test }).is_some();
        if skipped {
            let what = format!("order {name} is to be left out but is on the books");
            return Ok((!documents.is_empty()).then_some(what));
        }
        // Nothing is shipped of what is all taken off; then only money that was kept is to be booked.
        let is_over = order.closed && (order.shipped || !kept.is_zero());
        let (has_come, may_come) = match self.channel.sale.when {
            SaleMoment::Fulfilled => (is_over, is_over || order.edited || order.cancelled),
            SaleMoment::EachFulfilment => (is_over, is_over || order.shipped || order.cancelled),
            // Paid back before anything was shipped and before it was booked: nothing is left to be booked.
            SaleMoment::Paid => {
                let came_to_nothing = order.closed && !order.shipped && kept.is_zero();
                (!(order.cancelled || came_to_nothing) || !documents.is_empty(), true)
            }
        };
        let is_settled = !order.pending && (order.outstanding.is_zero() || order.outstanding.is_negative());
        Ok(match documents.is_empty() {
            true if has_come && is_settled => Some(format!("P2: order {name} is to be booked but has no invoice")),
            false if !may_come => Some(format!("order {name} was not shipped but is on the books")),
            false if has_come && is_settled && net != kept => {
                Some(format!("P6: order {name} kept {kept}, its documents say {net}"))
            }
            _ => None,
        })
    }
}

#[async_trait]
impl Side for Town {
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
        Ok(Arc::new(Shopify::new(ShopifyConfig {
            name: self.channel.storefront.clone(),
            shop: self.domain.clone(),
            endpoint: Some(self.way_to_shop.clone().unwrap_or_else(|| self.shop.graphql_url())),
            access: self.access.clone().unwrap_or_else(|| Access::Token(Secret::new(self.shop.token()))),
            webhook_secrets: vec![Secret::new(self.shop.secret())],
            publications: Vec::new(),
            pos_key_namespace: "tillbridge".to_owned(),
        })?))
    }

    fn section(&self, number: usize) -> (String, Vec<(String, String)>) {
        let (token, secret) = (format!("TOKEN_{number}"), format!("SECRET_{number}"));
        let text = format!(
            "[storefronts.{}]\nkind = \"shopify\"\nshop = {:?}\nendpoint = {:?}\ntoken = {{ env = {token:?} }}\n\
             webhook_secret = {{ env = {secret:?} }}\n",
            self.channel.storefront,
            self.domain,
            self.way_to_shop.clone().unwrap_or_else(|| self.shop.graphql_url()),
        );
        (text, vec![(token, self.shop.token()), (secret, self.shop.secret())])
    }

    fn profile(&self) -> &'static str {
        "counter-intelligence-shopify"
    }

    fn calls_at(&self, address: &str) {
        self.shop.subscribe_all(address);
    }

    async fn calls_idle(&self) {
        self.shop.webhooks_idle().await;
    }

    /// Documents of orders the shop does not know, which somebody else sent with the shop's secret, are no difference.
    async fn differences(&self) -> anyhow::Result<Vec<String>> {
        let mut differences = self.documents().await?;
        // What is off the web keeps the stock it had; it gets new figures when it comes back.
        for product in self.shop.products().into_iter().filter(Product::is_visible) {
            for sku in product.variants.iter().filter_map(|variant| variant.sku.as_deref()) {
                differences.extend(self.stock_differs(sku).await?);
            }
        }
        differences.extend(books_differ(&self.office).await?);
        Ok(differences)
    }

    async fn closes(&self) {
        self.shop.shutdown().await;
    }

    fn assortment(&self) -> &Assortment {
        &self.assortment
    }

    async fn web_order(&self, seed: u64) -> anyhow::Result<()> {
        let goods = self.shop.catalogue();
        let Some(first) = goods.first() else { return Ok(()) };
        let life = Life::generate(seed, first.price.currency(), true, &goods);
        self.shop.live(&life).await?;
        Ok(())
    }

    fn grows_stormy(&self) {
        self.shop.webhook_weather(WebhookWeather {
            same_id_twice: 100,
            new_id_twice: 50,
            delay_up_to: Duration::from_millis(400),
            ..WebhookWeather::default()
        });
    }

    fn products_shown(&self) -> usize {
        self.shop.products().len()
    }

    fn writes(&self) -> usize {
        self.shop.writes().len()
    }

    fn introduces(&self) -> Introduction {
        Introduction {
            kind: "Shopify shop",
            address: self.shop.graphql_url(),
            keys: vec![
                ("token", self.shop.token(), "header X-Shopify-Access-Token"),
                ("secret", self.shop.secret(), "signs X-Shopify-Hmac-Sha256"),
                ("domain", self.domain.clone(), "header X-Shopify-Shop-Domain"),
            ],
        }
    }
}

fn channel(plan: &TownPlan) -> anyhow::Result<Channel> {
    let ids: BTreeMap<&str, u64> = BRANCHES.into_iter().zip(FIRST_LOCATION..).collect();
    let mut channel = plain_channel(plan, |branch| format!("gid://shopify/Location/{}", ids[branch]))?;
    channel.payments = PaymentRules {
        codes: PAY_CODES.iter().map(|(gateway, code)| ((*gateway).to_owned(), (*code).to_owned())).collect(),
        otherwise: Some(OTHER_PAY_CODE.to_owned()),
    };
    Ok(channel)
}

/// The rules every rehearsal begins with; `location` is where the shop keeps a branch's stock.
pub(super) fn plain_channel(plan: &TownPlan, location: impl Fn(&str) -> String) -> anyhow::Result<Channel> {
    let locations = BRANCHES
        .into_iter()
        .map(|branch| Ok((BranchCode::parse(branch)?, location(branch))))
        .collect::<anyhow::Result<_>>()?;
    Ok(Channel {
        name: ChannelName::parse(&plan.name)?,
        storefront: StorefrontName::parse(&plan.name)?,
        office: OfficeName::parse(&plan.name)?,
        sale: SaleRules::plain(SaleMoment::Fulfilled, BranchCode::parse(BRANCHES[0])?),
        stock: StockRules::all(StockFigure::OnHand, locations),
        catalogue: CatalogueRules::default(),
        prices: PriceRules::default(),
        payments: PaymentRules { codes: BTreeMap::new(), otherwise: Some(OTHER_PAY_CODE.to_owned()) },
        reconcile: ReconcileRules::default(),
        // Stories that want customers to cross say so.
        customers: CustomerRules { send: SendCustomers::None, ..CustomerRules::default() },
        begins_paused: false,
        every: ChangeKind::ALL
            .iter()
            .filter(|kind| **kind != ChangeKind::Customers)
            .map(|kind| (*kind, plan.every))
            .collect(),
    })
}
