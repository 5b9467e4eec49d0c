//! The shop and the adapter were written apart; what one invents must balance in the other, to the smallest unit.

use std::collections::BTreeMap;

use bytes::Bytes;
use jiff::Timestamp;
use proptest::prelude::*;
use tillbridge::domain::{
    Credit, Currency, Delivery, DeliveryId, Fact, Money, NewDelivery, Normalised, Origin, Sale, Secret, StorefrontName,
};
use tillbridge::sandbox::shopify::lives::{Life, invented_catalogue};
use tillbridge::storefront::Storefront as _;
use tillbridge::storefront::shopify::{Access, DEFAULT_KEY_NAMESPACE, Shopify, ShopifyConfig};

fn adapter() -> Shopify {
    // Only the first installation in a process counts.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Shopify::new(ShopifyConfig {
        name: StorefrontName::parse("kiwi-web").unwrap(),
        shop: "kiwi-web.myshopify.com".to_owned(),
        endpoint: None,
        access: Access::Token(Secret::new("token".to_owned())),
        webhook_secrets: vec![Secret::new("secret".to_owned())],
        publications: Vec::new(),
        pos_key_namespace: DEFAULT_KEY_NAMESPACE.to_owned(),
    })
    .unwrap()
}

fn facts(adapter: &Shopify, topic: &str, body: Bytes) -> Vec<Fact> {
    let content = NewDelivery {
        origin: Origin::storefront("kiwi-web"),
        topic: topic.to_owned(),
        dedupe_key: "only".to_owned(),
        fold_key: None,
        headers: BTreeMap::new(),
        body,
    };
    let delivery = Delivery { id: DeliveryId(uuid::Uuid::nil()), received_at: Timestamp::UNIX_EPOCH, content };
    match adapter.normalise(&delivery) {
        Normalised::Events(events) => events.into_iter().map(|event| event.fact).collect(),
        other => panic!("{topic}: {other:?}"),
    }
}

/// The invoice and the credits that come with it.
fn invoice(facts: Vec<Fact>) -> (Sale, Vec<Credit>) {
    let mut sale = None;
    let mut credits = Vec::new();
    for fact in facts {
        match fact {
            Fact::SaleInvoiced(one) => sale = Some(one),
            Fact::SaleCredited(one) => credits.push(one),
            other => panic!("{other:?}"),
        }
    }
    (sale.unwrap(), credits)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn every_invented_life_balances_in_the_adapter(
        seed in any::<u32>(), code in prop::sample::select(vec!["NZD", "JPY", "KWD"]), taxes_included in any::<bool>(),
    ) {
        let currency = Currency::parse(code).unwrap();
        let life = Life::generate(u64::from(seed), currency, taxes_included, &invented_catalogue(currency, 30));
        let expected = life.expected();
        let adapter = adapter();
        let (sale, early) = invoice(facts(&adapter, "orders/fulfilled", life.order_fulfilled_body()));
        sale.check_balance().unwrap();
        prop_assert_eq!(sale.to_pay().unwrap(), expected.captured);
        for credit in early {
            credit.check_balance(taxes_included).unwrap();
        }
        let mut moved = Money::zero(currency);
        for body in life.refund_bodies() {
            for fact in facts(&adapter, "refunds/create", body) {
                let Fact::SaleCredited(credit) = fact else { panic!("a refund is a credit: {fact:?}") };
                credit.check_balance(taxes_included).unwrap();
                moved = Money::sum(currency, credit.refunds.iter().map(|refund| refund.amount).chain([moved])).unwrap();
            }
        }
        prop_assert_eq!(moved, expected.refunded);
    }
}
