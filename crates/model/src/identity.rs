//! Who and what takes part in the merging of offices: rows, sites, and the hub's order.

use std::{fmt, str::FromStr};

use crate::{Uuid, Value};

/// A row's identity everywhere: a UUID of version 7. Local integer ids are only local.
///
/// **Invariants**: never used for a second thing, whatever happens to the row. Order is roughly that of creation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Gid(u128);

/// One office PC, as the hub numbers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SiteId(pub u32);

/// The hub's sequence number of the change that last touched a row. Commit order = rev order; 0 is before every change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rev(pub i64);

impl Gid {
    /// A new identity. `random` is any 74 bits that nobody else has; higher bits are ignored.
    ///
    /// **Units**: `unix_ms` in milliseconds since 1970, 48 bits.
    #[must_use]
    pub const fn new(unix_ms: u64, random: u128) -> Self {
        let time = (unix_ms as u128 & 0xffff_ffff_ffff) << 80;
        let high = (random >> 62 & 0xfff) << 64;
        let low = random & 0x3fff_ffff_ffff_ffff;
        Self(time | 0x7 << 76 | high | 0b10 << 62 | low)
    }

    #[must_use]
    pub const fn uuid(self) -> Uuid {
        Uuid::from_u128(self.0)
    }

    #[must_use]
    pub const fn from_uuid(uuid: Uuid) -> Self {
        Self(uuid.as_u128())
    }

    /// The identity that a reference column holds, if it holds one.
    #[must_use]
    pub const fn of(value: &Value) -> Option<Self> {
        match value {
            Value::Uuid(uuid) => Some(Self::from_uuid(*uuid)),
            _ => None,
        }
    }
}

impl SiteId {
    /// The hub itself: what people change on the dashboard.
    pub const HUB: Self = Self(0);
}

impl From<Gid> for Value {
    fn from(gid: Gid) -> Self {
        Self::Uuid(gid.uuid())
    }
}

impl fmt::Display for Gid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.uuid().fmt(f)
    }
}

impl FromStr for Gid {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Uuid::from_str(text).map(Self::from_uuid)
    }
}

impl fmt::Display for SiteId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for Rev {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gid_is_a_uuid_of_version_7_that_keeps_its_time_and_order() {
        let gid = Gid::new(1_768_400_000_123, u128::MAX);
        assert_eq!(gid.uuid().get_version_num(), 7);
        assert_eq!(gid.uuid().get_variant(), uuid::Variant::RFC4122);
        assert_eq!(gid.uuid().as_u128() >> 80, 1_768_400_000_123);
        assert!(gid < Gid::new(1_768_400_000_124, 0));
        assert_eq!(gid.to_string().parse(), Ok(gid));
        assert_eq!(Gid::of(&gid.into()), Some(gid));
    }

    #[test]
    fn all_74_random_bits_count() {
        let mut seen = std::collections::HashSet::new();
        assert!((0..74).all(|bit| seen.insert(Gid::new(1, 1 << bit))));
        assert!(seen.insert(Gid::new(1, 0)));
    }
}
