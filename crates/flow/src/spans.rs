//! Which stretches of a table must be compared, given what its fingerprints were and are. Pure.

use database::Segment;
use model::{Key, Value};

use crate::source::Span;

/// Most spans that are compared one by one; more are joined with their neighbours.
const SPANS_MAX: usize = 256;

/// Stretches that may differ, and the rows outside them.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Doubt {
    pub spans: Vec<Span>,
    /// Rows known to be as they were.
    pub known: u64,
}

/// Compares two digests of one table. `suspects` are keys that must be looked at anyway.
///
/// **Invariants**: every key that is in one digest and not in the other, or in a segment that differs, or among
/// `suspects`, lies in one of the spans.
pub(crate) fn doubtful(before: &[Segment], now: &[Segment], suspects: &[i64]) -> Doubt {
    let same = unchanged(before, now, suspects);
    let mut gaps: Vec<(Option<i64>, Option<i64>)> = Vec::new();
    let mut end = None;
    let mut places = same.iter().peekable();
    // Between two neighbouring unchanged segments nothing can have been, or be, unless a list has a segment there.
    let touching = |list: &[Segment], a: &Segment, b: &Segment| {
        let at = list.partition_point(|segment| segment.first < a.first);
        list.get(at + 1).is_some_and(|next| next.first == b.first)
    };
    let first_of = |list: &[Segment]| list.first().map(|segment| segment.first);
    while let Some(segment) = places.next() {
        let begins =
            end.is_none() && first_of(before) == Some(segment.first) && first_of(now) == Some(segment.first);
        let suspect_before =
            suspects.iter().any(|key| end.is_none_or(|end| *key > end) && *key < segment.first);
        let joined = end.is_some_and(|_| {
            let previous = same[same.partition_point(|s| s.first < segment.first) - 1];
            touching(before, previous, segment) && touching(now, previous, segment)
        });
        if (!begins && !joined) || suspect_before {
            gaps.push((end, Some(segment.first - 1)));
        }
        end = Some(segment.last);
        if places.peek().is_none() {
            let last_of = |list: &[Segment]| list.last().map(|s| s.last);
            let ends =
                last_of(before) == end && last_of(now) == end && !suspects.iter().any(|key| Some(*key) > end);
            if !ends {
                gaps.push((end, None));
            }
        }
    }
    if same.is_empty() && !(before.is_empty() && now.is_empty() && suspects.is_empty()) {
        gaps.push((None, None));
    }
    let spans = join(&gaps)
        .into_iter()
        .map(|(after, up_to)| Span { after: after.map(key), up_to: up_to.map(key) })
        .collect::<Vec<_>>();
    let known = same
        .iter()
        .filter(|s| !spans.iter().any(|span| covers(span, s.first)))
        .map(|s| u64::from(s.rows))
        .sum();
    Doubt { spans, known }
}

fn unchanged<'a>(before: &[Segment], now: &'a [Segment], suspects: &[i64]) -> Vec<&'a Segment> {
    let known = |segment: &&Segment| {
        let at = before.partition_point(|old| old.first < segment.first);
        before.get(at) == Some(*segment)
            && !suspects.iter().any(|key| (segment.first..=segment.last).contains(key))
    };
    now.iter().filter(known).collect()
}

/// Joins gaps until there are at most [`SPANS_MAX`].
fn join(gaps: &[(Option<i64>, Option<i64>)]) -> Vec<(Option<i64>, Option<i64>)> {
    let together = gaps.len().div_ceil(SPANS_MAX).max(1);
    gaps.chunks(together).map(|group| (group[0].0, group[group.len() - 1].1)).collect()
}

fn key(number: i64) -> Key {
    Key(vec![Value::Int(number)])
}

fn covers(span: &Span, first: i64) -> bool {
    let number = |key: &Key| if let [Value::Int(n)] = key.0.as_slice() { *n } else { i64::MIN };
    span.after.as_ref().is_none_or(|after| first > number(after))
        && span.up_to.as_ref().is_none_or(|up_to| first <= number(up_to))
}

/// Segments as bytes, for keeping.
pub(crate) fn to_bytes(segments: &[Segment]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(segments.len() * 36);
    for segment in segments {
        bytes.extend_from_slice(&segment.first.to_le_bytes());
        bytes.extend_from_slice(&segment.last.to_le_bytes());
        bytes.extend_from_slice(&segment.rows.to_le_bytes());
        bytes.extend_from_slice(&segment.digest);
    }
    bytes
}

/// What [`to_bytes`] made; `None` for anything else.
pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Vec<Segment>> {
    let (chunks, rest) = bytes.as_chunks::<36>();
    rest.is_empty().then(|| {
        chunks
            .iter()
            .map(|chunk| Segment {
                first: i64::from_le_bytes(chunk[0..8].try_into().unwrap_or_default()),
                last: i64::from_le_bytes(chunk[8..16].try_into().unwrap_or_default()),
                rows: u32::from_le_bytes(chunk[16..20].try_into().unwrap_or_default()),
                digest: chunk[20..36].try_into().unwrap_or_default(),
            })
            .collect()
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn segments(rows: &BTreeMap<i64, u8>, cuts: &[i64]) -> Vec<Segment> {
        let mut list: Vec<Segment> = Vec::new();
        for (key, value) in rows {
            let new = list.last().is_none_or(|last| cuts.iter().any(|cut| last.last < *cut && cut <= key));
            if new {
                list.push(Segment { first: *key, last: *key, rows: 0, digest: [0; 16] });
            }
            let last = list.last_mut().unwrap();
            last.last = *key;
            last.rows += 1;
            let hash = blake3::hash(&[last.digest.as_slice(), &key.to_le_bytes(), &[*value]].concat());
            last.digest = hash.as_bytes()[..16].try_into().unwrap();
        }
        list
    }

    fn rows() -> impl Strategy<Value = BTreeMap<i64, u8>> {
        prop::collection::btree_map(-40_i64..40, 0_u8..3, 0..40)
    }

    proptest! {
        #[test]
        fn every_difference_lies_in_a_span(
            before in rows(),
            edits in prop::collection::btree_map(-45_i64..45, prop::option::of(0_u8..3), 0..6),
            cuts_before in prop::collection::vec(-40_i64..40, 0..10),
            cuts_now in prop::collection::vec(-40_i64..40, 0..10),
            suspects in prop::collection::vec(-45_i64..45, 0..3),
        ) {
            let mut now = before.clone();
            for (key, value) in edits {
                match value {
                    Some(value) => now.insert(key, value),
                    None => now.remove(&key),
                };
            }
            let (old, new) = (segments(&before, &cuts_before), segments(&now, &cuts_now));
            let doubt = doubtful(&old, &new, &suspects);
            let inside = |key: i64| doubt.spans.iter().any(|span| covers(span, key));
            for key in -50..50 {
                if before.get(&key) != now.get(&key) || suspects.contains(&key) {
                    prop_assert!(inside(key), "{key} differs and is in none of {:?}", doubt.spans);
                }
            }
            prop_assert!(doubt.known <= now.len() as u64);
            prop_assert_eq!(from_bytes(&to_bytes(&new)), Some(new));
        }
    }

    #[test]
    fn nothing_changed_is_nothing_to_do() {
        let rows: BTreeMap<i64, u8> = (0..100).map(|key| (key, 1)).collect();
        let list = segments(&rows, &[10, 20, 50]);
        assert_eq!(doubtful(&list, &list, &[]), Doubt { spans: Vec::new(), known: 100 });
    }

    #[test]
    fn one_changed_row_doubts_only_its_own_segment() {
        let mut rows: BTreeMap<i64, u8> = (0..100).map(|key| (key, 1)).collect();
        let cuts = [10, 20, 50];
        let before = segments(&rows, &cuts);
        rows.insert(15, 2);
        let doubt = doubtful(&before, &segments(&rows, &cuts), &[]);
        assert_eq!(doubt.spans, [Span { after: Some(key(9)), up_to: Some(key(19)) }]);
        assert_eq!(doubt.known, 90);
    }
}
