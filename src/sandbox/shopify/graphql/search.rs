//! The search language of `query:` arguments, as far as orders are searched.
//!
//! What comes in: a text of terms. What goes out: which orders fit, and warnings. Just as in the real shop a term that is not
//! understood is left out, so that everything fits; only the warnings in the answer tell.

use jiff::Timestamp;
use serde_json::{Value, json};

/// A condition on when an order changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Condition {
    AtOrAfter(Timestamp),
    After(Timestamp),
    AtOrBefore(Timestamp),
    Before(Timestamp),
}

impl Condition {
    /// Whether it holds; the shop tells times by whole seconds.
    pub(super) fn holds(self, at: Timestamp) -> bool {
        let at = at.as_second();
        match self {
            Self::AtOrAfter(bound) => at >= bound.as_second(),
            Self::After(bound) => at > bound.as_second(),
            Self::AtOrBefore(bound) => at <= bound.as_second(),
            Self::Before(bound) => at < bound.as_second(),
        }
    }
}

/// Reads a search of orders; what is not understood becomes a warning.
pub(super) fn read(text: &str) -> (Vec<Condition>, Vec<Value>) {
    let (mut conditions, mut warnings) = (Vec::new(), Vec::new());
    for term in text.split_whitespace().filter(|term| *term != "AND") {
        match condition(term) {
            Ok(condition) => conditions.push(condition),
            Err((field, message, code)) => {
                warnings.push(json!({ "field": field, "message": message, "code": code }));
            }
        }
    }
    (conditions, warnings)
}

fn condition(term: &str) -> Result<Condition, (String, &'static str, &'static str)> {
    let (field, value) = term.split_once(':').unwrap_or(("default", term));
    if field != "updated_at" {
        return Err((field.to_owned(), "Invalid search field for this query.", "invalid_field"));
    }
    type Compared = fn(Timestamp) -> Condition;
    let operators: [(&str, Compared); 4] = [
        (">=", Condition::AtOrAfter),
        ("<=", Condition::AtOrBefore),
        (">", Condition::After),
        ("<", Condition::Before),
    ];
    let found = operators.into_iter().find_map(|(sign, of)| Some((value.strip_prefix(sign)?, of)));
    let bad = || (field.to_owned(), "Input is not a valid timestamp.", "invalid_value");
    let (moment, of) = found.ok_or_else(bad)?;
    // Without quotes the colons of a time end the value.
    let quoted = moment.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')).ok_or_else(bad)?;
    quoted.parse().map(of).map_err(|_| bad())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_term_that_is_not_understood_is_left_out_with_a_warning() {
        let (conditions, warnings) = read("updated_at:>='2026-11-22T00:00:00Z' AND updated_at:<'2026-11-23T00:00:00Z'");
        assert_eq!((conditions.len(), warnings.len()), (2, 0));
        for odd in [
            "updated:>='2026-11-22T00:00:00Z'",
            "updated_at:>=2026-11-22T00:00:00Z",
            "updated_at:>='yesterday'",
            "shirt",
        ] {
            let (conditions, warnings) = read(odd);
            assert_eq!((conditions.len(), warnings.len()), (0, 1), "{odd}");
        }
    }
}
