//! Magento's `searchCriteria`: filters that all hold, an order, a page.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::storefront::magento2::normalise::Id;

/// A search being put together.
#[derive(Debug, Clone, Default)]
pub(super) struct Search {
    filters: Vec<(String, &'static str, String)>,
    sorts: Vec<&'static str>,
    page: (usize, usize),
}

/// What a listing answers.
#[derive(Deserialize)]
pub(super) struct Listed {
    /// Null where there is nothing, in some versions.
    #[serde(default, deserialize_with = "maybe")]
    pub items: Vec<Box<RawValue>>,
    pub total_count: Id,
}

fn maybe<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<Box<RawValue>>, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

impl Search {
    pub fn new() -> Self {
        Self::default()
    }

    /// One more condition that has to hold.
    pub fn and(mut self, field: &str, condition: &'static str, value: &str) -> Self {
        self.filters.push((field.to_owned(), condition, value.to_owned()));
        self
    }

    /// One more field to sort by.
    pub fn ascending(mut self, field: &'static str) -> Self {
        self.sorts.push(field);
        self
    }

    /// Which page, counted from one, of what size. Without a size Magento would answer everything.
    pub fn page(mut self, page: usize, size: usize) -> Self {
        self.page = (page, size);
        self
    }

    /// The parameters: each filter in a group of its own, because groups are what all has to hold.
    pub fn query(&self) -> Vec<(String, String)> {
        let mut query = Vec::new();
        for (group, (field, condition, value)) in self.filters.iter().enumerate() {
            let filter = format!("searchCriteria[filter_groups][{group}][filters][0]");
            query.push((format!("{filter}[field]"), field.clone()));
            query.push((format!("{filter}[value]"), value.clone()));
            query.push((format!("{filter}[condition_type]"), (*condition).to_owned()));
        }
        for (place, field) in self.sorts.iter().enumerate() {
            query.push((format!("searchCriteria[sortOrders][{place}][field]"), (*field).to_owned()));
            query.push((format!("searchCriteria[sortOrders][{place}][direction]"), "ASC".to_owned()));
        }
        query.push(("searchCriteria[pageSize]".to_owned(), self.page.1.to_string()));
        query.push(("searchCriteria[currentPage]".to_owned(), self.page.0.to_string()));
        query
    }
}

/// A moment as Magento keeps it: UTC to the second, without saying so.
pub(super) fn moment(at: Timestamp) -> String {
    at.to_zoned(TimeZone::UTC).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_conditions_hold_and_the_page_is_bounded() {
        let search = Search::new().and("updated_at", "gteq", "2026-11-01 00:00:00").and("state", "eq", "2");
        let query = search.ascending("updated_at").ascending("entity_id").page(3, 100).query();
        let text: Vec<String> = query.iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(
            text,
            [
                "searchCriteria[filter_groups][0][filters][0][field]=updated_at",
                "searchCriteria[filter_groups][0][filters][0][value]=2026-11-01 00:00:00",
                "searchCriteria[filter_groups][0][filters][0][condition_type]=gteq",
                "searchCriteria[filter_groups][1][filters][0][field]=state",
                "searchCriteria[filter_groups][1][filters][0][value]=2",
                "searchCriteria[filter_groups][1][filters][0][condition_type]=eq",
                "searchCriteria[sortOrders][0][field]=updated_at",
                "searchCriteria[sortOrders][0][direction]=ASC",
                "searchCriteria[sortOrders][1][field]=entity_id",
                "searchCriteria[sortOrders][1][direction]=ASC",
                "searchCriteria[pageSize]=100",
                "searchCriteria[currentPage]=3",
            ]
        );
    }

    #[test]
    fn moments_are_written_in_utc_to_the_second() {
        assert_eq!(moment("2026-11-01T12:30:00.9+13:00".parse().unwrap()), "2026-10-31 23:30:00");
    }

    #[test]
    fn a_listing_without_items_is_empty() {
        let listed: Listed = serde_json::from_str(r#"{"items":null,"total_count":"0"}"#).unwrap();
        assert_eq!((listed.items.len(), listed.total_count), (0, Id(0)));
    }
}
