//! `[channels.catalogue]` and `[channels.prices]`: how products and prices are shown.

use super::read::{Found, Section};
use crate::storefront::{CatalogueRules, CategoryAs, ListPrice, MetafieldRule, NewProducts, PriceRules, Texts};

/// Types of metafields that hold what an office can say; each may be a list, written `list.…`.
const KINDS: [&str; 17] = [
    "boolean",
    "color",
    "date",
    "date_time",
    "dimension",
    "id",
    "json",
    "link",
    "money",
    "multi_line_text_field",
    "number_decimal",
    "number_integer",
    "rich_text_field",
    "single_line_text_field",
    "url",
    "volume",
    "weight",
];

/// The most metafields that are mapped: Shopify reads and takes so many at once.
const MOST_METAFIELDS: usize = 25;

pub(super) fn catalogue(section: &Section<'_>, category: CategoryAs) -> CatalogueRules {
    let catalogue = section.section("catalogue");
    let word = |key: &str| catalogue.text(key).map(|found| found.value);
    CatalogueRules {
        category: match word("category") {
            Some("collection") => CategoryAs::Collection,
            Some("type") => CategoryAs::ProductType,
            _ => category,
        },
        texts: match word("texts") {
            Some("always") => Texts::Always,
            _ => Texts::AtCreation,
        },
        new_products: match word("new_products") {
            Some("draft") => NewProducts::Draft,
            _ => NewProducts::Active,
        },
        metafields: metafields(&catalogue),
        create_locations: catalogue.flag("create_locations", false),
    }
}

fn metafields(catalogue: &Section<'_>) -> Vec<MetafieldRule> {
    let rows = catalogue.map("metafields");
    if rows.len() > MOST_METAFIELDS {
        let place = catalogue.value("metafields").map_or(catalogue.place(), |node| &node.place);
        catalogue.add(place, format!("{} metafields are mapped", rows.len()), format!("at most {MOST_METAFIELDS} are"));
    }
    let mut rules: Vec<MetafieldRule> = Vec::new();
    for (field, target) in rows {
        let Some(rule) = metafield(field, &target.value) else {
            let what = format!("`{}` is no metafield", target.value);
            catalogue.add(
                target.place,
                what,
                "write \"namespace.key\", such as \"custom.care\", or add its type after a blank",
            );
            continue;
        };
        if let Some(other) = rules.iter().find(|other| (&other.namespace, &other.key) == (&rule.namespace, &rule.key)) {
            let what =
                format!("`{}` and `{field}` go to the same metafield, one would overwrite the other", other.field);
            catalogue.add(target.place, what, "give each field its own metafield");
        }
        rules.push(rule);
    }
    rules
}

/// `namespace.key`, or `namespace.key type`, within the lengths Shopify takes.
fn metafield(field: &str, target: &str) -> Option<MetafieldRule> {
    let mut words = target.split_whitespace();
    let (namespace, key) = words.next()?.split_once('.')?;
    let kind = words.next().map(str::to_owned);
    let plain = |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    let proper =
        plain(namespace) && plain(key) && (3..=255).contains(&namespace.len()) && (2..=64).contains(&key.len());
    let known = kind.as_deref().is_none_or(|kind| KINDS.contains(&kind.strip_prefix("list.").unwrap_or(kind)));
    (proper && known && words.next().is_none() && !field.trim().is_empty()).then(|| MetafieldRule {
        field: field.trim().to_owned(),
        namespace: namespace.to_owned(),
        key: key.to_owned(),
        kind,
    })
}

pub(super) fn prices(section: &Section<'_>) -> PriceRules {
    let prices = section.section("prices");
    let mut rules = PriceRules::default();
    for (list, which) in prices.map("lists") {
        let Some(id) = list_id(list) else {
            let what = format!("`{list}` is no price list of a Shopify shop");
            prices.add(which.place, what, "write the list's number, or \"gid://shopify/PriceList/NUMBER\"");
            continue;
        };
        let Found { value, place } = which;
        let which = match value.as_str() {
            "" => {
                prices.add(place, format!("price list `{list}` shows nothing"), "write \"same\" or a price level");
                continue;
            }
            "same" => ListPrice::Same,
            level => ListPrice::Level(level.to_owned()),
        };
        if rules.lists.insert(id, which).is_some() {
            prices.add(place, format!("price list `{list}` stands here twice"), "keep one of the two");
        }
    }
    rules
}

/// Ids of price lists may be given as their number alone.
fn list_id(text: &str) -> Option<String> {
    const PREFIX: &str = "gid://shopify/PriceList/";
    let number = text.strip_prefix(PREFIX).unwrap_or(text);
    number.parse::<u64>().ok().map(|number| format!("{PREFIX}{number}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_metafield_is_named_by_namespace_and_key_and_may_have_a_type() {
        let rule = metafield("tab:Care", "custom.care").unwrap();
        assert_eq!((rule.namespace.as_str(), rule.key.as_str(), rule.kind), ("custom", "care", None));
        let typed = metafield("season", "custom.season  single_line_text_field").unwrap();
        assert_eq!(typed.kind.as_deref(), Some("single_line_text_field"));
        for bad in ["care", "custom.", ".care", "a.care", "custom.c", "custom.care a b", "custom.ca re", ""] {
            assert_eq!(metafield("tab:Care", bad), None, "{bad}");
        }
    }

    #[test]
    fn a_price_list_may_be_named_by_its_number() {
        assert_eq!(list_id("7").as_deref(), Some("gid://shopify/PriceList/7"));
        assert_eq!(list_id("gid://shopify/PriceList/7").as_deref(), Some("gid://shopify/PriceList/7"));
        assert_eq!(list_id("gid://shopify/Product/7"), None);
    }
}
