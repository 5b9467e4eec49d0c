//! Who the shop is, what it permits, and how an order was paid: the reads.

use rust_decimal::Decimal;

use super::Shopify;
use super::config::API_VERSION;
use super::graphql::{
    DescribeShop, ListLocations, ListPublications, ReadTransactions, describe_shop, gid, list_locations,
    list_publications, number, read_transactions,
};
use super::refusal::code;
use crate::domain::{CallError, Currency, Money, Payment};
use crate::storefront::StorefrontDescription;

/// What the bridge needs to be permitted.
const NEEDED_SCOPES: [&str; 10] = [
    "write_products",
    "read_publications",
    "write_publications",
    "write_inventory",
    "read_locations",
    "read_orders",
    "read_fulfillments",
    "write_customers",
    "read_customer_merge",
    "write_files",
];
/// Rows of a page.
const PAGE: i64 = 100;
/// More transactions than any order has; an order that fills it is read by a person.
const MOST_TRANSACTIONS: i64 = 100;
/// The sales channel products are shown in when the configuration names none.
const ONLINE_STORE: &str = "Online Store";

impl Shopify {
    pub(super) async fn read_description(&self) -> Result<StorefrontDescription, CallError> {
        let answer = self.client.call::<DescribeShop>(describe_shop::Variables).await?;
        let shop = answer.shop;
        if !shop.myshopify_domain.eq_ignore_ascii_case(&self.shop) {
            return Err(CallError::Unauthorised(format!(
                "the access token is of the shop {}, not of {}: check `token` and `shop`",
                shop.myshopify_domain, self.shop
            )));
        }
        let scopes: Vec<String> =
            answer.current_app_installation.access_scopes.into_iter().map(|scope| scope.handle).collect();
        let missing = NEEDED_SCOPES.iter().filter(|needed| !permits(&scopes, needed));
        Ok(StorefrontDescription {
            identity: self.shop.clone(),
            version: API_VERSION.into(),
            currency: code(Some(shop.currency_code)).unwrap_or_default(),
            missing_scopes: missing.map(|scope| (*scope).to_owned()).collect(),
            scopes,
            locations: self.read_locations().await?,
        })
    }

    async fn read_locations(&self) -> Result<Vec<(String, String)>, CallError> {
        let (mut locations, mut after) = (Vec::new(), None);
        loop {
            let page =
                self.client.call::<ListLocations>(list_locations::Variables { first: PAGE, after }).await?.locations;
            locations.extend(page.nodes.into_iter().map(|location| (location.id, location.name)));
            after = page.page_info.end_cursor.filter(|_| page.page_info.has_next_page);
            if after.is_none() {
                return Ok(locations);
            }
        }
    }

    /// The ids of the sales channels that products are shown in; read once.
    pub(super) async fn publications(&self) -> Result<&[String], CallError> {
        let ids = self.publication_ids.get_or_try_init(|| self.read_publications()).await?;
        Ok(ids)
    }

    async fn read_publications(&self) -> Result<Vec<String>, CallError> {
        let (mut known, mut after) = (Vec::new(), None);
        loop {
            let variables = list_publications::Variables { first: PAGE, after };
            let page = self.client.call::<ListPublications>(variables).await?.publications;
            known.extend(page.nodes.into_iter().map(|publication| (publication.name, publication.id)));
            after = page.page_info.end_cursor.filter(|_| page.page_info.has_next_page);
            if after.is_none() {
                break;
            }
        }
        let default = [ONLINE_STORE.to_owned()];
        let wanted = if self.publication_names.is_empty() { &default[..] } else { &self.publication_names[..] };
        let find =
            |name: &String| known.iter().find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, id)| id.clone());
        let names: Vec<&str> = known.iter().map(|(name, _)| name.as_str()).collect();
        let missing = |name: &String| CallError::Unmapped {
            what: format!("the sales channel `{name}`"),
            fix: format!("name one of the shop's channels in `publications`: {}", names.join(", ")),
        };
        wanted.iter().map(|name| find(name).ok_or_else(|| missing(name))).collect()
    }

    pub(super) async fn read_payments(&self, order: &str) -> Result<Vec<Payment>, CallError> {
        let variables = read_transactions::Variables { order: gid("Order", order), first: MOST_TRANSACTIONS };
        let found = self.client.call::<ReadTransactions>(variables).await?.order;
        let found = found.ok_or_else(|| CallError::Unmapped {
            what: format!("order {}", number(order)),
            fix: "the shop does not show it: orders older than 60 days need the permission read_all_orders".into(),
        })?;
        if i64::try_from(found.transactions.len()).unwrap_or(i64::MAX) >= MOST_TRANSACTIONS {
            let why = format!("order {} has {MOST_TRANSACTIONS} transactions or more: book it by hand", number(order));
            return Err(CallError::Rejected(why));
        }
        payments(found.transactions)
    }
}

/// A permission to write is one to read.
fn permits(granted: &[String], needed: &str) -> bool {
    let writing = needed.strip_prefix("read_").map(|thing| format!("write_{thing}"));
    granted.iter().any(|scope| scope == needed || Some(scope) == writing.as_ref())
}

type Transaction = read_transactions::ReadTransactionsOrderTransactions;

/// The money that came in: sales and captures that went through, each with the rounding of its cash, less the change given.
fn payments(transactions: Vec<Transaction>) -> Result<Vec<Payment>, CallError> {
    use read_transactions::{OrderTransactionKind as Kind, OrderTransactionStatus as Status};
    let mut payments: Vec<Payment> = Vec::new();
    let mut change = Vec::new();
    for transaction in transactions.into_iter().filter(|one| one.status == Status::SUCCESS) {
        let amount = moved(&transaction)?;
        match transaction.kind {
            Kind::SALE | Kind::CAPTURE => payments.push(Payment {
                reference: Some(number(&transaction.id).to_owned()),
                gateway: transaction.gateway.filter(|name| !name.is_empty()).unwrap_or_else(|| "unknown".into()),
                amount,
            }),
            Kind::CHANGE => change.push((transaction, amount)),
            _ => {}
        }
    }
    for (transaction, amount) in change {
        let parent = transaction.parent_transaction.as_ref().map(|parent| number(&parent.id).to_owned());
        let of_parent = payments.iter().position(|payment| parent.is_some() && payment.reference == parent);
        let of_gateway = payments.iter().position(|payment| Some(&payment.gateway) == transaction.gateway.as_ref());
        let Some(at) = of_parent.or(of_gateway) else {
            return Err(CallError::Rejected(format!("change of {amount} was given, but no payment in cash is known")));
        };
        payments[at].amount = payments[at].amount.minus(amount).map_err(|error| unreadable(&error))?;
    }
    payments.retain(|payment| !payment.amount.is_zero());
    Ok(payments)
}

/// What really changed hands. The amount is stated before cash was rounded, and the rounding beside it (Shopify's changelog
/// of 2025-04-24, "cash transaction rounding").
fn moved(transaction: &Transaction) -> Result<Money, CallError> {
    let shop = &transaction.amount_set.shop_money;
    let amount = money(&shop.amount, code(Some(&shop.currency_code)))?;
    match &transaction.amount_rounding_set {
        Some(set) => {
            let rounding = money(&set.shop_money.amount, code(Some(&set.shop_money.currency_code)))?;
            amount.plus(rounding).map_err(|error| unreadable(&error))
        }
        None => Ok(amount),
    }
}

fn money(amount: &str, currency: Option<String>) -> Result<Money, CallError> {
    let currency = Currency::parse(&currency.unwrap_or_default()).map_err(|error| unreadable(&error))?;
    let amount = Decimal::from_str_exact(amount).map_err(|error| unreadable(&error))?;
    Money::new(amount, currency).map_err(|error| unreadable(&error))
}

fn unreadable(error: &dyn std::fmt::Display) -> CallError {
    CallError::Rejected(format!("a transaction's amount cannot be read: {error}"))
}
