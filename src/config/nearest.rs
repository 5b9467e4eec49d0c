//! Which of the known words was probably meant.

/// The known word nearest to a misspelt one, when one is near enough to be meant.
#[must_use]
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let tolerated = (word.chars().count() / 3).max(1);
    known
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(&word.to_lowercase(), &candidate.to_lowercase()), candidate))
        .filter(|(distance, _)| *distance <= tolerated)
        .min()
        .map(|(_, candidate)| candidate)
}

/// A hint that offers the nearest word, or else all of them.
#[must_use]
pub fn did_you_mean<'a>(word: &str, known: impl IntoIterator<Item = &'a str> + Clone) -> String {
    if let Some(meant) = nearest(word, known.clone()) {
        return format!("did you mean `{meant}`?");
    }
    let all: Vec<_> = known.into_iter().map(|word| format!("`{word}`")).collect();
    if all.is_empty() { "there are none".to_owned() } else { format!("there is {}", all.join(", ")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_fingers_finds_the_word() {
        assert_eq!(nearest("storefornt", ["storefront", "office"]), Some("storefront"));
        assert_eq!(nearest("Stock", ["sale", "stock"]), Some("stock"));
    }

    #[test]
    fn a_different_word_finds_nothing_and_lists_all() {
        assert_eq!(nearest("database", ["shop", "token"]), None);
        assert_eq!(did_you_mean("database", ["shop", "token"]), "there is `shop`, `token`");
    }
}
