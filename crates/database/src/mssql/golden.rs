//! Every statement that is made of names and values, as it is sent; the rest is in `sql/` as it stands.

use super::{
    connect::Features,
    introspect, journal, read, types,
    write::{ALL, NEW, Plan},
};
use crate::golden::{Example, SCHEMA, assert_golden};

#[test]
fn statements_read_as_they_should() {
    let features = Features {
        product: "SQL Server".into(),
        version: "16.0".into(),
        schema: "dbo".into(),
        babelfish: false,
        snapshots: false,
    };
    let example = Example::new(Some(SCHEMA), |column| types::faithful(column, features.finest()));
    let table = &example.table;

    let mut statements = vec![
        ("create table", introspect::creation(&table.name, table).unwrap()),
        ("add columns", introspect::addition(&table.name, &example.added).unwrap()),
    ];
    statements.extend(example.pages(|page| read::statement(page, table).unwrap()));
    let (write, _) = example.rows();
    let rows = Plan::of(&write, table.name.clone(), &features).unwrap();
    statements.push(("stage", rows.stage().unwrap()));
    statements.push(("insert by way of the stage", rows.insertion(ALL).unwrap()));
    statements.push(("upsert: what differs", rows.compared().unwrap()));
    statements.push(("upsert: change", rows.update().unwrap()));
    statements.push(("upsert: add", rows.insertion(NEW).unwrap()));
    let (write, _) = example.keys();
    let keys = Plan::of(&write, table.name.clone(), &features).unwrap();
    statements.push(("delete: stage", keys.stage().unwrap()));
    statements.push(("delete", keys.removal().unwrap()));
    let about = |template| journal::about("dbo", &table.name, template).unwrap();
    statements.push(("journal: its tables", about(include_str!("sql/journal_home.sql"))));
    statements.push(("journal: trigger", journal::definition("dbo", table, &table.primary_key).unwrap()));
    statements.push(("journal: remove the trigger", journal::removal(&table.name).unwrap()));
    statements.push(("journal: remove the notes", about(include_str!("sql/journal_clear.sql"))));
    statements.push(("journal: remove the rest", about(include_str!("sql/journal_unknown.sql"))));
    assert_golden("mssql", &statements);
}
