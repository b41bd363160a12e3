//! Decimal numbers up to 38 digits, scale kept.

use std::{cmp::Ordering, fmt, str::FromStr};

/// `unscaled * 10^-scale`, at most 38 digits.
///
/// **Invariants**: `|unscaled| < 10^38`, `scale <= 38`. Equality and order are numeric: `1.50 == 1.5`; the scale is
/// kept for printing and for databases that show it.
/// **Source**: SQL Server `decimal(38, s)`; PostgreSQL `numeric` is wider and is refused beyond 38 digits.
///
/// Packed, so that a [`Value`](crate::Value) takes 32 bytes instead of 48.
#[derive(Clone, Copy, Debug)]
#[repr(Rust, packed(8))]
pub struct Decimal {
    unscaled: i128,
    scale: u8,
}

const LIMIT: i128 = 10_i128.pow(38);

impl Decimal {
    /// Digits a [`Decimal`] can hold.
    pub const DIGITS: u8 = 38;

    /// `None` when the number needs more than 38 digits.
    #[must_use]
    pub const fn new(unscaled: i128, scale: u8) -> Option<Self> {
        if scale > Self::DIGITS || unscaled >= LIMIT || unscaled <= -LIMIT {
            None
        } else {
            Some(Self { unscaled, scale })
        }
    }

    #[must_use]
    pub const fn unscaled(self) -> i128 {
        self.unscaled
    }

    #[must_use]
    pub const fn scale(self) -> u8 {
        self.scale
    }

    /// The same number with exactly `scale` digits after the point; `None` when digits would be lost.
    #[must_use]
    pub fn rescale(self, scale: u8) -> Option<Self> {
        match scale.cmp(&self.scale) {
            Ordering::Equal => Some(self),
            Ordering::Greater => {
                let factor = 10_i128.checked_pow(u32::from(scale - self.scale))?;
                Self::new(self.unscaled.checked_mul(factor)?, scale)
            }
            Ordering::Less => {
                let factor = 10_i128.pow(u32::from(self.scale - scale));
                (self.unscaled % factor == 0).then(|| Self { unscaled: self.unscaled / factor, scale })
            }
        }
    }

    /// Trailing zeros after the point removed.
    #[must_use]
    pub fn normalize(mut self) -> Self {
        while self.scale > 0 && self.unscaled % 10 == 0 {
            self.unscaled /= 10;
            self.scale -= 1;
        }
        self
    }

    /// Digits before the point (at least 1).
    #[must_use]
    pub fn integer_digits(self) -> u32 {
        let whole = self.unscaled.unsigned_abs() / 10_u128.pow(u32::from(self.scale));
        whole.checked_ilog10().map_or(1, |n| n + 1)
    }

    /// The whole number, if it is one and fits.
    #[must_use]
    pub fn to_i64(self) -> Option<i64> {
        i64::try_from(self.rescale(0)?.unscaled).ok()
    }

    /// The shortest decimal that names exactly this float (how money stored as float crosses).
    ///
    /// `None` for NaN, infinities and numbers outside 38 digits.
    #[must_use]
    pub fn from_f64(value: f64) -> Option<Self> {
        if !value.is_finite() {
            return None;
        }
        Self::from_f64_short(value)
            .or_else(|| ryu::Buffer::new().format_finite(value).parse::<Self>().ok().map(Self::normalize))
    }

    /// Fast path of [`Self::from_f64`]: up to four digits after the point and 15 digits in all, where the float
    /// nearest to the decimal is unique.
    fn from_f64_short(value: f64) -> Option<Self> {
        const SHIFT: f64 = 10_000.0;
        let shifted = (value * SHIFT).round();
        if shifted.abs() < 1e15 && shifted / SHIFT == value {
            #[allow(clippy::cast_possible_truncation)]
            return Some(Self { unscaled: shifted as i128, scale: 4 }.normalize());
        }
        None
    }

    /// The float, if this decimal is exactly the shortest name of one.
    #[must_use]
    pub fn to_f64(self) -> Option<f64> {
        let float: f64 = self.to_string().parse().ok()?;
        (Self::from_f64(float)? == self).then_some(float)
    }
}

impl From<i64> for Decimal {
    fn from(value: i64) -> Self {
        Self { unscaled: i128::from(value), scale: 0 }
    }
}

/// Text that is not a decimal of at most 38 digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a decimal number of at most 38 digits")]
pub struct NotADecimal;

impl FromStr for Decimal {
    type Err = NotADecimal;

    /// Plain (`-12.340`) or scientific (`1e-7`) notation, as SQL and shortest floats are written.
    fn from_str(text: &str) -> Result<Self, NotADecimal> {
        let (mantissa, exponent) = match text.find(['e', 'E']) {
            Some(at) => (&text[..at], text[at + 1..].parse::<i32>().map_err(|_| NotADecimal)?),
            None => (text, 0),
        };
        let (negative, digits) = match mantissa.as_bytes().first() {
            Some(b'-') => (true, &mantissa[1..]),
            Some(b'+') => (false, &mantissa[1..]),
            _ => (false, mantissa),
        };
        let (unscaled, scale) = read_digits(digits)?;
        let signed = if negative { -unscaled } else { unscaled };
        shift(signed, scale - exponent)
    }
}

fn read_digits(digits: &str) -> Result<(i128, i32), NotADecimal> {
    let (mut unscaled, mut scale, mut seen, mut point) = (0_i128, 0_i32, false, false);
    for byte in digits.bytes() {
        match byte {
            b'0'..=b'9' => {
                unscaled = unscaled
                    .checked_mul(10)
                    .and_then(|n| n.checked_add(i128::from(byte - b'0')))
                    .ok_or(NotADecimal)?;
                scale += i32::from(point);
                seen = true;
            }
            b'.' if !point => point = true,
            _ => return Err(NotADecimal),
        }
    }
    if seen { Ok((unscaled, scale)) } else { Err(NotADecimal) }
}

fn shift(mut unscaled: i128, mut scale: i32) -> Result<Decimal, NotADecimal> {
    if unscaled == 0 {
        return Decimal::new(0, u8::try_from(scale.clamp(0, 38)).map_err(|_| NotADecimal)?)
            .ok_or(NotADecimal);
    }
    while scale < 0 {
        unscaled = unscaled.checked_mul(10).ok_or(NotADecimal)?;
        scale += 1;
    }
    while scale > 38 && unscaled % 10 == 0 {
        unscaled /= 10;
        scale -= 1;
    }
    let scale = u8::try_from(scale).map_err(|_| NotADecimal)?;
    Decimal::new(unscaled, scale).ok_or(NotADecimal)
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.unscaled.unsigned_abs().to_string();
        let scale = usize::from(self.scale);
        let sign = if self.unscaled < 0 { "-" } else { "" };
        if scale == 0 {
            return write!(f, "{sign}{digits}");
        }
        let padded = format!("{digits:0>width$}", width = scale + 1);
        let (whole, fraction) = padded.split_at(padded.len() - scale);
        write!(f, "{sign}{whole}.{fraction}")
    }
}

impl PartialEq for Decimal {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Decimal {}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        if self.scale == other.scale {
            return self.unscaled().cmp(&other.unscaled());
        }
        let split = |d: &Self| {
            let factor = 10_i128.pow(u32::from(d.scale));
            (d.unscaled / factor, (d.unscaled % factor) * 10_i128.pow(u32::from(Self::DIGITS - d.scale)))
        };
        split(self).cmp(&split(other))
    }
}

impl std::hash::Hash for Decimal {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        let plain = self.normalize();
        (plain.unscaled, plain.scale).hash(state);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn decimal(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    #[test]
    fn text_round_trips_with_its_scale() {
        for text in [
            "0",
            "-0.10",
            "1.50",
            "99999999999999999999999999999999999999",
            "0.00000000000000000000000000000000000001",
        ] {
            assert_eq!(decimal(text).to_string(), text);
        }
    }

    #[test]
    fn more_than_38_digits_are_refused() {
        assert!("100000000000000000000000000000000000000".parse::<Decimal>().is_err());
        assert!("1e-39".parse::<Decimal>().is_err());
        for bad in ["", ".", "-", "1,5", "1.2.3", "0x10", " 1", "1 ", "NaN"] {
            assert!(bad.parse::<Decimal>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn equality_is_numeric() {
        assert_eq!(decimal("1.50"), decimal("1.5"));
        assert!(decimal("-1.5") < decimal("-1.49"));
        assert!(decimal("99999999999999999999999999999999999999") > decimal("0.5"));
    }

    #[test]
    fn rescaling_never_drops_digits() {
        assert_eq!(decimal("1.50").rescale(1).unwrap().to_string(), "1.5");
        assert_eq!(decimal("1.55").rescale(1).map(|d| d.to_string()), None);
    }

    proptest! {
        #[test]
        fn a_float_crosses_as_its_shortest_name(value in any::<f64>()) {
            if let Some(decimal) = Decimal::from_f64(value) {
                prop_assert_eq!(decimal.to_string().parse::<f64>().unwrap(), value);
                prop_assert_eq!(decimal.to_f64(), Some(value));
                let shortest: Decimal = ryu::Buffer::new().format(value).parse().unwrap();
                prop_assert_eq!(decimal, shortest);
            }
        }

        #[test]
        fn money_floats_take_the_short_path_and_agree(cents in -1_000_000_000_i64..1_000_000_000) {
            #[allow(clippy::cast_precision_loss)]
            let value = cents as f64 / 100.0;
            let expected = Decimal::new(i128::from(cents), 2).unwrap();
            prop_assert_eq!(Decimal::from_f64(value), Some(expected));
        }

        #[test]
        fn order_agrees_with_rescaled_integers(a in -10_i128.pow(18)..10_i128.pow(18), b in -10_i128.pow(18)..10_i128.pow(18), s in 0_u8..10, t in 0_u8..10) {
            let (x, y) = (Decimal::new(a, s).unwrap(), Decimal::new(b, t).unwrap());
            let (x10, y10) = (x.rescale(10).unwrap(), y.rescale(10).unwrap());
            prop_assert_eq!(x.cmp(&y), x10.unscaled().cmp(&y10.unscaled()));
        }
    }
}
