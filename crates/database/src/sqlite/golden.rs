//! Every statement that is made of names and values, as it is sent; the rest is in `sql/` as it stands.

use super::{
    connect::{Absent, Link},
    journal, read, types,
    write::{self, Order, Target},
};
use crate::golden::{Example, assert_golden};

#[test]
fn statements_read_as_they_should() {
    let example = Example::new(None, types::faithful);
    let folder = tempfile::tempdir().unwrap();
    let mut link = Link::open(&folder.path().join("golden.db"), Absent::Create).unwrap();
    link.create_table(&example.table).unwrap();
    let shape = link.shape(&example.table.name).unwrap();

    let mut statements = vec![
        ("create table", write::creation(&example.table).unwrap()),
        ("add columns", write::addition(&shape, &example.added).unwrap()),
    ];
    statements.extend(example.pages(|page| read::statement(&link, &page.into()).unwrap()));
    let order = Order::from(&example.rows().0);
    let rows = Target::new(&link, &order).unwrap();
    statements.push(("insert", rows.insert().unwrap()));
    statements.push(("upsert: what is there", rows.probe().unwrap()));
    statements.push(("upsert: change", rows.update().unwrap()));
    let order = Order::from(&example.keys().0);
    let keys = Target::new(&link, &order).unwrap();
    statements.push(("upsert of keys alone: what is there", keys.probe().unwrap()));
    statements.push(("delete", keys.delete().unwrap()));
    let unique = [vec![example.table.columns[1].name.clone(), example.table.columns[2].name.clone()]];
    let triggers = journal::triggers(&shape, &example.table.primary_key, &unique).unwrap();
    statements.extend(triggers.iter().map(|trigger| ("journal: trigger", trigger.sql.clone())));
    let removal = |name: &str| journal::about(include_str!("sql/drop_trigger.sql"), name).unwrap();
    statements.extend(triggers.iter().map(|trigger| ("journal: remove", removal(&trigger.name))));
    assert_golden("sqlite", &statements);
}
