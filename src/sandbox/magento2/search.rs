//! `searchCriteria`: filters, order and pages, with the shop's quirks.
//!
//! What comes in: the query of a call and the rows of a collection as they are printed. What goes out: the page, the criteria
//! and the count. A page past the end is the last page again; without the parameter at all a list is refused; without a page
//! size everything comes.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::request::{Refusal, Reply};

/// What is looked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Criteria {
    /// Groups that must all hold; in each, one filter is enough.
    pub groups: BTreeMap<u32, BTreeMap<u32, Filter>>,
    /// Field and whether upwards.
    pub order: BTreeMap<u32, (String, bool)>,
    /// Rows of a page.
    pub size: Option<usize>,
    /// Which page, from 1.
    pub page: usize,
}

/// One condition.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Filter {
    pub field: String,
    pub value: String,
    pub condition: String,
}

impl Criteria {
    /// Reads a query; `cap` is the shop's largest page.
    pub(super) fn read(query: &[(String, String)], cap: Option<usize>) -> Result<Self, Refusal> {
        let ours: Vec<_> = query.iter().filter(|(name, _)| is_ours(name)).collect();
        if ours.is_empty() {
            return Err(Refusal::required("searchCriteria"));
        }
        let mut criteria = Self { page: 1, ..Self::default() };
        for (name, value) in ours {
            criteria.take(&parts(name), value)?;
        }
        if let (Some(size), Some(cap)) = (criteria.size, cap)
            && size > cap
        {
            return Err(Refusal::bad_with("Maximum SearchCriteria pageSize is %max", json!({ "max": cap })));
        }
        Ok(criteria)
    }

    fn take(&mut self, parts: &[&str], value: &str) -> Result<(), Refusal> {
        let number = |text: &str| text.parse::<u32>().map_err(|_| wrong_type(text));
        match parts {
            [] => {}
            ["filter_groups" | "filterGroups", group, "filters", filter, field] => {
                let filter = self.groups.entry(number(group)?).or_default().entry(number(filter)?).or_default();
                match *field {
                    "field" => value.clone_into(&mut filter.field),
                    "value" => value.clone_into(&mut filter.value),
                    "condition_type" | "conditionType" => value.clone_into(&mut filter.condition),
                    _ => return Err(wrong_type(field)),
                }
            }
            ["sortOrders" | "sort_orders", at, what] => {
                let order = self.order.entry(number(at)?).or_default();
                match *what {
                    "field" => value.clone_into(&mut order.0),
                    "direction" => order.1 = value.eq_ignore_ascii_case("asc"),
                    _ => return Err(wrong_type(what)),
                }
            }
            ["pageSize" | "page_size"] => self.size = Some(value.parse().map_err(|_| wrong_type(value))?),
            ["currentPage" | "current_page"] => {
                self.page = value.parse().map_err(|_| wrong_type(value))?;
            }
            _ => return Err(wrong_type(&parts.join("/"))),
        }
        Ok(())
    }

    /// The numbers a field must be one of, where a condition says so: what cannot be found then need not be printed.
    pub(super) fn one_of(&self, field: &str) -> Option<BTreeSet<u64>> {
        self.groups.values().find_map(|group| {
            let mut filters = group.values();
            let (only, None) = (filters.next()?, filters.next()) else { return None };
            let listed = only.field == field && matches!(only.condition.as_str(), "" | "eq" | "in");
            listed.then(|| only.value.split(',').map(|one| one.trim().parse().ok()).collect()).flatten()
        })
    }

    /// The page of these rows. `columns` are the fields the collection can be searched by.
    pub(super) fn page(&self, rows: Vec<Value>, columns: &[&str]) -> Reply {
        let filters = self.groups.values().flat_map(BTreeMap::values);
        for field in filters.map(|filter| &filter.field).chain(self.order.values().map(|order| &order.0)) {
            if !columns.contains(&field.as_str()) {
                // The real shop hands the database an unknown column and hides what it says.
                return Err(Refusal { status: 500, ..Refusal::bad(super::server::MASKED) });
            }
        }
        let mut found: Vec<Value> = rows.into_iter().filter(|row| self.admits(row)).collect();
        found.sort_by(|one, other| {
            let compared = self.order.values().map(|(field, upwards)| {
                let ordering = compare(&shown(one, field), &shown(other, field));
                if *upwards { ordering } else { ordering.reverse() }
            });
            compared.into_iter().find(|ordering| *ordering != Ordering::Equal).unwrap_or(Ordering::Equal)
        });
        let total = found.len();
        if let Some(size) = self.size.filter(|size| *size > 0) {
            let last = total.div_ceil(size).max(1);
            let page = self.page.clamp(1, last);
            found = found.into_iter().skip((page - 1) * size).take(size).collect();
        }
        Ok(json!({ "items": found, "search_criteria": self.told(), "total_count": total }))
    }

    fn admits(&self, row: &Value) -> bool {
        self.groups.values().all(|group| group.values().any(|filter| filter.admits(row)))
    }

    fn told(&self) -> Value {
        let filter = |filter: &Filter| {
            let condition = if filter.condition.is_empty() { "eq" } else { &filter.condition };
            json!({ "field": filter.field, "value": filter.value, "condition_type": condition })
        };
        let groups: Vec<Value> = self
            .groups
            .values()
            .map(|group| json!({ "filters": group.values().map(filter).collect::<Vec<_>>() }))
            .collect();
        let mut told = json!({ "filter_groups": groups });
        if !self.order.is_empty() {
            let orders = self.order.values();
            let orders: Vec<Value> = orders
                .map(|(field, up)| json!({ "field": field, "direction": if *up { "ASC" } else { "DESC" } }))
                .collect();
            told["sort_orders"] = Value::Array(orders);
        }
        if let Some(size) = self.size {
            told["page_size"] = size.into();
            told["current_page"] = self.page.into();
        }
        told
    }
}

impl Filter {
    fn admits(&self, row: &Value) -> bool {
        let there = shown(row, &self.field);
        let compared = || compare(&there, &self.value);
        let any_of = || self.value.split(',').any(|one| compare(&there, one.trim()) == Ordering::Equal);
        match self.condition.as_str() {
            "" | "eq" => compared() == Ordering::Equal,
            "neq" => compared() != Ordering::Equal,
            "gt" => compared() == Ordering::Greater,
            "gteq" | "moreq" | "from" => compared() != Ordering::Less,
            "lt" => compared() == Ordering::Less,
            "lteq" | "to" => compared() != Ordering::Greater,
            "in" => any_of(),
            "nin" => !any_of(),
            "like" => is_like(&there.to_lowercase(), &self.value.to_lowercase()),
            "nlike" => !is_like(&there.to_lowercase(), &self.value.to_lowercase()),
            "null" => there.is_empty(),
            "notnull" => !there.is_empty(),
            "finset" => there.split(',').any(|one| one == self.value),
            "nfinset" => there.split(',').all(|one| one != self.value),
            _ => false,
        }
    }
}

fn is_ours(name: &str) -> bool {
    let head = name.split('[').next().unwrap_or(name);
    matches!(head, "searchCriteria" | "search_criteria")
}

/// `searchCriteria[filter_groups][0][filters][1][field]` → the parts in brackets.
fn parts(name: &str) -> Vec<&str> {
    name.split('[').skip(1).map(|part| part.trim_end_matches(']')).collect()
}

fn wrong_type(value: &str) -> Refusal {
    Refusal::bad_with(
        "The \"%value\" value's type is invalid. The \"%type\" type was expected. Verify and try again.",
        json!({ "value": value, "type": "int" }),
    )
}

/// A column of a row as its database compares it.
fn shown(row: &Value, field: &str) -> String {
    match row.get(field) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Bool(yes)) => u8::from(*yes).to_string(),
        Some(Value::Null) | None => String::new(),
        Some(other) => other.to_string(),
    }
}

/// Numbers by size, the rest as a database without case does.
fn compare(one: &str, other: &str) -> Ordering {
    match (one.parse::<Decimal>(), other.parse::<Decimal>()) {
        (Ok(one), Ok(other)) => one.cmp(&other),
        _ => one.to_lowercase().cmp(&other.to_lowercase()),
    }
}

/// SQL's LIKE with `%` alone.
fn is_like(text: &str, pattern: &str) -> bool {
    let Some((head, rest)) = pattern.split_once('%') else { return text == pattern };
    let Some(text) = text.strip_prefix(head) else { return false };
    rest.is_empty() || text.char_indices().map(|(at, _)| at).chain([text.len()]).any(|at| is_like(&text[at..], rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows() -> Vec<Value> {
        (1..=5).map(|id| json!({ "entity_id": id, "updated_at": format!("2026-11-0{id} 10:00:00") })).collect()
    }

    fn ids(query: &[(&str, &str)]) -> Vec<i64> {
        let query: Vec<_> =
            query.iter().map(|(name, value)| (format!("searchCriteria{name}"), (*value).to_owned())).collect();
        let page = Criteria::read(&query, None).unwrap().page(rows(), &["entity_id", "updated_at"]).unwrap();
        page["items"].as_array().unwrap().iter().map(|row| row["entity_id"].as_i64().unwrap()).collect()
    }

    #[test]
    fn groups_must_all_hold_and_one_filter_of_each_is_enough() {
        let found = ids(&[
            ("[filter_groups][0][filters][0][field]", "updated_at"),
            ("[filter_groups][0][filters][0][value]", "2026-11-03 10:00:00"),
            ("[filter_groups][0][filters][0][condition_type]", "gteq"),
            ("[filterGroups][1][filters][0][field]", "entity_id"),
            ("[filterGroups][1][filters][0][value]", "1"),
            ("[filterGroups][1][filters][1][field]", "entity_id"),
            ("[filterGroups][1][filters][1][value]", "4"),
        ]);
        assert_eq!(found, [4]);
    }

    #[test]
    fn a_page_past_the_end_is_the_last_page_again() {
        assert_eq!(ids(&[("[pageSize]", "2"), ("[currentPage]", "3")]), [5]);
        assert_eq!(ids(&[("[pageSize]", "2"), ("[currentPage]", "9")]), [5]);
    }

    #[test]
    fn an_order_is_downwards_unless_it_says_otherwise() {
        assert_eq!(ids(&[("[sortOrders][0][field]", "entity_id")]), [5, 4, 3, 2, 1]);
        assert_eq!(ids(&[("[sortOrders][0][field]", "entity_id"), ("[sortOrders][0][direction]", "ASC")]).len(), 5);
    }

    #[test]
    fn a_list_without_criteria_is_refused() {
        assert_eq!(Criteria::read(&[], None).unwrap_err().status, 400);
        assert_eq!(ids(&[("", "")]).len(), 5);
    }

    #[test]
    fn like_knows_percent_signs() {
        assert!(is_like("till-tee", "till%"));
        assert!(is_like("till-tee", "%l-t%e"));
        assert!(!is_like("till-tee", "%x%"));
    }
}
