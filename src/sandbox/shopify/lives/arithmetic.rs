//! Exact sharing of whole smallest units. No rounding error is ever lost: parts always add up to the whole.

use super::Minor;

/// Parts of a hundred thousand: the unit of tax rates here, so that 8.875 % is 8 875.
pub(super) const RATE_UNIT: i64 = 100_000;

/// Divides, rounding half away from zero. The divisor is positive.
pub(super) fn divide(amount: i128, by: i128) -> Minor {
    let half = by / 2;
    let shifted = if amount >= 0 { amount + half } else { amount - half };
    i64::try_from(shifted / by).unwrap_or(i64::MAX)
}

/// Tax of a rate on an amount that does not contain it.
pub(super) fn tax_on_top(base: Minor, rate: i64) -> Minor {
    divide(i128::from(base) * i128::from(rate), i128::from(RATE_UNIT))
}

/// Tax of one rate within an amount that contains taxes of `all_rates` together.
pub(super) fn tax_within(gross: Minor, rate: i64, all_rates: i64) -> Minor {
    divide(i128::from(gross) * i128::from(rate), i128::from(RATE_UNIT + all_rates))
}

/// What the first `pieces` of `of` pieces share of an amount; the whole when they are all of them.
pub(super) fn share(amount: Minor, pieces: i64, of: i64) -> Minor {
    if of <= 0 { 0 } else { divide(i128::from(amount) * i128::from(pieces), i128::from(of)) }
}

/// Spreads an amount over weights by largest remainder; no part exceeds its weight when the amount does not exceed their sum.
pub(super) fn spread(amount: Minor, weights: &[Minor]) -> Vec<Minor> {
    let whole: i128 = weights.iter().map(|weight| i128::from(*weight)).sum();
    if whole <= 0 {
        return vec![0; weights.len()];
    }
    let exact = |weight: &Minor| i128::from(amount) * i128::from(*weight);
    let mut parts: Vec<Minor> =
        weights.iter().map(|weight| i64::try_from(exact(weight) / whole).unwrap_or(0)).collect();
    let mut left = amount - parts.iter().sum::<Minor>();
    let mut by_remainder: Vec<usize> = (0..weights.len()).collect();
    by_remainder.sort_by_key(|index| (-(exact(&weights[*index]) % whole), *index));
    for index in by_remainder {
        if left > 0 && parts[index] < weights[index] {
            parts[index] += 1;
            left -= 1;
        }
    }
    parts
}

/// The nearest multiple of five: what cash is rounded to where the smallest coin is five.
pub(super) fn to_five(amount: Minor) -> Minor {
    divide(i128::from(amount), 5) * 5
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn a_spread_adds_up_and_never_exceeds_a_weight(
            weights in proptest::collection::vec(0i64..100_000, 1..12), part in 0i64..=1000,
        ) {
            let amount = weights.iter().sum::<i64>() * part / 1000;
            let parts = spread(amount, &weights);
            proptest::prop_assert_eq!(parts.iter().sum::<i64>(), amount);
            proptest::prop_assert!(parts.iter().zip(&weights).all(|(part, weight)| (0..=*weight).contains(part)));
        }
    }

    #[test]
    fn cash_is_rounded_to_the_nearest_five() {
        assert_eq!([9497, 9498, 9492, 9493].map(to_five), [9495, 9500, 9490, 9495]);
    }

    #[test]
    fn tax_is_rounded_half_up() {
        assert_eq!(tax_on_top(1050, 10_000), 105);
        assert_eq!(tax_on_top(1005, 10_000), 101);
        assert_eq!(tax_within(11_500, 15_000, 15_000), 1500);
    }
}
