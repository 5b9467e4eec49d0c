//! `searchCriteria` as query parameters. Pure.
//!
//! What comes in: groups of conditions. What goes out: names and values for [`super::client::Client::get`]. In a group one
//! condition is enough, all groups must hold. Values are compared one by one rather than with `in`, whose list a comma in a SKU
//! would break.

/// See the module.
#[derive(Debug, Default)]
pub struct Criteria {
    parameters: Vec<(String, String)>,
    groups: usize,
}

impl Criteria {
    /// Asks for at most this many rows.
    pub fn most(rows: usize) -> Self {
        Self { parameters: vec![("searchCriteria[pageSize]".into(), rows.to_string())], groups: 0 }
    }

    /// Adds that a field is one of these values.
    pub fn one_of<'a>(mut self, field: &str, values: impl IntoIterator<Item = &'a str>) -> Self {
        let group = self.groups;
        for (at, value) in values.into_iter().enumerate() {
            let name = |what: &str| format!("searchCriteria[filter_groups][{group}][filters][{at}][{what}]");
            self.parameters.push((name("field"), field.to_owned()));
            self.parameters.push((name("value"), value.to_owned()));
            self.parameters.push((name("condition_type"), "eq".to_owned()));
        }
        self.groups += 1;
        self
    }

    /// The parameters.
    pub fn query(&self) -> Vec<(&str, String)> {
        self.parameters.iter().map(|(name, value)| (name.as_str(), value.clone())).collect()
    }
}

/// A page of rows.
#[derive(Debug, serde::Deserialize)]
pub struct Page<T> {
    /// The rows; an empty page may have none at all.
    #[serde(default = "Vec::new")]
    pub items: Vec<T>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_of_a_group_stand_beside_each_other() {
        let criteria = Criteria::most(2).one_of("sku", ["A,1", "B"]).one_of("source_code", ["web"]);
        let query = criteria.query();
        assert_eq!(query.len(), 1 + 9);
        let value = |name: &str| query.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str());
        assert_eq!(value("searchCriteria[filter_groups][0][filters][0][value]"), Some("A,1"));
        assert_eq!(value("searchCriteria[filter_groups][0][filters][1][value]"), Some("B"));
        assert_eq!(value("searchCriteria[filter_groups][1][filters][0][field]"), Some("source_code"));
        assert_eq!(value("searchCriteria[pageSize]"), Some("2"));
    }
}
