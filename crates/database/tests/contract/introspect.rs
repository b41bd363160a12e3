//! Tables as they are, and tables made.

use std::collections::BTreeSet;

use model::{ColumnDef, DataType, ErrorKind, ForeignKey, Generated, Table, TableKind, TableRef, TextTraits};

use crate::{
    lab::{Lab, Part, plain_table, refused},
    rows::{NULL, row},
    types,
};

async fn shop_table(lab: &mut Lab, name: &str) -> Table {
    lab.session.table(&TableRef::new(name)).await.unwrap()
}

fn names(table: &Table, keep: impl Fn(&ColumnDef) -> bool) -> Vec<&str> {
    table.columns.iter().filter(|column| keep(column)).map(|column| column.name.as_str()).collect()
}

pub async fn a_table_is_described_as_it_is(lab: &mut Lab) {
    lab.run_script(lab.engine.habits().shop).await;
    let customers = shop_table(lab, "customers").await;
    assert_eq!(customers.kind, TableKind::Table);
    assert_eq!(customers.name.name, "customers");
    assert_eq!(customers.name.schema.as_deref(), lab.session.capabilities().default_schema);
    assert_eq!(
        names(&customers, |_| true),
        ["id", "code", "name", "balance", "state", "parent_id", "doubled"]
    );
    assert_eq!(names(&customers, |c| c.generated == Generated::Identity), ["id"]);
    assert_eq!(names(&customers, |c| c.generated == Generated::Computed), ["doubled"]);
    assert_eq!(names(&customers, |c| !c.nullable && c.name != "id"), ["code", "balance"]);
    assert_eq!(
        names(&customers, |c| c.default.is_some() && c.generated == Generated::No),
        ["balance", "state"]
    );
    assert!(customers.column("balance").unwrap().default.as_ref().unwrap().contains('0'));
    assert!(customers.column("state").unwrap().default.as_ref().unwrap().contains("new"));
    assert!(
        customers.columns.iter().filter(|c| c.generated != Generated::Computed).all(|c| !c.native.is_empty())
    );
    assert_eq!(customers.column("balance").unwrap().data_type, DataType::Decimal(Some((18, 4))));
    assert_eq!(customers.triggers, []);
}

pub async fn keys_are_told_in_their_own_order(lab: &mut Lab) {
    lab.run_script(lab.engine.habits().shop).await;
    let customers = shop_table(lab, "customers").await;
    assert_eq!(customers.primary_key, ["id"]);
    let mut unique: BTreeSet<Vec<String>> = customers.unique.iter().cloned().collect();
    if !lab.engine.habits().told_conditions {
        unique.remove(&vec!["balance".to_owned()]);
    }
    // An index with a condition is no key.
    let wanted: [&[&str]; 2] = [&["code"], &["name", "state"]];
    assert_eq!(unique, wanted.map(|key| key.iter().map(ToString::to_string).collect()).into());
    assert_eq!(shop_table(lab, "orders").await.primary_key, ["region", "no"]);
    assert_eq!(shop_table(lab, "order_lines").await.primary_key, ["region", "order_no", "line"]);
    let notes = shop_table(lab, "notes").await;
    assert!(notes.primary_key.is_empty() && notes.unique.is_empty());
}

pub async fn references_between_tables_are_told(lab: &mut Lab) {
    lab.run_script(lab.engine.habits().shop).await;
    let reference = |columns: &[&str], table: &Table, referenced: &[&str]| ForeignKey {
        columns: columns.iter().map(ToString::to_string).collect(),
        table: table.name.clone(),
        referenced: referenced.iter().map(ToString::to_string).collect(),
    };
    let customers = shop_table(lab, "customers").await;
    assert_eq!(customers.foreign_keys, [reference(&["parent_id"], &customers, &["id"])]);
    let orders = shop_table(lab, "orders").await;
    assert_eq!(orders.foreign_keys, [reference(&["customer_id"], &customers, &["id"])]);
    let lines = shop_table(lab, "order_lines").await;
    assert_eq!(lines.foreign_keys, [reference(&["region", "order_no"], &orders, &["region", "no"])]);
}

pub async fn triggers_and_views_are_told(lab: &mut Lab) {
    lab.run_script(lab.engine.habits().shop).await;
    let orders = shop_table(lab, "orders").await;
    let triggers: Vec<&str> = orders.triggers.iter().map(|trigger| trigger.name.as_str()).collect();
    assert_eq!(triggers, ["orders_noted"]);
    assert!(orders.triggers[0].definition.contains("note"), "{:?}", orders.triggers);
    let view = shop_table(lab, "open_orders").await;
    assert_eq!(view.kind, TableKind::View);
    assert_eq!(names(&view, |_| true), ["region", "no"]);
    assert!(view.primary_key.is_empty());
}

pub async fn tables_and_views_are_listed_by_name(lab: &mut Lab) {
    assert_eq!(lab.session.tables().await.unwrap(), []);
    lab.run_script(lab.engine.habits().shop).await;
    let tables = lab.session.tables().await.unwrap();
    let names: Vec<&str> = tables.iter().map(|table| table.name.as_str()).collect();
    assert_eq!(names, ["customers", "notes", "open_orders", "order_lines", "orders"]);
    for table in tables {
        assert_eq!(lab.session.table(&table).await.unwrap().name, table);
    }
}

pub async fn a_missing_table_is_missing(lab: &mut Lab) {
    let error = refused(lab.session.table(&TableRef::new("absent")).await, ErrorKind::Missing);
    assert!(error.to_string().contains("absent") || error.table.is_some_and(|table| table.name == "absent"));
    refused(lab.session.table(&TableRef::in_schema("nowhere", "absent")).await, ErrorKind::Missing);
}

/// Native types: what introspection says of each, and a value that another program wrote.
pub async fn native_types_are_read_exactly(lab: &mut Lab) {
    for native in lab.engine.natives() {
        lab.execute(&format!("create table native (id int not null primary key, c {})", native.ddl)).await;
        lab.execute(&format!("insert into native values (1, {})", native.literal)).await;
        let made = lab.found("native", &["id"]).await;
        assert_eq!(without_nul(&made.types[1]), without_nul(&native.data_type), "{}", native.ddl);
        assert_eq!(
            lab.rows(&made).await,
            [row![1, native.value.clone()]],
            "{} of {}",
            native.literal,
            native.ddl
        );
        // And back: the same value is no change.
        let applied =
            lab.upsert(&made, &[row![1, native.value.clone()], row![2, native.value.clone()]]).await.unwrap();
        assert_eq!((applied.inserted, applied.unchanged), (1, 1), "{} of {}", native.literal, native.ddl);
        assert_eq!(lab.rows(&made).await[1][1], native.value, "{}", native.ddl);

        let same = lab.session.faithful(&made.table.columns[1]).unwrap();
        assert_eq!(same.data_type, made.types[1], "{} as {}", native.ddl, same.native);
        lab.execute("drop table native").await;
    }
}

/// Servers that only speak a protocol may not hold U+0000 where the original does.
fn without_nul(data_type: &DataType) -> DataType {
    match data_type.clone() {
        DataType::Text { max, unit, traits } => {
            DataType::Text { max, unit, traits: TextTraits { nul: false, ..traits } }
        }
        other => other,
    }
}

/// What `faithful` promises is what `table` then tells.
pub async fn a_made_table_is_as_it_was_promised(lab: &mut Lab) {
    let kinds =
        types::numbers().into_iter().chain(types::texts()).chain(types::times()).chain(types::mixed());
    let columns: Vec<ColumnDef> = kinds
        .enumerate()
        .map(|(at, kind)| ColumnDef::new(format!("c{at}"), kind.data_type))
        .filter_map(|column| lab.session.faithful(&column).ok())
        .collect();
    let id = lab.session.faithful(&ColumnDef::new("id", DataType::INT32).not_null()).unwrap();
    let all: Vec<ColumnDef> = std::iter::once(id).chain(columns).collect();
    lab.create("made", all.clone(), &["id"]).await;
    let made = shop_table(lab, "made").await;
    assert_eq!(made.columns.len(), all.len());
    for (told, promised) in made.columns.iter().zip(&all) {
        assert_eq!((&told.name, &told.data_type), (&promised.name, &promised.data_type));
        assert_eq!((told.nullable, told.generated), (promised.nullable, Generated::No), "{told:?}");
        assert_eq!(told.default, None, "{told:?}");
    }
}

pub async fn making_a_table_twice_changes_nothing(lab: &mut Lab) {
    let made = lab.make("t", &[("id", DataType::INT32), ("name", types::text(20))], &["id"]).await;
    lab.insert(&made, &[row![1, "a"]]).await.unwrap();
    lab.session.create_table(&plain_table("t", made.table.columns.clone(), &["id"])).await.unwrap();
    // Not even when it looks different.
    lab.session.create_table(&plain_table("t", made.table.columns[..1].to_vec(), &[])).await.unwrap();
    assert_eq!(shop_table(lab, "t").await, made.table);
    assert_eq!(lab.rows(&made).await, [row![1, "a"]]);
}

pub async fn added_columns_are_added_once(lab: &mut Lab) {
    let before = lab.make("t", &[("id", DataType::INT32), ("a", types::text(20))], &["id"]).await;
    lab.insert(&before, &[row![1, "x"]]).await.unwrap();
    // Even one that could not be NULL elsewhere is nullable here: rows are there already.
    let new = ["a", "b", "c d"]
        .map(|name| lab.session.faithful(&ColumnDef::new(name, DataType::INT32).not_null()).unwrap());
    for _ in 0..2 {
        lab.session.add_columns(&before.table.name, &new).await.unwrap();
        let after = lab.found("t", &["id"]).await;
        let names: Vec<&str> = after.table.columns.iter().map(|column| column.name.as_str()).collect();
        assert_eq!(names, ["id", "a", "b", "c d"]);
        assert_eq!(after.table.columns[1], before.table.columns[1]);
        assert!(after.table.columns[2].nullable && after.table.columns[3].nullable);
        assert_eq!(lab.rows(&after).await, [row![1, "x", NULL, NULL]]);
    }
    lab.session.add_columns(&before.table.name, &[]).await.unwrap();
}

/// What the session knew of a table is not what it is now.
pub async fn a_table_changed_by_others_is_seen_as_it_is(lab: &mut Lab) {
    let before = lab.make("t", &[("id", DataType::INT32), ("a", DataType::INT32)], &["id"]).await;
    lab.insert(&before, &[row![1, 10]]).await.unwrap();
    assert_eq!(lab.rows(&before).await, [row![1, 10]]);
    lab.execute("drop table t").await;
    let name = lab.make("t", &[("id", DataType::INT32), ("a", types::text(20))], &["id"]).await;
    lab.upsert(&name, &[row![1, "ten"]]).await.unwrap();
    assert_eq!(lab.rows(&name).await, [row![1, "ten"]]);
    let page = lab.page(&before, &Part::default()).await;
    assert_eq!((page.batch.rows(), page.rejected.len()), (0, 1));
}

pub async fn a_querys_columns_are_told(lab: &mut Lab) {
    let made = lab
        .make("t", &[("id", DataType::INT32), ("name", types::text(20)), ("day", DataType::DATE)], &["id"])
        .await;
    lab.insert(&made, &[row![1, "a", NULL]]).await.unwrap();
    let columns = lab
        .session
        .query_columns("select name as \"it's a \"\"name\"\"\", day, id from t where id > 0 ;")
        .await
        .unwrap();
    let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
    assert_eq!(names, ["it's a \"name\"", "day", "id"]);
    assert!(columns.iter().all(|column| column.nullable));
    assert_eq!(columns[2].data_type, made.table.columns[0].data_type);
    assert_eq!(columns[1].data_type, made.table.columns[2].data_type);
    refused(lab.session.query_columns("select id from absent").await, ErrorKind::Missing);
}
