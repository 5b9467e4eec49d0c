//! `userErrors`: the shop understood a mutation and refused it, at HTTP 200. An empty list is the only sign of success.

use serde::Serialize;

use super::client::words;
use crate::domain::CallError;

/// What stands in the shop's words where they repeated something personal.
const HUSHED: &str = "[…]";

/// One user error, whatever mutation it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserError {
    /// The code, for mutations that have codes.
    pub code: Option<String>,
    /// Path into the input.
    pub field: Vec<String>,
    /// Shopify's words.
    pub message: String,
}

impl UserError {
    /// The row of a list input that is meant: the number in the path.
    pub fn row(&self) -> Option<usize> {
        self.field.iter().find_map(|part| part.parse().ok())
    }

    /// Whether the code is one of these.
    pub fn is(&self, codes: &[&str]) -> bool {
        self.code.as_deref().is_some_and(|code| codes.contains(&code))
    }
}

/// The word of a generated enum's value.
pub fn code<T: Serialize>(code: Option<T>) -> Option<String> {
    serde_json::to_value(code?).ok()?.as_str().map(str::to_owned)
}

/// Turns a generated list of user errors into [`UserError`]s; `plain` for mutations whose errors have no codes.
macro_rules! user_errors {
    ($errors:expr) => {
        user_errors!($errors, |error| $crate::storefront::shopify::refusal::code(error.code.take()))
    };
    (plain $errors:expr) => {
        user_errors!($errors, |_error| None)
    };
    ($errors:expr, |$error:ident| $code:expr) => {
        $errors
            .into_iter()
            .map(|mut found| {
                let $error = &mut found;
                let code = $code;
                $crate::storefront::shopify::refusal::UserError {
                    code,
                    field: found.field.unwrap_or_default(),
                    message: found.message,
                }
            })
            .collect::<Vec<_>>()
    };
}
pub(super) use user_errors;

/// The same errors without what was sent of a person: the shop's words may repeat it, and they are kept and logged (P8).
pub fn without(errors: Vec<UserError>, sent: &[&Option<String>]) -> Vec<UserError> {
    let sent: Vec<&str> = sent.iter().filter_map(|part| part.as_deref()).map(str::trim).collect();
    let hushed = |error: UserError| UserError { message: hush(error.message, &sent), ..error };
    errors.into_iter().map(hushed).collect()
}

fn hush(mut message: String, sent: &[&str]) -> String {
    for part in sent.iter().filter(|part| !part.is_empty()) {
        // ASCII letters keep their places when their case changes.
        let (mut from, wanted) = (0, part.to_ascii_lowercase());
        while let Some(at) = message[from..].to_ascii_lowercase().find(&wanted).map(|at| from + at) {
            let end = at + wanted.len();
            let is_inside = |edge: Option<char>| edge.is_some_and(char::is_alphanumeric);
            if is_inside(message[..at].chars().next_back()) || is_inside(message[end..].chars().next()) {
                from = end;
            } else {
                message.replace_range(at..end, HUSHED);
                from = at + HUSHED.len();
            }
        }
    }
    message
}

/// Codes that say a thing we keep the id of is not there any more.
const GONE: [&str; 4] = [
    "PRODUCT_DOES_NOT_EXIST",
    "PRODUCT_VARIANT_DOES_NOT_EXIST",
    "NOT_FOUND",
    "AT_LEAST_ONE_VARIANT_DOES_NOT_BELONG_TO_THE_PRODUCT",
];
/// Codes that say somebody else changed the product since it was read.
const CHANGED: [&str; 3] =
    ["VARIANT_ALREADY_EXISTS", "VARIANT_ALREADY_EXISTS_CHANGE_OPTION_VALUE", "CANNOT_DELETE_LAST_VARIANT"];

/// Nothing, or the class of what was refused. `about`: the thing that was written, for people.
pub fn refused(about: &str, errors: &[UserError]) -> Result<(), CallError> {
    let Some(first) = errors.first() else { return Ok(()) };
    let said = |error: &UserError| {
        let place = if error.field.is_empty() { String::new() } else { format!(" at {}", error.field.join(".")) };
        let code = error.code.as_ref().map(|code| format!("{code}: ")).unwrap_or_default();
        format!("{code}{}{place}", error.message)
    };
    let all = words(&errors.iter().map(said).collect::<Vec<_>>().join("; "));
    if errors.iter().any(|error| error.is(&GONE)) {
        return Err(gone(about, &all));
    }
    if first.is(&CHANGED) {
        return Err(CallError::Conflict(format!("{about}: {all}")));
    }
    Err(CallError::Rejected(format!("{about}: {all}")))
}

/// Something we keep the id of is not at the shop any more.
pub fn gone(about: &str, said: &str) -> CallError {
    CallError::Unmapped {
        what: format!("{about} at the shop ({said})"),
        fix: "it was deleted there; handle the product again to create it anew".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_sent_of_a_person_is_not_repeated() {
        let some = |text: &str| Some(text.to_owned());
        let (email, name, street) = (some("Ann@Example.com"), some("An"), some("8 Käth St"));
        for (said, told) in [
            ("ann@example.com has already been taken", "[…] has already been taken"),
            ("An (AN, an) cannot be an Antarctic explorer", "[…] ([…], […]) cannot be […] Antarctic explorer"),
            ("`8 Käth St` and 8 Käth St. are no streets", "`[…]` and […]. are no streets"),
            ("Phone is invalid", "Phone is invalid"),
        ] {
            let error = UserError { code: None, field: Vec::new(), message: said.to_owned() };
            let told_of = without(vec![error], &[&email, &name, &street, &None, &some("  ")]);
            assert_eq!(told_of[0].message, told);
        }
    }
}
