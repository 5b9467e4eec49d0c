//! `[[channels]]`: the rules between one storefront and one office, from a profile and what overrides it.

use std::collections::{BTreeMap, BTreeSet};

use super::catalogue;
use super::keys;
use super::nearest::did_you_mean;
use super::problem::Place;
use super::profile::Profile;
use super::read::{Found, Section};
use super::sides::{PLAIN_HINT, is_plain};
use super::tree::{Node, Value};
use crate::domain::{BranchCode, ChannelName, OfficeName, Sku, StorefrontName};
use crate::office::ChangeKind;
use crate::policy::{
    Channel, CustomerRules, PaymentRules, ReceiveCustomers, ReconcileRules, SaleMoment, SaleRules, SendCustomers,
    StockRules, Treatment,
};
use crate::storefront::{CategoryAs, Owner, StockFigure};

/// The kinds of the sides by name, as the file has them; those with other problems included, so that one mistake is not
/// reported twice.
pub(super) struct Sides<'a> {
    storefronts: BTreeMap<&'a str, Option<&'a str>>,
    offices: BTreeMap<&'a str, Option<&'a str>>,
}

impl<'a> Sides<'a> {
    pub fn of(root: &Section<'a>) -> Self {
        let kinds = |key, known: &dyn Fn(&str) -> bool| {
            let tables = root.named(key).into_iter();
            let kind = |table: Section<'a>| table.value("kind").and_then(Node::text).filter(|kind| known(kind));
            tables.map(|(name, table)| (name, kind(table))).collect()
        };
        Self {
            storefronts: kinds("storefronts", &|kind| keys::STOREFRONTS.iter().any(|(known, _)| *known == kind)),
            offices: kinds("offices", &|kind| keys::OFFICES.iter().any(|(known, _)| *known == kind)),
        }
    }
}

pub(super) fn channels(root: &Section<'_>) -> Vec<Channel> {
    let Some(Value::List(items)) = root.value("channels").map(|node| &node.value) else { return Vec::new() };
    if items.is_empty() {
        root.add(root.place(), "there is no channel", "add [[channels]]");
    }
    let sides = Sides::of(root);
    let mut names = BTreeSet::new();
    let read = |item| channel(&Section::of(root.context, item), &sides, &mut names);
    items.iter().filter_map(read).collect()
}

fn channel(section: &Section<'_>, sides: &Sides<'_>, names: &mut BTreeSet<String>) -> Option<Channel> {
    let name = channel_name(section, names);
    let storefront = section.name("storefront", |name| StorefrontName::parse(name));
    let office = section.name("office", |name| OfficeName::parse(name));
    let storefront_kind = storefront
        .as_ref()
        .and_then(|found| known(section, "storefront", found, found.value.as_str(), &sides.storefronts));
    let office_kind =
        office.as_ref().and_then(|found| known(section, "office", found, found.value.as_str(), &sides.offices));
    let profile = section.text("profile").and_then(|found| {
        let profile = Profile::named(found.value)?;
        fits(section, found.place, profile, storefront_kind, office_kind).then_some(profile)
    });
    let branch = branch(&section.section("sale"), section.place());
    let catalogue = catalogue::catalogue(section, profile.map_or(CategoryAs::default(), |profile| profile.category));
    let locations = locations(section, storefront_kind, catalogue.create_locations);
    let payments = payments(section);
    let customers = customers(&section.section("customers"), profile.is_none_or(|profile| profile.consent));
    let (profile, branch) = (profile?, branch?);
    let sale = sale(&section.section("sale"), profile, branch);
    let figure = figure(&section.section("stock")).unwrap_or(profile.figure);
    let as_the_profile = (sale.when, figure) == (profile.when, profile.figure);
    if sale.when == SaleMoment::Paid && figure == StockFigure::OnHand && !as_the_profile {
        section.add(
            section.section("sale").value("when").map_or(section.place(), |node| &node.place),
            "`when = \"paid\"` takes goods off the office's stock before they leave, so its figure cannot be `on_hand`",
            "write figure = \"available\" beneath [channels.stock], or book when orders are fulfilled",
        );
    }
    Some(Channel {
        name: name?,
        storefront: storefront?.value,
        office: office?.value,
        sale,
        stock: StockRules { figure, ..stock(&section.section("stock"), profile, locations) },
        catalogue,
        prices: catalogue::prices(section),
        payments,
        reconcile: {
            let (reconcile, default) = (section.section("reconcile"), ReconcileRules::default());
            ReconcileRules {
                every: reconcile.duration("every", default.every),
                overlap: reconcile.duration("overlap", default.overlap),
                catalogue: reconcile.duration("catalogue", default.catalogue),
            }
        },
        customers,
        begins_paused: section.text("begins").is_some_and(|found| found.value == "paused"),
        every: {
            let every = section.section("every");
            let all = profile.every.iter().map(|(kind, default)| (*kind, every.duration(kind.as_str(), *default)));
            let asked = |kind: ChangeKind| kind != ChangeKind::Customers || customers.send != SendCustomers::None;
            all.filter(|(kind, _)| asked(*kind)).collect()
        },
    })
}

fn customers(section: &Section<'_>, consent: bool) -> CustomerRules {
    let mut rules = CustomerRules::default();
    let word = |key| section.text(key).map(|found| found.value);
    match word("send") {
        Some("web") => rules.send = SendCustomers::Web,
        Some("all") => rules.send = SendCustomers::All,
        Some("none") => rules.send = SendCustomers::None,
        _ => {}
    }
    if word("receive") == Some("always") {
        rules.receive = ReceiveCustomers::Always;
    }
    let owners = &mut rules.owners;
    for (key, owner) in [
        ("names", &mut owners.names),
        ("email", &mut owners.email),
        ("phone", &mut owners.phone),
        ("addresses", &mut owners.addresses),
    ] {
        match word(key) {
            Some("office") => *owner = Owner::Office,
            Some("storefront") => *owner = Owner::Storefront,
            _ => {}
        }
    }
    rules.consent = word("consent").map_or(consent, |word| word != "storefront");
    rules
}

fn channel_name(section: &Section<'_>, names: &mut BTreeSet<String>) -> Option<ChannelName> {
    let found = section.text("name")?;
    if !is_plain(found.value) {
        section.add(found.place, format!("`{}` cannot be a channel's name", found.value), PLAIN_HINT);
        return None;
    }
    if !names.insert(found.value.to_owned()) {
        section.add(found.place, format!("two channels are named `{}`", found.value), "give each its own name");
        return None;
    }
    ChannelName::parse(found.value).ok()
}

/// The kind of the storefront or office that is named, which must be in the file.
fn known<'a, T>(
    section: &Section<'_>,
    what: &str,
    found: &Found<'_, T>,
    name: &str,
    sides: &BTreeMap<&'a str, Option<&'a str>>,
) -> Option<&'a str> {
    if let Some(kind) = sides.get(name) {
        return *kind;
    }
    let hint = if sides.is_empty() {
        format!("add [{what}s.{name}]")
    } else {
        format!("{}; otherwise add [{what}s.{name}]", did_you_mean(name, sides.keys().copied()))
    };
    section.add(found.place, format!("there is no {what} `{name}`"), hint);
    None
}

fn fits(
    section: &Section<'_>,
    place: &Place,
    profile: &Profile,
    storefront: Option<&str>,
    office: Option<&str>,
) -> bool {
    let wrong =
        storefront.is_some_and(|kind| kind != profile.storefront) || office.is_some_and(|kind| kind != profile.office);
    if wrong {
        let what = format!(
            "profile `{}` joins a {} office to a {} storefront, which this channel does not",
            profile.name, profile.office, profile.storefront
        );
        section.add(place, what, "choose the profile for the kinds of this channel's office and storefront");
    }
    !wrong
}

fn branch(sale: &Section<'_>, channel: &Place) -> Option<BranchCode> {
    if sale.value("branch").is_none() {
        sale.add(
            sale.node.map_or(channel, |node| &node.place),
            "[channels.sale] lacks `branch`: no branch is named that web sales count for",
            "add branch = \"…\" beneath [channels.sale], with a branch code of the office",
        );
    }
    sale.name("branch", |code| BranchCode::parse(code)).map(|found| found.value)
}

fn sale(sale: &Section<'_>, profile: &Profile, branch: BranchCode) -> SaleRules {
    SaleRules {
        pos_orders: treatment(sale, "pos_orders"),
        test_orders: treatment(sale, "test_orders"),
        placeholder: sale.name("placeholder_sku", |sku| Sku::parse(sku)).map(|found| found.value),
        ..SaleRules::plain(when(sale).unwrap_or(profile.when), branch)
    }
}

fn when(sale: &Section<'_>) -> Option<SaleMoment> {
    let word = sale.text("when")?.value;
    SaleMoment::ALL.into_iter().find(|moment| moment.as_str() == word)
}

fn treatment(sale: &Section<'_>, key: &str) -> Treatment {
    match sale.text(key).map(|found| found.value) {
        Some("book") => Treatment::Book,
        _ => Treatment::Skip,
    }
}

fn stock(section: &Section<'_>, profile: &Profile, locations: BTreeMap<BranchCode, String>) -> StockRules {
    let pieces = |key: &str| i64::from(section.number(key, 0, 1_000_000));
    let mut safety_at = BTreeMap::new();
    for (branch, pieces) in section.map("safety_at") {
        let Some((code, count)) = BranchCode::parse(branch).ok().zip(pieces.value.parse::<i64>().ok()) else {
            let what = format!("`{branch} = {}` keeps no number of pieces back", pieces.value);
            section.add(pieces.place, what, "write the branch's code and a whole number of pieces, such as AKL = 2");
            continue;
        };
        if !locations.contains_key(&code) {
            let what = format!("branch `{code}` keeps pieces back, but is not shown");
            section.add(pieces.place, what, "name it beneath [channels.locations], or take it away here");
        }
        safety_at.insert(code, count.max(0));
    }
    StockRules {
        show_from: pieces("show_from"),
        safety: pieces("safety"),
        safety_at,
        ..StockRules::all(figure(section).unwrap_or(profile.figure), locations)
    }
}

fn figure(stock: &Section<'_>) -> Option<StockFigure> {
    match stock.text("figure")?.value {
        "on_hand" => Some(StockFigure::OnHand),
        "available" => Some(StockFigure::Available),
        _ => None,
    }
}

fn locations(
    section: &Section<'_>,
    storefront_kind: Option<&str>,
    made_on_demand: bool,
) -> BTreeMap<BranchCode, String> {
    let rows = section.map("locations");
    if rows.is_empty() && !made_on_demand && section.value("locations").is_none_or(|node| node.table().is_some()) {
        section.add(
            section.value("locations").map_or(section.place(), |node| &node.place),
            "[channels.locations] names no branch: no stock would be shown",
            match storefront_kind {
                Some("magento2") => {
                    "add WEB = \"default\", a source's code, beneath [channels.locations]; `tillbridge check` lists both sides"
                }
                _ => "add AKL = \"gid://shopify/Location/1\" beneath [channels.locations]; `tillbridge check` lists both sides",
            },
        );
    }
    let mut locations: BTreeMap<BranchCode, String> = BTreeMap::new();
    for (branch, location) in rows {
        let Ok(branch) = BranchCode::parse(branch) else {
            section.add(location.place, format!("`{branch}` cannot be a branch code"), "use the code of the office");
            continue;
        };
        let Some(id) = location_id(&location.value, storefront_kind) else {
            let what = format!("`{}` is no location of a Shopify shop", location.value);
            section.add(location.place, what, "write the location's number, or \"gid://shopify/Location/NUMBER\"");
            continue;
        };
        if let Some((other, _)) = locations.iter().find(|(_, known)| **known == id) {
            let what = format!(
                "branches `{other}` and `{branch}` are shown at the same location, one would overwrite the other"
            );
            section.add(location.place, what, "give each branch its own location");
        }
        locations.insert(branch, id);
    }
    locations
}

/// Shopify's ids of locations may be given as their number alone.
fn location_id(text: &str, storefront_kind: Option<&str>) -> Option<String> {
    if storefront_kind != Some("shopify") {
        return Some(text.to_owned());
    }
    const PREFIX: &str = "gid://shopify/Location/";
    let number = text.strip_prefix(PREFIX).unwrap_or(text);
    number.parse::<u64>().ok().map(|number| format!("{PREFIX}{number}"))
}

fn payments(section: &Section<'_>) -> PaymentRules {
    let payments = section.section("payments");
    let mut codes = BTreeMap::new();
    for (gateway, code) in payments.map("codes") {
        if code.value.is_empty() {
            payments.add(code.place, format!("the pay code for `{gateway}` is empty"), "write the office's pay code");
        }
        codes.insert(gateway.to_owned(), code.value);
    }
    let otherwise = payments.text("otherwise").map(|found| found.value.to_owned());
    if codes.is_empty() && payments.value("codes").is_none() && payments.value("otherwise").is_none() {
        payments.add(
            payments.node.map_or(section.place(), |node| &node.place),
            "[channels.payments] names no pay code: no sale could be booked",
            "add codes = { shopify_payments = \"WEB-CC\" } or otherwise = \"WEB\" beneath [channels.payments]",
        );
    }
    PaymentRules { codes, otherwise }
}
