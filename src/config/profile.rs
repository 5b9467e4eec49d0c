//! Profiles: the rules a channel begins with, for one kind of office and one kind of storefront.

use std::time::Duration;

use crate::office::ChangeKind;
use crate::policy::SaleMoment;
use crate::storefront::{CategoryAs, StockFigure};

/// A named set of default rules.
#[derive(Debug)]
pub struct Profile {
    /// Its name in the configuration.
    pub name: &'static str,
    /// The kind of storefront it is for.
    pub storefront: &'static str,
    /// The kind of office it is for.
    pub office: &'static str,
    /// When a web sale is booked.
    pub when: SaleMoment,
    /// Which figure the office's stock is.
    pub figure: StockFigure,
    /// What a category becomes.
    pub category: CategoryAs,
    /// Whether the newer word about marketing mail counts, whoever was told it.
    pub consent: bool,
    /// How often each kind of change is asked for.
    pub every: &'static [(ChangeKind, Duration)],
    /// A commented configuration to begin with, for `tillbridge init`.
    pub template: &'static str,
}

/// The names of [`PROFILES`], in the same order.
pub const PROFILE_NAMES: &[&str] = &["counter-intelligence-shopify", "counter-intelligence-magento2"];

/// Every profile there is.
pub const PROFILES: &[Profile] = &[
    Profile {
        name: "counter-intelligence-shopify",
        storefront: "shopify",
        office: "counter-intelligence",
        when: SaleMoment::Fulfilled,
        figure: StockFigure::OnHand,
        category: CategoryAs::ProductType,
        consent: true,
        every: COUNTER_INTELLIGENCE,
        template: include_str!("counter-intelligence-shopify.toml"),
    },
    Profile {
        name: "counter-intelligence-magento2",
        storefront: "magento2",
        office: "counter-intelligence",
        when: SaleMoment::Paid,
        figure: StockFigure::OnHand,
        category: CategoryAs::Collection,
        consent: false,
        every: COUNTER_INTELLIGENCE,
        template: include_str!("counter-intelligence-magento2.toml"),
    },
];

/// How often a Counter Intelligence office is asked.
const COUNTER_INTELLIGENCE: &[(ChangeKind, Duration)] = &[
    (ChangeKind::Products, Duration::from_secs(60)),
    (ChangeKind::Prices, Duration::from_secs(60)),
    (ChangeKind::Stock, Duration::from_secs(15)),
    (ChangeKind::Customers, Duration::from_secs(60)),
    (ChangeKind::Branches, Duration::from_secs(600)),
];

impl Profile {
    /// The profile of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        PROFILES.iter().find(|profile| profile.name == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_are_those_of_the_profiles() {
        assert_eq!(PROFILES.iter().map(|profile| profile.name).collect::<Vec<_>>(), PROFILE_NAMES);
    }
}
