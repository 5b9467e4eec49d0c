//! Finds accounts nobody told of.
//!
//! What comes in: a moment. What goes out: the customers that changed since, oldest change first, each with the delivery that
//! would have told of it. Its body has the fields of Shopify's customer webhooks that are read, and the topic
//! `customers/reconciled`. Next in the flow: [`super::normalise`].

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::Shopify;
use super::graphql::{ListCustomers, list_customers, number};
use super::normalise::{TOPIC_ACCOUNT_RECONCILED, account_entity, account_version};
use super::reconcile::changed_since;
use super::refusal::code;
use crate::domain::{CallError, NewDelivery, Origin};
use crate::storefront::{AccountPage, ListedAccount};

/// Rows of a page.
const PAGE: i64 = 100;

type Node = list_customers::ListCustomersCustomersNodes;
type PostalAddress = list_customers::ListCustomersCustomersNodesDefaultAddress;

impl Shopify {
    pub(super) async fn list_accounts(&self, since: Timestamp, after: Option<&str>) -> Result<AccountPage, CallError> {
        let search = changed_since(since);
        let variables = list_customers::Variables { first: PAGE, after: after.map(str::to_owned), search };
        let page = self.client.call::<ListCustomers>(variables).await?.customers;
        let next = page.page_info.end_cursor.filter(|_| page.page_info.has_next_page);
        let accounts = page.nodes.into_iter().map(|node| self.listed_account(node)).collect::<Result<_, _>>()?;
        Ok(AccountPage { accounts, next })
    }

    fn listed_account(&self, node: Node) -> Result<ListedAccount, CallError> {
        let unclear = |what: &str| CallError::Rejected(format!("a listed customer's {what} cannot be read"));
        let changed_at: Timestamp = node.updated_at.parse().map_err(|_| unclear("time of change"))?;
        let id: u64 = number(&node.id).parse().map_err(|_| unclear("id"))?;
        let body = serde_json::to_vec(&body(id, node)).map_err(|_| unclear("record"))?;
        Ok(ListedAccount {
            account: id.to_string(),
            entity: account_entity(id),
            version: account_version(changed_at),
            news: NewDelivery {
                origin: Origin::storefront(self.name.as_str()),
                topic: TOPIC_ACCOUNT_RECONCILED.to_owned(),
                dedupe_key: format!("{TOPIC_ACCOUNT_RECONCILED}:{id}@{changed_at}"),
                fold_key: None,
                headers: BTreeMap::new(),
                body: body.into(),
            },
        })
    }
}

fn body(id: u64, node: Node) -> Value {
    json!({
        "id": id,
        "updated_at": node.updated_at,
        "first_name": node.first_name,
        "last_name": node.last_name,
        "email": node.default_email_address.map(|email| email.email_address),
        "phone": node.default_phone_number.map(|phone| phone.phone_number),
        "default_address": node.default_address.map(address),
    })
}

fn address(from: PostalAddress) -> Value {
    json!({
        "first_name": from.first_name,
        "last_name": from.last_name,
        "company": from.company,
        "address1": from.address1,
        "address2": from.address2,
        "city": from.city,
        "province_code": from.province_code,
        "zip": from.zip,
        "country_code": code(from.country_code_v2),
        "phone": from.phone,
    })
}
