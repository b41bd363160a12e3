use merge::LocalId;
use model::{Date, Decimal, Gid, Instant, Rev, Stamp, Time, Timestamp, Uuid, Value};
use proptest::prelude::*;

use super::*;

fn value() -> impl Strategy<Value = Value> {
    let timestamp = || (any::<i64>(), 0_u16..1000).prop_map(|(micros, nanos)| Timestamp { micros, nanos });
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::Int),
        any::<u64>().prop_map(|bits| Value::Real(f64::from_bits(bits))),
        (any::<i64>(), 0_u8..=38)
            .prop_map(|(n, scale)| Value::Decimal(Decimal::new(i128::from(n) * 1_000_003, scale).unwrap())),
        any::<String>().prop_map(Value::Text),
        "[ığüşİ\0]{0,5}".prop_map(Value::Text),
        prop::collection::vec(any::<u8>(), 0..20).prop_map(Value::Bytes),
        any::<i32>().prop_map(|days| Value::Date(Date(days))),
        any::<i64>().prop_map(|nanos| Value::Time(Time(nanos))),
        timestamp().prop_map(Value::Timestamp),
        (timestamp(), any::<i16>())
            .prop_map(|(utc, offset_minutes)| Value::Instant(Instant { utc, offset_minutes })),
        any::<u128>().prop_map(|uuid| Value::Uuid(Uuid::from_u128(uuid))),
        any::<String>().prop_map(Value::Json),
    ]
}

fn cells() -> impl Strategy<Value = Cells> {
    prop::collection::vec(prop::option::of(value()), 0..12)
}

fn gid() -> impl Strategy<Value = Gid> {
    any::<u128>().prop_map(|bits| Gid::from_uuid(Uuid::from_u128(bits)))
}

fn stamp() -> impl Strategy<Value = Stamp> {
    let parts = (any::<i64>(), any::<u32>(), any::<u32>());
    parts.prop_map(|(wall_ms, counter, site)| Stamp { wall_ms, counter, site: SiteId(site) })
}

fn shadow() -> impl Strategy<Value = Vec<ShadowRow>> {
    let id = prop_oneof![any::<i64>().prop_map(LocalId::Int), any::<String>().prop_map(LocalId::Text)];
    let row = (id, gid(), any::<i64>(), cells());
    let row = row.prop_map(|(id, gid, rev, cells)| ShadowRow { id, gid, rev: Rev(rev), cells });
    prop::collection::vec(row, 0..6)
}

fn marks() -> impl Strategy<Value = Vec<Mark>> {
    // Few different parts, so that neighbours are often equal in some of them only.
    let stamp =
        (0_i64..2, 0_u32..2).prop_map(|(wall_ms, counter)| Stamp { wall_ms, counter, site: SiteId(1) });
    let emptied = prop::option::of((0_u128..2).prop_map(|bits| Gid::from_uuid(Uuid::from_u128(bits))));
    let mark = (stamp, 0_i64..2, any::<bool>(), emptied);
    let mark = mark.prop_map(|(stamp, rev, headquarters, emptied)| Mark {
        stamp,
        rev: Rev(rev),
        headquarters,
        emptied,
    });
    let run = (mark, 0_usize..3).prop_map(|(mark, columns)| vec![mark; columns]);
    prop::collection::vec(run, 0..9).prop_map(|runs| runs.concat())
}

fn heard() -> impl Strategy<Value = BTreeMap<SiteId, Heard>> {
    let heard = (prop::option::of(stamp()), any::<i64>(), any::<bool>());
    let heard = heard.prop_map(|(stamp, wrote, deleted)| Heard { stamp, wrote: Rev(wrote), deleted });
    prop::collection::btree_map(any::<u32>().prop_map(SiteId), heard, 0..5)
}

fn own() -> impl Strategy<Value = OwnTable> {
    (0_usize..4).prop_flat_map(|width| {
        let columns = prop::collection::vec(any::<String>(), width);
        let rows = prop::collection::vec(prop::collection::vec(value(), width), 0..4);
        (columns, rows).prop_map(|(columns, rows)| OwnTable { columns, rows })
    })
}

/// What `Debug` shows is exact, where equality takes 1 for 1.0; but it shows every NaN alike.
fn comes_back<T: Stored + std::fmt::Debug>(given: &T) {
    let bytes = given.encode();
    let back = T::decode(&bytes).unwrap();
    assert_eq!(format!("{back:?}"), format!("{given:?}"));
    assert!(back.encode() == bytes, "to the last bit");
}

fn all_are_refused_or_read(bytes: &[u8]) {
    _ = Cells::decode(bytes);
    _ = Vec::<ShadowRow>::decode(bytes);
    _ = Vec::<Mark>::decode(bytes);
    _ = BTreeMap::<SiteId, Heard>::decode(bytes);
    _ = OwnTable::decode(bytes);
}

proptest! {
    #[test]
    fn ids_alone_are_those_of_the_rows(rows in shadow()) {
        let ids: Vec<_> = rows.iter().map(|row| (row.id.clone(), row.gid)).collect();
        prop_assert_eq!(decode_ids(&rows.encode()), Ok(ids));
    }

    #[test]
    fn everything_comes_back(cells in cells(), shadow in shadow(), marks in marks(), heard in heard(), own in own()) {
        comes_back(&cells);
        comes_back(&shadow);
        comes_back(&marks);
        comes_back(&heard);
        comes_back(&own);
    }

    #[test]
    fn garbage_is_no_panic(mut bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        all_are_refused_or_read(&bytes);
        bytes.insert(0, VERSION);
        all_are_refused_or_read(&bytes);
    }

    #[test]
    fn damage_is_no_panic_and_cut_ends_are_refused(shadow in shadow(), at in any::<prop::sample::Index>(), bit in 0_u8..8) {
        let mut bytes = shadow.encode();
        let at = at.index(bytes.len());
        prop_assert!(Vec::<ShadowRow>::decode(&bytes[..at]).is_err());
        bytes[at] ^= 1 << bit;
        all_are_refused_or_read(&bytes);
    }
}

#[test]
fn a_length_that_is_not_there_takes_no_memory() {
    let long = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f];
    for tail in [&[][..], &[0; 4], &[1; 40]] {
        all_are_refused_or_read(&[&[VERSION], &long[..], tail].concat());
    }
    let columns = COLUMNS + 1;
    let mark = Mark {
        stamp: Stamp { wall_ms: 1, counter: 0, site: SiteId(1) },
        rev: Rev(1),
        headquarters: false,
        emptied: None,
    };
    assert!(Vec::<Mark>::decode(&vec![mark; COLUMNS].encode()).is_ok());
    assert!(Vec::<Mark>::decode(&vec![mark; columns].encode()).is_err(), "no table has so many columns");
}

const COLUMNS: usize = 32_767;

#[test]
fn a_later_version_is_refused_with_its_number() {
    let mut bytes = Cells::new().encode();
    bytes[0] = 2;
    assert_eq!(
        Cells::decode(&bytes).unwrap_err().to_string(),
        "stored cells cannot be read: version 2 is not known"
    );
    bytes[0] = VERSION;
    bytes.push(0);
    assert_eq!(
        Cells::decode(&bytes).unwrap_err().to_string(),
        "stored cells cannot be read: 1 bytes are left over"
    );
    assert_eq!(Cells::decode(&[]).unwrap_err().to_string(), "stored cells cannot be read: it is empty");
}

#[test]
fn values_that_do_not_exist_are_refused() {
    let decimal = |scale: u8| [VERSION, 1, 8, 2, scale];
    assert_eq!(Cells::decode(&decimal(38)).unwrap(), [Some(Value::Decimal(Decimal::new(1, 38).unwrap()))]);
    assert!(Cells::decode(&decimal(39)).is_err());
    let row_without_columns = [VERSION, 0, 1, 1, 1];
    assert!(OwnTable::decode(&row_without_columns).is_err());
}

#[test]
fn the_form_does_not_change_by_accident() {
    let cells: Cells = vec![None, Some(Value::Null), Some(Value::Int(-1)), Some(Value::Text("ı".into()))];
    assert_eq!(cells.encode(), [1, 4, 0, 1, 2, 1, 3, 2, 0xc4, 0xb1]);
    let stamp = Stamp { wall_ms: 1, counter: 2, site: SiteId(3) };
    let mark = Mark { stamp, rev: Rev(4), headquarters: true, emptied: None };
    assert_eq!(vec![mark; 8].encode(), [1, 1, 8, 2, 2, 3, 8, 1, 0], "eight columns are as short as one");
    let gid = Gid::from_uuid(Uuid::from_u128(7));
    let row = ShadowRow { id: LocalId::Int(5), gid, rev: Rev(6), cells: vec![Some(gid.into())] };
    let sixteen = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7];
    assert_eq!(vec![row].encode(), [&[1, 1, 0, 10][..], &sixteen, &[12, 1, 4], &sixteen].concat());
    let heard = Heard { stamp: Some(stamp), wrote: Rev(1), deleted: false };
    assert_eq!(BTreeMap::from([(SiteId(9), heard)]).encode(), [1, 1, 9, 1, 2, 2, 3, 2, 0]);
}
