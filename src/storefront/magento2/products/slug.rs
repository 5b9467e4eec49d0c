//! Words as they may stand in an address. Pure.

/// Lower-case ASCII letters and digits, joined by single dashes; letters of other alphabets as they are commonly spelt.
pub fn slug(text: &str) -> String {
    let plain = deunicode::deunicode(text).to_ascii_lowercase();
    let words = plain.split(|letter: char| !letter.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join("-")
}

#[cfg(test)]
mod tests {
    use super::slug;

    #[test]
    fn addresses_are_plain_whatever_the_words_are() {
        assert_eq!(slug("  Café Crème, 2 × 50 ml! "), "cafe-creme-2-x-50-ml");
        assert_eq!(slug("TEE/R--S"), "tee-r-s");
        assert_eq!(slug("Größe"), "grosse");
        assert_eq!(slug("!"), "");
    }
}
