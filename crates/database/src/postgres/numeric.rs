//! `numeric` in binary: digits in base 10000 with the weight of the first.

use model::Decimal;

/// A numeric of the server.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Number {
    Decimal(Decimal),
    /// NaN, an infinity, or more than 38 digits: its text form.
    Wider(String),
}

const NEGATIVE: u16 = 0x4000;
/// A group is four digits.
const GROUP: u128 = 10_000;

struct Parts<'a> {
    digits: &'a [u8],
    /// Power of 10000 of the first digit.
    weight: i32,
    negative: bool,
    /// Digits after the decimal point.
    scale: usize,
}

/// `None` when the bytes are no numeric.
#[inline]
pub(super) fn read(bytes: &[u8]) -> Option<Number> {
    let (head, digits) = bytes.split_first_chunk::<8>()?;
    let word = |at: usize| u16::from_be_bytes([head[at], head[at + 1]]);
    if digits.len() != usize::from(word(0)) * 2 {
        return None;
    }
    let negative = match word(4) {
        0 => false,
        NEGATIVE => true,
        0xc000 => return Some(Number::Wider("NaN".to_owned())),
        0xd000 => return Some(Number::Wider("Infinity".to_owned())),
        0xf000 => return Some(Number::Wider("-Infinity".to_owned())),
        _ => return None,
    };
    let parts =
        Parts { digits, weight: i32::from(word(2).cast_signed()), negative, scale: usize::from(word(6)) };
    Some(parts.decimal().map_or_else(|| Number::Wider(parts.text()), Number::Decimal))
}

impl Parts<'_> {
    #[inline]
    fn decimal(&self) -> Option<Decimal> {
        let groups = i32::try_from(self.digits.len() / 2).ok()?;
        if groups == 0 {
            return Decimal::new(0, u8::try_from(self.scale.min(usize::from(Decimal::DIGITS))).ok()?);
        }
        // Digits after the point that the groups reach to; negative when they end before the point.
        let reach = 4 * (groups - 1 - self.weight);
        let more = i32::try_from(self.scale).ok()? - reach;
        let number = match self.small(more) {
            Some(small) => i128::from(small),
            None => i128::try_from(self.large(more)?).ok()?,
        };
        Decimal::new(if self.negative { -number } else { number }, u8::try_from(self.scale).ok()?)
    }

    /// The number at its scale, `more` digits beyond its groups, if that is quickly told.
    #[inline]
    fn small(&self, more: i32) -> Option<u64> {
        const POWERS: [u64; 4] = [1, 10, 100, 1000];
        const BYTES_MAX: usize = 8;
        let power = *POWERS.get(more.unsigned_abs() as usize)?;
        if self.digits.len() > BYTES_MAX {
            return None;
        }
        let number = self.groups().fold(0_u64, |number, group| number * 10_000 + u64::from(group));
        match more {
            0.. => number.checked_mul(power),
            _ => (number % power == 0).then(|| number / power),
        }
    }

    fn large(&self, more: i32) -> Option<u128> {
        let power = 10_u128.checked_pow(more.unsigned_abs())?;
        let (last, before) = (self.groups().last()?, self.digits.len() / 2 - 1);
        let mut before = self.groups().take(before);
        let before = before
            .try_fold(0_u128, |number, group| number.checked_mul(GROUP)?.checked_add(u128::from(group)))?;
        let last = u128::from(last);
        if more >= 0 {
            return before.checked_mul(GROUP)?.checked_add(last)?.checked_mul(power);
        }
        // Of the last group only the first digits count; with all of them the number might not fit.
        let exact = power < GROUP && last % power == 0;
        if exact { before.checked_mul(GROUP / power)?.checked_add(last / power) } else { None }
    }

    #[inline]
    fn groups(&self) -> impl Iterator<Item = u16> {
        self.digits.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]]))
    }

    /// As the server prints it.
    fn text(&self) -> String {
        let groups: Vec<u16> = self.groups().collect();
        let group = |power: i32| {
            let place = usize::try_from(self.weight - power).ok();
            place.and_then(|place| groups.get(place)).copied().unwrap_or_default()
        };
        let mut text = String::from(if self.negative { "-" } else { "" });
        let whole: String = (0..=self.weight).rev().map(|power| format!("{:04}", group(power))).collect();
        let whole = whole.trim_start_matches('0');
        text.push_str(if whole.is_empty() { "0" } else { whole });
        if self.scale > 0 {
            let powers = i32::try_from(self.scale.div_ceil(4)).unwrap_or_default();
            let fraction: String = (1..=powers).map(|power| format!("{:04}", group(-power))).collect();
            text.push('.');
            text.push_str(&fraction[..self.scale]);
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(words: &[u16]) -> Option<Number> {
        read(&words.iter().flat_map(|word| word.to_be_bytes()).collect::<Vec<u8>>())
    }

    fn decimal(text: &str) -> Option<Number> {
        Some(Number::Decimal(text.parse().unwrap()))
    }

    #[test]
    fn numbers_are_read_at_their_scale() {
        assert_eq!(number(&[0, 0, 0, 4]), decimal("0.0000"));
        assert_eq!(number(&[2, 0, 0x4000, 1, 1, 5000]), decimal("-1.5"));
        assert_eq!(number(&[1, 2, 0, 0, 7]), decimal("700000000"));
        assert_eq!(number(&[1, 0xfffd, 0, 12, 7]), decimal("0.000000000007"));
    }

    #[test]
    fn what_no_decimal_holds_keeps_its_text() {
        let wider = |text: &str| Some(Number::Wider(text.to_owned()));
        assert_eq!(number(&[0, 0, 0xc000, 0]), wider("NaN"));
        assert_eq!(number(&[0, 0, 0xf000, 0]), wider("-Infinity"));
        assert_eq!(number(&[1, 10, 0, 0, 1]), wider(&format!("1{}", "0".repeat(40))));
        assert_eq!(number(&[1, 0xfff6, 0x4000, 40, 1]), wider(&format!("-0.{}1", "0".repeat(39))));
    }

    #[test]
    fn other_bytes_are_no_number() {
        assert_eq!(number(&[2, 0, 0, 0, 1]), None);
        assert_eq!(number(&[0, 0, 0x1234, 0]), None);
        assert_eq!(read(&[0; 7]), None);
    }
}
