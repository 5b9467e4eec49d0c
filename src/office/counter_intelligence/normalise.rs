//! Says what a changed record means. Pure.
//!
//! What comes in: a journalled delivery whose body [`super::record`] describes. What goes out: event drafts, or the reason
//! why there are none. F-326: only what is internet-active is news for a web shop; a style that is not, or no longer, is to
//! be taken off it. Next in the flow: [`crate::flow::normalise`].

use std::collections::{BTreeMap, HashSet};
use std::fmt::Display;

use jiff::Timestamp;
use serde::de::DeserializeOwned;

use super::record::{
    BranchRecord, CustomerRecord, ImageRecord, LevelFigure, PriceFigures, PriceRecord, ProductRecord, StockRecord,
    VariantRecord,
};
use crate::domain::{
    Branch, BranchCode, Consent, ConsentState, Currency, Customer, CustomerProfile, Delivery, Draft, Fact, Image,
    Money, Normalised, Price, Product, ProductArchived, Sku, StockLevel, StyleCode, Variant, Version,
};
use crate::office::ChangeKind;

/// The meaning of one delivery.
pub(super) fn normalise(delivery: &Delivery) -> Normalised {
    let content = &delivery.content;
    let meaning = match ChangeKind::from_word(&content.topic) {
        Some(ChangeKind::Products) => body(&content.body).and_then(|record| product(&record)),
        Some(ChangeKind::Prices) => body(&content.body).and_then(|record| price(&record)),
        Some(ChangeKind::Stock) => body(&content.body).and_then(|record| stock(&record)),
        Some(ChangeKind::Customers) => body(&content.body).and_then(|record| customer(&record)),
        Some(ChangeKind::Branches) => body(&content.body).and_then(|record| branch(&record)),
        None => Err(format!("no change of a Counter Intelligence office has the topic `{}`", content.topic)),
    };
    meaning.unwrap_or_else(Normalised::Rejected)
}

type Meaning = Result<Normalised, String>;

/// Reads a record. The error names the place, never what stands there: it is kept and logged.
fn body<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, String> {
    serde_json::from_slice(bytes).map_err(|error| {
        let place = format!("line {}, column {}", error.line(), error.column());
        format!("the record is not of its topic's shape at {place}")
    })
}

fn product(record: &ProductRecord) -> Meaning {
    let style = StyleCode::parse(&record.style).map_err(of("the style"))?;
    let entity = format!("product:{style}");
    if record.deleted || !record.internet_active {
        return event(
            entity,
            record.marker,
            &record.changed_at,
            Fact::ProductArchived(ProductArchived { style, deleted: record.deleted }),
        );
    }
    if record.title.trim().is_empty() {
        return Err(format!("style {style} has no title; give it one in the office"));
    }
    if record.variants.is_empty() {
        return Err(format!("style {style} has no variants; a web shop needs at least one SKU to sell"));
    }
    let currency = Currency::parse(&record.currency).map_err(of("the currency"))?;
    let (mut skus, mut looks) = (HashSet::new(), HashSet::new());
    let mut variants = Vec::with_capacity(record.variants.len());
    for VariantRecord { sku, colour, size, barcode, price } in &record.variants {
        let sku = Sku::parse(sku).map_err(of("a SKU"))?;
        if !skus.insert(sku.clone()) {
            return Err(format!("style {style} has SKU {sku} twice"));
        }
        let (colour, size) = (given(colour), given(size));
        if !looks.insert((colour.clone(), size.clone())) {
            let (colour, size) = (colour.as_deref().unwrap_or("no colour"), size.as_deref().unwrap_or("no size"));
            return Err(format!("style {style} has two SKUs in {colour}, {size}; a web shop cannot tell them apart"));
        }
        let price = figures(price, sku.clone(), style.clone(), currency)?;
        variants.push(Variant { sku, colour, size, barcode: given(barcode), price });
    }
    let images = record.images.iter().map(|image| picture(image, &style)).collect::<Result<_, _>>()?;
    let product = Product {
        style,
        title: record.title.trim().to_owned(),
        description: given(&record.description),
        brand: given(&record.brand),
        category: given(&record.category),
        category_key: given(&record.category_key),
        fields: fields(record),
        variants,
        images,
    };
    event(entity, record.marker, &record.changed_at, Fact::ProductChanged(product))
}

fn price(record: &PriceRecord) -> Meaning {
    let sku = Sku::parse(&record.sku).map_err(of("the SKU"))?;
    if let Some(reason) = unseen(&format!("the price of {sku}"), record.deleted, record.internet_active, &record.style)
    {
        return Ok(Normalised::Ignored(reason));
    }
    let style = StyleCode::parse(&record.style).map_err(of("the style"))?;
    let currency = Currency::parse(&record.currency).map_err(of("the currency"))?;
    let entity = Price::entity(&sku);
    let price = figures(&record.price, sku, style, currency)?;
    event(entity, record.marker, &record.changed_at, Fact::PriceChanged(price))
}

fn stock(record: &StockRecord) -> Meaning {
    let sku = Sku::parse(&record.sku).map_err(of("the SKU"))?;
    let branch = BranchCode::parse(&record.branch).map_err(of("the branch"))?;
    let what = format!("the stock of {sku} at {branch}");
    if let Some(reason) = unseen(&what, record.deleted, record.internet_active, &record.style) {
        return Ok(Normalised::Ignored(reason));
    }
    let on_hand =
        record.on_hand.parse().map_err(|_| format!("{what} is `{}`, which is not a whole number", record.on_hand))?;
    let entity = StockLevel::entity(&sku, &branch);
    event(entity, record.marker, &record.changed_at, Fact::StockChanged(StockLevel { sku, branch, on_hand }))
}

fn customer(record: &CustomerRecord) -> Meaning {
    let number = &record.number;
    if record.deleted {
        return Ok(Normalised::Ignored(format!(
            "customer {number} was deleted in the office; the storefront keeps the account"
        )));
    }
    let profile = CustomerProfile {
        first_name: given(&record.first_name),
        last_name: given(&record.last_name),
        email: given(&record.email).map(|email| email.to_lowercase()).filter(|email| is_email(email)),
        phone: given(&record.phone),
        billing: record.billing.clone(),
        shipping: record.shipping.clone(),
    };
    let state = match record.email_consent.as_deref() {
        Some("subscribed") => Some(ConsentState::Subscribed),
        Some("unsubscribed") => Some(ConsentState::Unsubscribed),
        _ => None,
    };
    let at = record.email_consent_at.as_deref().map(|at| moment(at, "the time of the consent")).transpose()?;
    let consent = state.zip(at).map(|(state, changed_at)| Consent { state, changed_at });
    let (web_customer, speaks, keys) = (record.web_customer, record.speaks, record.keys.clone());
    let fact = Fact::CustomerChanged(Customer { number: number.clone(), web_customer, speaks, keys, profile, consent });
    event(format!("customer:{number}"), record.marker, &record.changed_at, fact)
}

/// Whether an account could be made of it; what is malformed counts as none (F-059).
fn is_email(text: &str) -> bool {
    let Some((name, domain)) = text.split_once('@') else { return false };
    !name.is_empty() && domain.contains('.') && !domain.contains('@') && !text.contains(char::is_whitespace)
}

fn branch(record: &BranchRecord) -> Meaning {
    let code = BranchCode::parse(&record.branch).map_err(of("the branch"))?;
    let entity = format!("branch:{code}");
    let branch = Branch {
        name: given(&Some(record.name.clone())).unwrap_or_else(|| code.to_string()),
        line1: given(&record.line1),
        city: given(&record.city),
        postcode: given(&record.postcode),
        country: given(&record.country),
        closed: record.deleted,
        code,
    };
    event(entity, record.marker, &record.changed_at, Fact::BranchChanged(branch))
}

/// The further fields that say something.
fn fields(record: &ProductRecord) -> BTreeMap<String, String> {
    let said = record.fields.iter().filter_map(|(name, value)| {
        let (name, value) = (name.trim(), value.trim());
        (!name.is_empty() && !value.is_empty()).then(|| (name.to_owned(), value.to_owned()))
    });
    said.collect()
}

/// Why a SKU's figure is no news for a web shop. It comes again when its style goes online.
fn unseen(what: &str, deleted: bool, active: bool, style: &str) -> Option<String> {
    if deleted {
        return Some(format!("{what} was deleted with its SKU; the change of style {style} tells that"));
    }
    (!active).then(|| format!("{what} is not for the web: style {style} is not internet-active"))
}

fn event(entity: String, marker: i64, changed_at: &str, fact: Fact) -> Meaning {
    if marker < 1 {
        return Err(format!("the change marker is {marker}, but markers begin at 1"));
    }
    let time = moment(changed_at, "the time of change")?;
    let source_document = format!("{entity}#{marker}");
    Ok(Normalised::Events(vec![Draft { source_document, entity, version: Version(marker), time, fact }]))
}

fn figures(figures: &PriceFigures, sku: Sku, style: StyleCode, currency: Currency) -> Result<Price, String> {
    let amount_in = |text: &str, currency| {
        let amount = Money::parse(text, currency).map_err(of(&format!("the price of {sku}")))?;
        if amount.is_negative() {
            return Err(format!("the price of {sku} is {amount}; a price cannot be negative"));
        }
        Ok(amount)
    };
    let amount = |text: &str| amount_in(text, currency);
    let retail =
        figures.retail.as_deref().ok_or_else(|| format!("{sku} has no retail price; give it one in the office"))?;
    let (retail, sale) = (amount(retail)?, figures.sale.as_deref().map(amount).transpose()?);
    let time =
        |text: &Option<String>| text.as_deref().map(|text| moment(text, &format!("the sale of {sku}"))).transpose();
    let (sale_from, sale_until) = (time(&figures.sale_from)?, time(&figures.sale_until)?);
    if sale_from.zip(sale_until).is_some_and(|(from, until)| until < from) {
        return Err(format!("the sale of {sku} ends before it begins; correct its dates in the office"));
    }
    let level = |(level, figure): (&String, &LevelFigure)| {
        let currency = Currency::parse(&figure.currency).map_err(of(&format!("price level {level} of {sku}")))?;
        Ok::<_, String>((level.clone(), amount_in(&figure.amount, currency)?))
    };
    let levels = figures.levels.iter().map(level).collect::<Result<_, _>>()?;
    Ok(Price { sku, style, retail, sale, sale_from, sale_until, levels })
}

fn picture(image: &ImageRecord, style: &StyleCode) -> Result<Image, String> {
    let url = image.url.trim();
    if !(url.starts_with("https://") || url.starts_with("http://")) || url.contains(char::is_whitespace) {
        return Err(format!("a picture of style {style} has no web address; a web shop cannot fetch it"));
    }
    Ok(Image { url: url.to_owned(), alt: given(&image.alt), hash: given(&image.hash) })
}

#[allow(clippy::ref_option, reason = "a record's field as it is")]
fn given(text: &Option<String>) -> Option<String> {
    text.as_deref().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned)
}

fn moment(text: &str, what: &str) -> Result<Timestamp, String> {
    text.trim().parse().map_err(|_| format!("{what} is `{text}`, which is not a time with its offset from UTC"))
}

fn of<E: Display>(what: &str) -> impl FnOnce(E) -> String {
    let what = what.to_owned();
    move |error| format!("{what} cannot be used: {error}")
}
