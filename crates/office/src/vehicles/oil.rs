//! When oil is to be changed.

/// What a vehicle's row says of its kilometres. `None` and 0 both mean that nobody filled it in: the office's program stores
/// 0 for an empty field.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Odometer {
    pub km: Option<i64>,
    pub oil_change_km: Option<i64>,
    pub oil_interval_km: Option<i64>,
}

/// Where a vehicle stands between two oil changes. **Units**: kilometres.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Oil {
    /// Kilometres now or at the last change are not known.
    Unknown,
    /// Now, or that many kilometres ago.
    Due {
        over_km: i64,
    },
    /// At most 2000 km left.
    Soon {
        left_km: i64,
    },
    Fine {
        left_km: i64,
    },
}

impl Oil {
    const INTERVAL_KM: i64 = 14_000;
    const SOON_KM: i64 = 2_000;

    /// What remains of the interval (14 000 km unless the row has one) since the last change.
    #[must_use]
    pub fn of(odometer: Odometer) -> Self {
        let known = |km: Option<i64>| km.filter(|km| *km > 0);
        let (Some(now), Some(changed)) = (known(odometer.km), known(odometer.oil_change_km)) else {
            return Self::Unknown;
        };
        let interval = known(odometer.oil_interval_km).unwrap_or(Self::INTERVAL_KM);
        match interval.saturating_sub(now - changed) {
            left @ ..=0 => Self::Due { over_km: left.saturating_neg() },
            left_km @ ..=Self::SOON_KM => Self::Soon { left_km },
            left_km => Self::Fine { left_km },
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn oil(km: i64, oil_change_km: i64, oil_interval_km: i64) -> Oil {
        let [km, oil_change_km, oil_interval_km] = [km, oil_change_km, oil_interval_km].map(Some);
        Oil::of(Odometer { km, oil_change_km, oil_interval_km })
    }

    #[test]
    fn oil_is_due_at_the_end_of_its_interval_and_soon_in_the_last_2000_km() {
        assert_eq!(oil(60_000, 50_000, 14_000), Oil::Fine { left_km: 4000 });
        assert_eq!(oil(61_999, 50_000, 14_000), Oil::Fine { left_km: 2001 });
        assert_eq!(oil(62_000, 50_000, 14_000), Oil::Soon { left_km: 2000 });
        assert_eq!(oil(63_999, 50_000, 14_000), Oil::Soon { left_km: 1 });
        assert_eq!(oil(64_000, 50_000, 14_000), Oil::Due { over_km: 0 });
        assert_eq!(oil(65_500, 50_000, 14_000), Oil::Due { over_km: 1500 });
        assert_eq!(oil(59_000, 50_000, 10_000), Oil::Soon { left_km: 1000 });
    }

    #[test]
    fn what_nobody_filled_in_is_not_0_km() {
        assert_eq!(oil(0, 50_000, 14_000), Oil::Unknown);
        assert_eq!(oil(60_000, 0, 14_000), Oil::Unknown);
        assert_eq!(Oil::of(Odometer { km: Some(60_000), ..Odometer::default() }), Oil::Unknown);
        assert_eq!(oil(60_000, 50_000, 0), oil(60_000, 50_000, 14_000));
        let without = Odometer { km: Some(60_000), oil_change_km: Some(50_000), oil_interval_km: None };
        assert_eq!(Oil::of(without), Oil::Fine { left_km: 4000 });
    }

    #[test]
    fn kilometres_that_went_down_leave_more_than_the_interval() {
        assert_eq!(oil(40_000, 50_000, 14_000), Oil::Fine { left_km: 24_000 });
    }

    proptest! {
        #[test]
        fn no_number_breaks_it(km in any::<i64>(), changed in any::<i64>(), interval in any::<i64>()) {
            let _ = oil(km, changed, interval);
        }
    }
}
