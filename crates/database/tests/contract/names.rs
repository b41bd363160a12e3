//! Names are taken literally, whatever is in them, as long as the database allows.

use database::{Applied, JournalStatus, Relation};
use model::{DataType, ErrorKind, Operation, TableRef, TextUnit};

use crate::{
    lab::{Lab, Part, plain_table, quoted, refused},
    rows::row,
    types,
};

const HOSTILE: [&str; 17] = [
    "order",
    " birvbiry_sync_date",
    "trailing ",
    "it's",
    "say \"hello\"",
    "[brackets]]",
    "`back`ticks",
    "semi; drop table x --",
    "/* comment */",
    "{table} {columns}",
    "İĞÜŞÖÇığüşöç",
    "100%_$1 @p ?1 :name",
    "back\\slash\\",
    "dot.ted",
    "tab\tand\nline",
    "😀",
    "SELECT",
];

/// The name as table, as its key, and as another column.
async fn works_as_name(lab: &mut Lab, name: &str) {
    let value = format!("{name}2");
    let value = if fits(lab, &value) { value } else { "value".to_owned() };
    let columns = [(name, DataType::INT32), (value.as_str(), types::text(20))];
    let made = lab.make(name, &columns, &[name]).await;
    assert_eq!(made.table.name.name, name);
    assert_eq!(made.table.primary_key, [name]);
    assert!(lab.session.tables().await.unwrap().contains(&made.table.name), "{name}");

    lab.session.journal_install(&made.table.name, &made.key_names()).await.unwrap();
    assert_eq!(
        lab.session.journal_status(&made.table.name, &made.key_names()).await.unwrap(),
        JournalStatus::Complete
    );
    lab.execute(&format!("insert into {} values (1, 'a')", quoted(name))).await;
    let applied = lab.upsert(&made, &[row![1, "b"], row![2, "c"]]).await.unwrap();
    assert_eq!(applied, Applied { inserted: 1, updated: 1, unchanged: 0 }, "{name}");
    let page = lab.page(&made, &Part { rows: Some(1), ..Part::default() }).await;
    let page = lab.page(&made, &Part { after: page.next.as_ref(), ..Part::default() }).await;
    assert_eq!(crate::rows::of(&page.batch), [row![2, "c"]], "{name}");
    assert_eq!(lab.delete(&made, &[row![2]]).await.unwrap(), 1);

    let notes = lab.session.journal_drain(100).await.unwrap();
    assert!(notes.iter().all(|note| note.table == made.table.name), "{name}: {notes:?}");
    assert_eq!(notes[0].operation, Operation::Insert);
    lab.session.journal_remove(&made.table.name).await.unwrap();
    assert_eq!(
        lab.session.journal_status(&made.table.name, &made.key_names()).await.unwrap(),
        JournalStatus::Absent
    );
    lab.execute(&format!("drop table {}", quoted(name))).await;
}

fn fits(lab: &Lab, name: &str) -> bool {
    let capabilities = lab.session.capabilities();
    let length = match capabilities.identifier_unit {
        TextUnit::Bytes => name.len(),
        unit => unit.length(name),
    };
    length <= capabilities.identifier_max
}

pub async fn hostile_names_are_only_names(lab: &mut Lab) {
    let wide = lab.engine.habits().wide_names;
    for name in HOSTILE.into_iter().filter(|name| wide || name.chars().all(|c| c <= '\u{ffff}')) {
        works_as_name(lab, name).await;
    }
}

/// Every unit of length that the database allows, up to 128, and not one more than it allows.
pub async fn names_are_as_long_as_the_database_allows(lab: &mut Lab) {
    let capabilities = lab.session.capabilities();
    let (max, unit) = (capabilities.identifier_max, capabilities.identifier_unit);
    assert!(max >= 63);
    for letter in ["x", "ş"] {
        let units = if unit == TextUnit::Bytes { letter.len() } else { unit.length(letter) };
        works_as_name(lab, &letter.repeat(max.min(128) / units)).await;
        let too_long = letter.repeat(max / units + 1);
        let column = lab.session.faithful(&model::ColumnDef::new("id", DataType::INT32).not_null()).unwrap();
        let table = plain_table(&too_long, vec![column.clone()], &["id"]);
        refused(lab.session.create_table(&table).await, ErrorKind::Schema);
        let named_so = model::ColumnDef { name: too_long.clone(), ..column };
        let table = plain_table("t", vec![named_so], &[&too_long]);
        refused(lab.session.create_table(&table).await, ErrorKind::Schema);
        assert_eq!(lab.session.tables().await.unwrap(), []);
    }
}

/// What a connector makes of a long name (triggers, functions) must not clash.
pub async fn long_names_that_begin_alike_stay_apart(lab: &mut Lab) {
    let length = lab.session.capabilities().identifier_max.min(128);
    let names = ["a", "b"].map(|last| format!("{}{last}", "x".repeat(length - 1)));
    for (name, id) in names.iter().zip([1, 2]) {
        let made = lab.make(name, &[("id", DataType::INT32)], &["id"]).await;
        lab.session.journal_install(&made.table.name, &made.key_names()).await.unwrap();
        lab.execute(&format!("insert into {} values ({id})", quoted(name))).await;
    }
    let notes = lab.session.journal_drain(10).await.unwrap();
    let noted: Vec<(&str, String)> =
        notes.iter().map(|note| (note.table.name.as_str(), note.key.to_string())).collect();
    assert_eq!(noted, [(names[0].as_str(), "1".to_owned()), (names[1].as_str(), "2".to_owned())]);
}

/// Two names that differ only by case or by a Turkish i are two names, where the database says so.
pub async fn a_name_means_exactly_one_table(lab: &mut Lab) {
    lab.make("Fiş", &[("id", DataType::INT32)], &["id"]).await;
    for absent in ["Fi", "Fiş ", " Fiş", "Fiş\"", "F_ş", "%", "Fıs"] {
        refused(lab.session.table(&TableRef::new(absent)).await, ErrorKind::Missing);
    }
}

pub async fn tables_in_other_schemas_are_found_there(lab: &mut Lab) {
    let Some(default) = lab.session.capabilities().default_schema else { return };
    let schema = "it's \"mine\"";
    lab.execute(&format!("create schema {}", quoted(schema))).await;
    lab.execute(&format!("create table {}.goods (id int not null primary key)", quoted(schema))).await;
    lab.execute("create table goods (id int not null primary key, n int)").await;

    let there = TableRef::in_schema(schema, "goods");
    assert_eq!(lab.session.table(&there).await.unwrap().columns.len(), 1);
    assert_eq!(
        lab.session.table(&TableRef::new("goods")).await.unwrap().name,
        TableRef::in_schema(default, "goods")
    );
    let mut tables = [there.clone(), TableRef::in_schema(default, "goods")];
    tables.sort();
    assert_eq!(lab.session.tables().await.unwrap(), tables);

    let mut made = lab.found("goods", &["id"]).await;
    made.table = lab.session.table(&there).await.unwrap();
    made.types.truncate(1);
    made.refs.truncate(1);
    made.relation = Relation::Table(there.clone());
    lab.session.journal_install(&there, &made.key_names()).await.unwrap();
    lab.upsert(&made, &[row![1], row![2]]).await.unwrap();
    assert_eq!(lab.rows(&made).await, [row![1], row![2]]);
    assert_eq!(lab.count("goods").await, 0);
    let notes = lab.session.journal_drain(10).await.unwrap();
    assert!(notes.len() == 2 && notes.iter().all(|note| note.table == there), "{notes:?}");
}
