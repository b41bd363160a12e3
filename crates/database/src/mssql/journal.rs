//! The journal: one trigger a table notes the keys of touched rows in `denk_journal`, in its user's own transaction.
//!
//! **What it must not do** is disturb the program whose transaction it runs in. So `denk_journal` has no IDENTITY
//! column (old programs read `@@identity` after an insert and would get our number): its numbers come from a sequence.
//! Its columns are wide enough for every key. The trigger counts no rows, does nothing when no row was touched, and
//! writes with the owner's rights (ownership chain), not the user's.
//!
//! **Own writes** are left out by CONTEXT_INFO (see the head of the connector).
//!
//! **Keys** are noted as text (`k1`, ...) or bytes (`b1`, ...), with a letter a column for its kind, so that they can be
//! read when the table has changed or is gone. **Not seen**: TRUNCATE TABLE, and bulk loads that do not fire triggers.

use model::{Change, Coercion, DataType, ErrorKind, Key, Operation, Table, TableRef, Value, Zone, coerce};
use tiberius::Row;

use super::{
    Mssql, QUOTING,
    compare::same,
    connect::{batch, numbers, parameter, rows, text},
    error::unexpected,
    introspect,
    types::{Family, NativeType},
};
use crate::{
    Error, JournalStatus, Result,
    sql::{Slot, render, slot},
};

/// Columns of `denk_journal` for a key.
const KEY_MAX: usize = 8;
const TRIGGER_PREFIX: &str = "denk_note_";
/// Letters of a table's name in its trigger's name, before the fingerprint.
const TRIGGER_NAME: usize = 90;
const FORGET_AT_ONCE: usize = 1000;

/// A column of the key, and how it is noted.
struct Noted<'a> {
    name: &'a str,
    native: NativeType,
    letter: char,
    template: &'static str,
}

pub(super) async fn install(session: &mut Mssql, table: &TableRef, key: &[String]) -> Result<()> {
    let table = introspect::table(session, table).await?;
    let trigger = definition(&session.features.schema, &table, key)?;
    let sql = about(&session.features.schema, &table.name, include_str!("sql/journal_home.sql"))?;
    batch(&mut session.wire, &sql).await?;
    match trigger_state(session, &table, &trigger).await? {
        JournalStatus::Complete => return Ok(()),
        JournalStatus::Doubtful => drop_trigger(session, &table.name).await?,
        JournalStatus::Absent => {}
    }
    batch(&mut session.wire, &trigger).await.map_err(|error| error.in_table(&table.name))
}

pub(super) async fn status(session: &mut Mssql, table: &TableRef, key: &[String]) -> Result<JournalStatus> {
    let table = introspect::table(session, table).await?;
    let trigger = definition(&session.features.schema, &table, key)?;
    let home = home(session, &table.name).await?;
    Ok(match trigger_state(session, &table, &trigger).await? {
        JournalStatus::Complete if home.whole && home.known => JournalStatus::Complete,
        JournalStatus::Absent if !home.known => JournalStatus::Absent,
        _ => JournalStatus::Doubtful,
    })
}

async fn trigger_state(session: &mut Mssql, table: &Table, definition: &str) -> Result<JournalStatus> {
    let name = trigger_name(&table.name);
    // Babelfish writes names in small letters.
    let Some(found) = table.triggers.iter().find(|trigger| trigger.name.eq_ignore_ascii_case(&name)) else {
        return Ok(JournalStatus::Absent);
    };
    let parameters = [parameter(table.name.schema.as_deref().unwrap_or_default()), parameter(&name)];
    let enabled = rows(&mut session.wire, include_str!("sql/journal_enabled.sql"), &parameters).await?;
    let same = found.definition.trim() == definition.trim() && !enabled.is_empty();
    Ok(if same { JournalStatus::Complete } else { JournalStatus::Doubtful })
}

/// What there is of the journal besides triggers.
struct Home {
    /// The journal's own objects are all there.
    whole: bool,
    /// `denk_journal` is there.
    journal: bool,
    /// The table is written down as one that is noted.
    known: bool,
}

async fn home(session: &mut Mssql, table: &TableRef) -> Result<Home> {
    let sql = about(&session.features.schema, table, include_str!("sql/journal_present.sql"))?;
    let found = numbers(&mut session.wire, &sql).await?;
    let [journal, sequence, tables] = found[..] else { return Err(unexpected("the server sent no counts")) };
    let known = tables > 0 && {
        let sql = about(&session.features.schema, table, include_str!("sql/journal_known.sql"))?;
        numbers(&mut session.wire, &sql).await? != [0]
    };
    Ok(Home { whole: journal > 0 && sequence > 0 && tables > 0, journal: journal > 0, known })
}

/// A template about the journal, which is in schema `home`, and one table, rendered.
pub(super) fn about(home: &str, table: &TableRef, template: &str) -> Result<String> {
    let own = |name| QUOTING.table(&TableRef::in_schema(home, name));
    let schema = table.schema.as_deref().unwrap_or_default();
    let slots = [
        ("journal", own("denk_journal")?),
        ("journal_text", Slot::text(own("denk_journal")?.as_str())),
        ("numbers", own("denk_journal_number")?),
        ("numbers_text", Slot::text(own("denk_journal_number")?.as_str())),
        ("tables", own("denk_journal_tables")?),
        ("home", Slot::text(home)),
        ("schema", Slot::text(schema)),
        ("name", Slot::text(&table.name)),
    ];
    Ok(render(template, &slots))
}

pub(super) async fn drain(session: &mut Mssql, limit: usize) -> Result<Vec<Change>> {
    if !home(session, &TableRef::new("denk_journal")).await?.journal {
        return Ok(Vec::new());
    }
    // Rows of transactions under way are passed over; a snapshot does not see them anyway and refuses the hint.
    let snapshot = session.features.snapshots && session.transaction == Some(crate::Begin::Read);
    let hint = Slot::fixed(if snapshot { "" } else { "with (readpast)" });
    let slots = [
        ("journal", journal(&session.features.schema)?),
        ("limit", Slot::number(limit as i128)),
        ("hint", hint),
    ];
    let sql = render(include_str!("sql/journal_drain.sql"), &slots);
    rows(&mut session.wire, &sql, &[]).await?.iter().map(change).collect()
}

/// A row of (id, schema, table, operation, letters, k1 ... k8, b1 ... b8).
fn change(row: &Row) -> Result<Change> {
    let id = row.try_get::<i64, _>(0)?.ok_or_else(|| unexpected("a note without a number"))?;
    let letter = text(row, 3)?.chars().next().and_then(Operation::from_letter);
    let operation = letter.ok_or_else(|| unexpected("a note of an unknown operation"))?;
    let kinds = text(row, 4)?;
    let key = kinds.chars().enumerate().map(|(at, kind)| match kind {
        'b' => Ok(row
            .try_get::<&[u8], _>(5 + KEY_MAX + at)?
            .map_or(Value::Null, |bytes| Value::Bytes(bytes.to_vec()))),
        _ => Ok(noted(kind, row.try_get::<&str, _>(5 + at)?)),
    });
    let key = key.collect::<Result<Vec<_>>>()?;
    Ok(Change {
        id,
        table: TableRef::in_schema(text(row, 1)?, text(row, 2)?),
        operation,
        key: Key(key),
        at: None,
    })
}

/// A key's value from its note; what cannot be read stays the text that it is.
fn noted(kind: char, text: Option<&str>) -> Value {
    let Some(text) = text else { return Value::Null };
    let wanted = match kind {
        'o' => DataType::Bool,
        'i' => DataType::INT64,
        'n' => DataType::Decimal(None),
        'd' => DataType::DATE,
        'c' => DataType::Time { digits: 9 },
        's' => DataType::TIMESTAMP,
        'z' => DataType::INSTANT,
        'u' => DataType::Uuid,
        _ => return Value::Text(text.to_owned()),
    };
    let rules = Coercion { zone: &Zone::utc(), null_texts: &[] };
    coerce(Value::Text(text.to_owned()), &wanted, rules).unwrap_or_else(|_| Value::Text(text.to_owned()))
}

pub(super) async fn forget(session: &mut Mssql, ids: &[i64]) -> Result<()> {
    for ids in ids.chunks(FORGET_AT_ONCE) {
        let list = Slot::join(ids.iter().map(|id| Slot::number(*id)), ", ");
        let sql = render(
            include_str!("sql/journal_forget.sql"),
            &[("journal", journal(&session.features.schema)?), ("ids", list)],
        );
        batch(&mut session.wire, &sql).await?;
    }
    Ok(())
}

pub(super) async fn remove(session: &mut Mssql, table: &TableRef) -> Result<()> {
    let table = session.qualified(table);
    drop_trigger(session, &table).await?;
    let home = home(session, &table).await?;
    if home.journal {
        let sql = about(&session.features.schema, &table, include_str!("sql/journal_clear.sql"))?;
        batch(&mut session.wire, &sql).await?;
    }
    if home.known {
        let sql = about(&session.features.schema, &table, include_str!("sql/journal_unknown.sql"))?;
        batch(&mut session.wire, &sql).await?;
    }
    Ok(())
}

async fn drop_trigger(session: &mut Mssql, table: &TableRef) -> Result<()> {
    batch(&mut session.wire, &removal(table)?).await
}

pub(super) fn removal(table: &TableRef) -> Result<String> {
    let name = trigger_name(table);
    let trigger = QUOTING.table(&TableRef { schema: table.schema.clone(), name: name.clone() })?;
    let schema = Slot::text(table.schema.as_deref().unwrap_or_default());
    let slots = [
        ("schema", schema),
        ("name", Slot::text(&name)),
        ("trigger", trigger),
        ("table", QUOTING.table(table)?),
    ];
    Ok(render(include_str!("sql/journal_drop_trigger.sql"), &slots))
}

fn journal(home: &str) -> Result<Slot> {
    QUOTING.table(&TableRef::in_schema(home, "denk_journal"))
}

/// The trigger's name: the table's, or where that is long or strange, its beginning and a fingerprint.
fn trigger_name(table: &TableRef) -> String {
    let name = &table.name;
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if name.len() <= TRIGGER_NAME && name.chars().all(plain) {
        return [TRIGGER_PREFIX, name].concat();
    }
    // FNV-1a: not for safety, only so that two names differ.
    let fingerprint = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let beginning: String = name.chars().map(|c| if plain(c) { c } else { '_' }).take(TRIGGER_NAME).collect();
    format!("{TRIGGER_PREFIX}{beginning}_{fingerprint:016x}")
}

/// The statement that makes the trigger. `home`: schema of the journal.
pub(super) fn definition(home: &str, table: &Table, key: &[String]) -> Result<String> {
    let noted = key.iter().map(|name| noted_column(table, name)).collect::<Result<Vec<_>>>()?;
    if noted.is_empty() || noted.len() > KEY_MAX {
        let what = format!("a journal needs a key of 1 to {KEY_MAX} columns");
        return Err(Error::new(ErrorKind::Unsupported, what).in_table(&table.name));
    }
    trigger(&table.name, &journal(home)?, &noted)
}

fn noted_column<'a>(table: &Table, name: &'a str) -> Result<Noted<'a>> {
    let Some(column) = table.column(name) else {
        return Err(
            Error::new(ErrorKind::Missing, format!("there is no column `{name}`")).in_table(&table.name)
        );
    };
    let native = NativeType::parse(&column.native).unwrap_or(NativeType::CLR);
    let plain = "convert(nvarchar(4000), {x})";
    let (letter, template) = match native.family {
        Family::Bit => ('o', plain),
        family if family.is_integer() => ('i', plain),
        Family::Decimal => ('n', plain),
        Family::Money | Family::SmallMoney => ('n', "convert(nvarchar(4000), convert(decimal(19,4), {x}))"),
        family if family.is_padded() => ('t', "rtrim(convert(nvarchar(4000), {x}))"),
        Family::VarChar | Family::NVarChar => ('t', plain),
        Family::Date => ('d', "convert(nvarchar(4000), {x}, 23)"),
        Family::Time => ('c', "convert(nvarchar(4000), {x}, 121)"),
        Family::DateTime | Family::SmallDateTime | Family::DateTime2 => {
            ('s', "convert(nvarchar(4000), {x}, 121)")
        }
        Family::DateTimeOffset => ('z', "convert(nvarchar(4000), {x}, 121)"),
        Family::Uuid => ('u', "convert(nvarchar(36), {x})"),
        Family::Binary | Family::VarBinary | Family::RowVersion => ('b', "{x}"),
        _ => {
            let what = format!("column `{name}` is of a type that cannot tell rows apart");
            return Err(Error::new(ErrorKind::Unsupported, what).in_table(&table.name).in_column(name));
        }
    };
    Ok(Noted { name, native, letter, template })
}

fn trigger(table: &TableRef, journal: &Slot, key: &[Noted<'_>]) -> Result<String> {
    let column = |side: &'static str, noted: &Noted<'_>| {
        Ok::<_, Error>(Slot::join([Slot::fixed(side), QUOTING.name(noted.name)?], "."))
    };
    let values = |side| {
        let values = key.iter().map(|noted| Ok(slot(noted.template, &[("x", column(side, noted)?)])));
        Ok::<_, Error>(Slot::join(values.collect::<Result<Vec<_>>>()?, ", "))
    };
    let matching = key.iter().map(|noted| Ok(same(&column("i", noted)?, &column("d", noted)?, noted.native)));
    let places = key.iter().enumerate().map(|(at, noted)| {
        slot(if noted.letter == 'b' { "b{n}" } else { "k{n}" }, &[("n", Slot::number(at as i128 + 1))])
    });
    let letters: String = key.iter().map(|noted| noted.letter).collect();
    let name = TableRef { schema: table.schema.clone(), name: trigger_name(table) };
    let slots = [
        ("trigger", QUOTING.table(&name)?),
        ("table", QUOTING.table(table)?),
        ("journal", journal.clone()),
        ("schema_text", Slot::text(table.schema.as_deref().unwrap_or_default())),
        ("table_text", Slot::text(&table.name)),
        ("letters", Slot::text(&letters)),
        ("places", Slot::join(places, ", ")),
        ("old", values("d")?),
        ("new", values("i")?),
        ("matching", Slot::join(matching.collect::<Result<Vec<_>>>()?, " and ")),
    ];
    Ok(render(include_str!("sql/journal_trigger.sql"), &slots))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noted_column(name: &str, native: &str) -> Noted<'static> {
        let name = name.to_owned().leak();
        Noted {
            name,
            native: NativeType::parse(native).unwrap(),
            letter: 't',
            template: "convert(nvarchar(4000), {x})",
        }
    }

    #[test]
    fn a_trigger_notes_what_went_before_what_came() {
        let journal = QUOTING.table(&TableRef::in_schema("dbo", "denk_journal")).unwrap();
        let table = TableRef::in_schema("dbo", "STOKLAR ']\"");
        let sql = trigger(&table, &journal, &[noted_column("sto_kod", "nvarchar(25)")]).unwrap();
        assert!(sql.starts_with("create trigger \"dbo\".\"denk_note_STOKLAR_____"), "{sql}");
        assert!(sql.contains("\" on \"dbo\".\"STOKLAR ']\"\"\" after insert"), "{sql}");
        assert!(sql.contains("N'STOKLAR '']\"'"), "{sql}");
        assert!(sql.find("from deleted as d").unwrap() < sql.find("from inserted as i\n").unwrap(), "{sql}");
        assert!(!sql.contains("identity"), "{sql}");
    }

    #[test]
    fn names_of_triggers_fit_and_differ() {
        let long = |last| TableRef::new(["ş".repeat(127).as_str(), last].concat());
        let (a, b) = (trigger_name(&long("a")), trigger_name(&long("b")));
        assert!(a.encode_utf16().count() <= 128 && a != b);
        assert_eq!(trigger_name(&TableRef::new("STOKLAR")), "denk_note_STOKLAR");
    }

    #[test]
    fn a_key_comes_back_as_what_it_was() {
        assert_eq!(noted('i', Some("-5")), Value::Int(-5));
        assert_eq!(noted('t', Some("-5")), Value::Text("-5".into()));
        assert_eq!(noted('s', Some("2026-01-31 09:05:07.003")).to_string(), "2026-01-31 09:05:07.003");
        assert_eq!(
            noted('z', Some("2026-01-31 09:05:07.1234567 +03:00")).to_string(),
            "2026-01-31 09:05:07.1234567+03:00"
        );
        assert_eq!(
            noted('u', Some("6F9619FF-8B86-D011-B42D-00C04FC964FF")).to_string(),
            "6f9619ff-8b86-d011-b42d-00c04fc964ff"
        );
        assert_eq!(noted('n', Some("1.50")), Value::Decimal("1.5".parse().unwrap()));
        assert_eq!(noted('i', None), Value::Null);
    }
}
