//! A channel's rules: how a sale of this storefront is written in this office, and back. Pure data and functions.
//!
//! What comes in: the configuration, checked. What goes out: decisions handlers ask for. Nothing here calls anybody.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::domain::{BranchCode, ChannelName, Fact, Held, OfficeName, Placed, Sku, StorefrontName};
use crate::office::ChangeKind;
use crate::storefront::{CatalogueRules, CustomerOwners, Owner, PriceRules, StockFigure};

mod asks;
mod retention;

pub use crate::domain::SaleMoment;
pub use asks::AsksTooMuch;
pub use retention::Retention;

/// What is done with orders of a kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Treatment {
    /// They are left out.
    #[default]
    Skip,
    /// They are booked like any other.
    Book,
}

/// The rules between one storefront and one office.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Channel {
    /// Its name.
    pub name: ChannelName,
    /// The web shop.
    pub storefront: StorefrontName,
    /// The back office.
    pub office: OfficeName,
    /// How sales are booked.
    pub sale: SaleRules,
    /// How stock is shown.
    pub stock: StockRules,
    /// How products are shown.
    pub catalogue: CatalogueRules,
    /// How prices are shown beyond the shop's own.
    pub prices: PriceRules,
    /// How ways of paying are called in the office.
    pub payments: PaymentRules,
    /// Which customers cross, and who decides their fields.
    pub customers: CustomerRules,
    /// Whether it begins paused when it never was before, so that it can be checked first (F-021).
    pub begins_paused: bool,
    /// How often each kind of change is asked for.
    pub every: BTreeMap<ChangeKind, Duration>,
    /// How the storefront is asked for what it never told.
    pub reconcile: ReconcileRules,
}

/// How the storefront is asked for what it never told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReconcileRules {
    /// How often.
    pub every: Duration,
    /// How far each question reaches back over the one before.
    pub overlap: Duration,
    /// How often every product is asked for, and not only those that changed.
    pub catalogue: Duration,
}

impl Default for ReconcileRules {
    fn default() -> Self {
        Self {
            every: Duration::from_secs(15 * 60),
            overlap: Duration::from_secs(10 * 60),
            catalogue: Duration::from_secs(24 * 3600),
        }
    }
}

/// How sales are booked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SaleRules {
    /// When.
    pub when: SaleMoment,
    /// The branch that web sales count for and whose stock they move.
    pub branch: BranchCode,
    /// Orders of the storefront's own point of sale.
    pub pos_orders: Treatment,
    /// Orders placed as a test.
    pub test_orders: Treatment,
    /// The item that stands for goods the office does not know, such as custom lines and deleted products; without one such a
    /// line is a dead letter.
    pub placeholder: Option<Sku>,
}

impl SaleRules {
    /// Rules that book sales of a branch at a moment, and everything else as by default.
    #[must_use]
    pub fn plain(when: SaleMoment, branch: BranchCode) -> Self {
        Self { when, branch, pos_orders: Treatment::Skip, test_orders: Treatment::Skip, placeholder: None }
    }

    /// Why an order is left out, if it is.
    #[must_use]
    pub fn skips(&self, placed: Placed) -> Option<&'static str> {
        if placed.test && self.test_orders == Treatment::Skip {
            return Some("it is a test order, which this channel leaves out (`test_orders`)");
        }
        if placed.at_till && self.pos_orders == Treatment::Skip {
            return Some("it was sold at the storefront's point of sale, which this channel leaves out (`pos_orders`)");
        }
        None
    }

    /// Why a fact is no news for this channel, if it is none.
    #[must_use]
    pub fn declines(&self, fact: &Fact) -> Option<String> {
        let (matters, placed) = match fact {
            Fact::SaleInvoiced(sale) => (sale.moment == self.when, Some(sale.placed)),
            Fact::OrderChanged(change) => (change.matters_at.contains(&self.when), change.placed),
            Fact::SaleCredited(credit) => (true, credit.placed),
            _ => return None,
        };
        if let Some(why) = placed.and_then(|placed| self.skips(placed)) {
            return Some(why.to_owned());
        }
        let when = match self.when {
            SaleMoment::Fulfilled => "when all of an order has been shipped",
            SaleMoment::Paid => "when an order has been paid",
            SaleMoment::EachFulfilment => "with each shipment",
        };
        (!matters).then(|| format!("this channel books {when}"))
    }
}

/// How stock is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StockRules {
    /// Which figure the office's figure is.
    pub figure: StockFigure,
    /// Branch to storefront location; branches that are not named here are not shown.
    pub locations: BTreeMap<BranchCode, String>,
    /// With fewer pieces than this to be sold, none are shown.
    pub show_from: i64,
    /// Pieces kept back at every branch.
    pub safety: i64,
    /// Pieces kept back at these branches instead.
    pub safety_at: BTreeMap<BranchCode, i64>,
}

impl StockRules {
    /// Figures as the office has them: everywhere, all of them.
    #[must_use]
    pub fn all(figure: StockFigure, locations: BTreeMap<BranchCode, String>) -> Self {
        Self { figure, locations, show_from: 0, safety: 0, safety_at: BTreeMap::new() }
    }

    /// The figure to be shown (P5): what the office has, less what web orders hold of it without a document in the books, less
    /// what is kept back. A storefront whose own shelf is set takes pieces that are still to be shipped off by itself, so they
    /// stay on it.
    #[must_use]
    pub fn target(&self, branch: &BranchCode, office: i64, held: Held) -> i64 {
        let kept_back = self.safety_at.get(branch).copied().unwrap_or(self.safety);
        let there = office.saturating_sub(held.unbooked);
        let to_sell = if there > 0 { there.saturating_sub(kept_back).max(0) } else { there };
        let to_sell = if to_sell < self.show_from { to_sell.min(0) } else { to_sell };
        match self.figure {
            StockFigure::OnHand => to_sell.saturating_add(held.open),
            StockFigure::Available => to_sell,
        }
    }

    /// The branch shown at a storefront location, however its id is written: `gid://shopify/Location/7` or `7`.
    #[must_use]
    pub fn branch_at(&self, location: &str) -> Option<&BranchCode> {
        let bare = |id: &str| id.rsplit('/').next().unwrap_or_default().to_owned();
        self.locations.iter().find(|(_, shown_at)| bare(shown_at) == bare(location)).map(|(branch, _)| branch)
    }
}

/// Which of the office's customers are sent to the storefront.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SendCustomers {
    /// None.
    None,
    /// Those the office marks as customers of the web.
    Web,
    /// All that have an e-mail address.
    All,
}

/// When a storefront's account becomes a customer of the office.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReceiveCustomers {
    /// With its first invoice or credit note (F-335).
    WithDocuments,
    /// As soon as it is made or changed (F-345).
    Always,
}

/// Which customers cross, and who decides their fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CustomerRules {
    /// Outward.
    pub send: SendCustomers,
    /// Inward.
    pub receive: ReceiveCustomers,
    /// Who decides which field of an account.
    pub owners: CustomerOwners,
    /// Whether a newer consent of the office is written.
    pub consent: bool,
}

impl Default for CustomerRules {
    fn default() -> Self {
        let owners = CustomerOwners {
            names: Owner::Office,
            // People log in with it.
            email: Owner::Storefront,
            phone: Owner::Office,
            addresses: Owner::Office,
        };
        Self { send: SendCustomers::Web, receive: ReceiveCustomers::WithDocuments, owners, consent: true }
    }
}

/// How ways of paying are called in the office.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentRules {
    /// Storefront gateway to office pay code.
    pub codes: BTreeMap<String, String>,
    /// Pay code for gateways that are not named; without one such a payment is a dead letter that names the gateway.
    pub otherwise: Option<String>,
}

impl PaymentRules {
    /// The office's pay code for a gateway.
    #[must_use]
    pub fn code(&self, gateway: &str) -> Option<&str> {
        self.codes.get(gateway).or(self.otherwise.as_ref()).map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn branch(code: &str) -> BranchCode {
        BranchCode::parse(code).unwrap()
    }

    #[test]
    fn what_the_web_has_sold_and_the_office_has_not_booked_is_not_shown_again() {
        let mut rules = StockRules::all(StockFigure::Available, BTreeMap::new());
        let web = branch("WEB");
        assert_eq!(rules.target(&web, 10, Held { open: 2, unbooked: 5 }), 5);
        rules.figure = StockFigure::OnHand;
        assert_eq!(
            rules.target(&web, 10, Held { open: 2, unbooked: 5 }),
            7,
            "the shop takes the two open ones off itself"
        );
        assert_eq!(
            rules.target(&web, 8, Held { open: 2, unbooked: 0 }),
            10,
            "booked before it is shipped: still on the shelf"
        );
    }

    #[test]
    fn few_pieces_are_not_shown_and_some_are_kept_back() {
        let mut rules = StockRules::all(StockFigure::Available, BTreeMap::new());
        (rules.show_from, rules.safety) = (3, 1);
        rules.safety_at.insert(branch("AKL"), 0);
        let shown = |at: &str, office| rules.target(&branch(at), office, Held::default());
        assert_eq!((shown("WEB", 4), shown("WEB", 3), shown("AKL", 3), shown("AKL", 2)), (3, 0, 3, 0));
        assert_eq!(shown("WEB", -2), -2, "what is oversold already is told");
    }
}
