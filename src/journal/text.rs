//! Texts from outside, made fit to be kept: no database then refuses a batch for the sake of one text in it.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

/// PostgreSQL refuses index entries of more than a third of a page, 2,704 bytes; four such columns are never in one index.
const LONGEST_KEY: usize = 800;
const LONGEST_REASON: usize = 2_000;

/// PostgreSQL texts cannot hold NUL; it becomes the replacement character, here as in every look-up.
pub(super) fn clean(text: &str) -> Cow<'_, str> {
    if text.contains('\0') { Cow::Owned(text.replace('\0', "\u{fffd}")) } else { Cow::Borrowed(text) }
}

/// A key that fits into an index. A longer one keeps its beginning and is told apart by its digest.
pub(super) fn key(text: &str) -> Cow<'_, str> {
    if text.len() <= LONGEST_KEY {
        return clean(text);
    }
    let digest = URL_SAFE_NO_PAD.encode(Sha256::digest(text.as_bytes()));
    let beginning: String = text.chars().take(LONGEST_KEY / 8).collect();
    Cow::Owned(format!("{}…sha256:{digest}", clean(&beginning)))
}

/// A text for people, cut to a length that a listing can bear.
pub(super) fn reason(text: &str) -> String {
    let text = clean(text);
    match text.char_indices().nth(LONGEST_REASON) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ordinary_text_is_kept_as_it_is() {
        assert_eq!(key("order:1"), "order:1");
        assert_eq!(reason("no such SKU"), "no such SKU");
    }

    #[test]
    fn nul_is_replaced() {
        assert_eq!(clean("a\0b"), "a\u{fffd}b");
    }

    #[test]
    fn long_keys_fit_and_stay_apart() {
        let (one, other) = ("ä".repeat(5_000) + "1", "ä".repeat(5_000) + "2");
        assert!(key(&one).len() <= LONGEST_KEY);
        assert_ne!(key(&one), key(&other));
        assert_eq!(key(&one), key(&one));
    }

    #[test]
    fn long_reasons_are_cut_between_characters() {
        assert_eq!(reason(&"ü".repeat(3_000)).chars().count(), LONGEST_REASON + 1);
    }
}
