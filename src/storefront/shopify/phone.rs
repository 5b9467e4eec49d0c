//! Telephone numbers in the international form (E.164) that Shopify insists on.

/// Dialling codes of countries whose numbers are written with a leading 0 at home.
const HOME: [(&str, &str); 12] = [
    ("AT", "43"),
    ("AU", "61"),
    ("BE", "32"),
    ("CH", "41"),
    ("DE", "49"),
    ("FR", "33"),
    ("GB", "44"),
    ("IE", "353"),
    ("NL", "31"),
    ("NZ", "64"),
    ("SE", "46"),
    ("ZA", "27"),
];

/// The number as `+` and digits; `None` when it cannot be told without guessing.
pub(super) fn international(given: &str, country: Option<&str>) -> Option<String> {
    if given.chars().any(|c| !(c.is_ascii_digit() || " +-./()\u{a0}".contains(c))) {
        return None;
    }
    // `+64 (0)21` means that the 0 is left out from abroad.
    let given = given.replace("(0)", "");
    let digits: String = given.chars().filter(char::is_ascii_digit).collect();
    let number = if given.trim_start().starts_with('+') {
        digits
    } else if let Some(abroad) = digits.strip_prefix("00") {
        abroad.to_owned()
    } else {
        let home = digits.strip_prefix('0')?;
        let (_, code) = HOME.iter().find(|(home, _)| Some(*home) == country)?;
        format!("{code}{home}")
    };
    ((8..=15).contains(&number.len()) && !number.starts_with('0')).then(|| format!("+{number}"))
}

#[cfg(test)]
mod tests {
    use super::international;

    #[test]
    fn numbers_are_brought_into_the_international_form_or_left_out() {
        for (given, country, wanted) in [
            ("+64 21 555 123", None, Some("+6421555123")),
            ("+64 (0)21 555-123", None, Some("+6421555123")),
            ("0064 21 555 123", None, Some("+6421555123")),
            ("021 555 123", Some("NZ"), Some("+6421555123")),
            ("(09) 555.1234", Some("NZ"), Some("+6495551234")),
            ("021 555 123", Some("US"), None),
            ("021 555 123", None, None),
            ("555 1234", Some("NZ"), None),
            ("ask for Bob", Some("NZ"), None),
            ("+1", None, None),
            ("+12345678901234567", None, None),
            ("", None, None),
        ] {
            assert_eq!(international(given, country).as_deref(), wanted, "{given} in {country:?}");
        }
    }
}
