//! Whether a storefront can do what a channel's rules ask of it.
//!
//! What comes in: the rules, and what an adapter declares ([`crate::storefront::Abilities`]). What goes out: what is asked for and
//! missing, in the words of the configuration. Whoever starts a process refuses a channel that asks too much, so that no rule is
//! ever left out in silence.

use super::Channel;
use crate::domain::SaleMoment;
use crate::storefront::{Abilities, CategoryAs, StockFigure};

/// Something a channel asks of its storefront in vain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AsksTooMuch {
    /// What, and why not.
    pub what: String,
    /// What to write instead.
    pub fix: String,
}

impl Channel {
    /// What the rules ask for that the storefront cannot do; empty when all is well.
    #[must_use]
    pub fn asks_too_much(&self, can: &Abilities<'_>) -> Vec<AsksTooMuch> {
        let (catalogue, shop) = (&self.catalogue, &self.storefront);
        let moments: Vec<&str> = can.moments.iter().map(|moment| when(*moment)).collect();
        let figures: Vec<&str> = can.figures.iter().map(|known| figure(*known)).collect();
        let asked = [
            (
                catalogue.category == CategoryAs::ProductType && !can.product_types,
                "has no product types that a category could become".to_owned(),
                "write category = \"collection\" under [channels.catalogue]".to_owned(),
            ),
            (
                !catalogue.metafields.is_empty() && !can.metafields,
                "has no metafields".to_owned(),
                "take `metafields` out of [channels.catalogue]".to_owned(),
            ),
            (
                catalogue.create_locations && can.locations.is_none(),
                "lets nobody make locations from here".to_owned(),
                "take `create_locations` out of [channels.catalogue] and map each branch under [channels.locations]"
                    .to_owned(),
            ),
            (
                !self.prices.lists.is_empty() && can.price_lists.is_none(),
                "has no price lists of markets".to_owned(),
                "take [channels.prices.lists] out".to_owned(),
            ),
            (
                self.customers.consent && !can.consent,
                "does not say since when a consent holds, so the newer word cannot be told".to_owned(),
                "write consent = \"storefront\" under [channels.customers]".to_owned(),
            ),
            (
                !can.moments.contains(&self.sale.when),
                format!("does not tell when a sale is `{}`", when(self.sale.when)),
                format!("write when = \"{}\" under [channels.sale]", moments.join("\" or \"")),
            ),
            (
                !can.figures.contains(&self.stock.figure),
                format!("has no figure `{}` that can be set", figure(self.stock.figure)),
                format!("write figure = \"{}\" under [channels.stock]", figures.join("\" or \"")),
            ),
        ];
        let missing = asked.into_iter().filter(|(missing, ..)| *missing);
        missing.map(|(_, why, fix)| AsksTooMuch { what: format!("storefront `{shop}` {why}"), fix }).collect()
    }
}

fn when(moment: SaleMoment) -> &'static str {
    match moment {
        SaleMoment::Fulfilled => "fulfilled",
        SaleMoment::Paid => "paid",
        SaleMoment::EachFulfilment => "each_fulfilment",
    }
}

fn figure(figure: StockFigure) -> &'static str {
    match figure {
        StockFigure::OnHand => "on_hand",
        StockFigure::Available => "available",
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use async_trait::async_trait;

    use super::*;
    use crate::domain::{
        BranchCode, CallError, ChannelName, DocumentHinted, HintedKind, NewDelivery, OfficeName, StorefrontName,
    };
    use crate::policy::{CustomerRules, PaymentRules, ReconcileRules, SaleRules, StockRules};
    use crate::storefront::{
        CatalogueRules, ChangedPage, Documents, ListPrice, MetafieldRule, Picture, PictureWay, PicturesPut, PriceRules,
        ProductPictures, SalesWay,
    };

    struct Plain;

    #[async_trait]
    impl ProductPictures for Plain {
        async fn put_pictures(&self, _: &str, _: &[Picture], _: &[String]) -> Result<PicturesPut, CallError> {
            Ok(PicturesPut::default())
        }
    }

    #[async_trait]
    impl Documents for Plain {
        async fn read(&self, _: &DocumentHinted) -> Result<Option<Vec<NewDelivery>>, CallError> {
            Ok(None)
        }

        async fn changed(
            &self,
            _: HintedKind,
            _: (jiff::Timestamp, jiff::Timestamp),
            _: Option<&str>,
        ) -> Result<ChangedPage, CallError> {
            Ok(ChangedPage::default())
        }
    }

    fn plain(shop: &Plain) -> Abilities<'_> {
        Abilities {
            sales: SalesWay::Documents(shop),
            bulk: None,
            operations: None,
            listings: None,
            pictures: PictureWay::OnProducts(shop),
            price_lists: None,
            locations: None,
            webhooks: None,
            product_types: false,
            metafields: false,
            consent: false,
            moments: &[SaleMoment::Paid],
            figures: &[StockFigure::OnHand],
        }
    }

    fn channel() -> Channel {
        Channel {
            name: ChannelName::parse("kiwi").unwrap(),
            storefront: StorefrontName::parse("kiwi-web").unwrap(),
            office: OfficeName::parse("kiwi").unwrap(),
            sale: SaleRules::plain(SaleMoment::Paid, BranchCode::parse("WEB").unwrap()),
            stock: StockRules::all(StockFigure::OnHand, BTreeMap::new()),
            catalogue: CatalogueRules { category: CategoryAs::Collection, ..CatalogueRules::default() },
            prices: PriceRules::default(),
            payments: PaymentRules { codes: BTreeMap::new(), otherwise: None },
            customers: CustomerRules { consent: false, ..CustomerRules::default() },
            begins_paused: false,
            every: BTreeMap::new(),
            reconcile: ReconcileRules::default(),
        }
    }

    #[test]
    fn a_channel_that_asks_for_little_suits_a_plain_storefront() {
        assert_eq!(channel().asks_too_much(&plain(&Plain)), []);
    }

    #[test]
    fn each_thing_asked_for_in_vain_is_named_with_what_to_write_instead() {
        let mut channel = channel();
        let care =
            MetafieldRule { field: "tab:Care".into(), namespace: "custom".into(), key: "care".into(), kind: None };
        channel.catalogue =
            CatalogueRules { create_locations: true, metafields: vec![care], ..CatalogueRules::default() };
        channel.prices.lists.insert("7".into(), ListPrice::Same);
        channel.customers.consent = true;
        channel.sale.when = SaleMoment::Fulfilled;
        channel.stock.figure = StockFigure::Available;
        let found = channel.asks_too_much(&plain(&Plain));
        let what: Vec<&str> = found.iter().map(|asked| asked.what.as_str()).collect();
        assert_eq!(
            what,
            [
                "storefront `kiwi-web` has no product types that a category could become",
                "storefront `kiwi-web` has no metafields",
                "storefront `kiwi-web` lets nobody make locations from here",
                "storefront `kiwi-web` has no price lists of markets",
                "storefront `kiwi-web` does not say since when a consent holds, so the newer word cannot be told",
                "storefront `kiwi-web` does not tell when a sale is `fulfilled`",
                "storefront `kiwi-web` has no figure `available` that can be set",
            ]
        );
        assert_eq!(found[5].fix, "write when = \"paid\" under [channels.sale]");
    }
}
