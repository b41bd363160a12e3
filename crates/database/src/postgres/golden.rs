//! Every statement that is made of names and values, as it is sent; the rest is in `sql/` as it stands.

use model::{ColumnDef, Generated, TableKind, TableRef};

use super::{
    introspect::{self, Attribute, Found},
    journal::{self, Watched},
    read,
    stage::Layout,
    types::{self, Native},
    write,
};
use crate::{
    golden::{Example, SCHEMA, assert_golden},
    sql::{Slot, render},
};

/// The column as the catalogue would tell it.
fn attribute(column: &ColumnDef) -> Attribute {
    let name = column.native.split('(').next().unwrap();
    let cast = match name {
        "character varying" => "varchar",
        "integer" => "int4",
        "timestamp without time zone" | "timestamp" => "timestamp",
        name => name,
    };
    let Native { wire, class, .. } = types::native(cast, -1, false, &column.native);
    Attribute {
        name: column.name.clone(),
        native: Native { wire, data_type: column.data_type.clone(), class },
        spelling: column.native.clone(),
        cast: cast.to_owned(),
        nullable: column.nullable,
        default: None,
        generated: Generated::No,
        collation: None,
        vague: false,
        by_bytes: !column.nullable,
    }
}

#[test]
fn statements_read_as_they_should() {
    let example = Example::new(Some(SCHEMA), types::faithful);
    let table = &example.table;
    let attributes: Vec<Attribute> = table.columns.iter().map(attribute).collect();
    let key: Vec<&str> = table.primary_key.iter().map(String::as_str).collect();

    let mut statements = vec![
        ("create table", introspect::creation(table).unwrap()),
        ("add columns", introspect::addition(&table.name, &[&example.added]).unwrap()),
    ];
    statements.extend(example.pages(|page| read::statement(page, attributes.clone(), &key).unwrap()));
    statements.extend(writes(&example, &attributes));
    let noted: Vec<&Attribute> = attributes.iter().filter(|column| !column.nullable).collect();
    let watched = Watched::of(table.name.clone(), "public".to_owned(), &noted).unwrap();
    statements.push(("journal: install", watched.installation().unwrap()));
    let [function, notes, whole] = journal::removal(&table.name, "public").unwrap();
    statements.push(("journal: remove", function));
    statements.push(("journal: remove the notes", notes));
    statements.push(("journal: remove all of it", whole));
    assert_golden("postgres", &statements);
}

fn writes(example: &Example, attributes: &[Attribute]) -> Vec<(&'static str, String)> {
    let name: TableRef = example.table.name.clone();
    let found = Found { oid: 0, name, kind: TableKind::Table, divided: false };
    let ((write, rows), (of_keys, keys)) = (example.rows(), example.keys());
    let layout = Layout::new(&write, &found, attributes).unwrap();
    let (stage, columns) = layout.stage().unwrap();
    let differences = Slot::fixed("stage_differences");
    let [find, update, insert] = write::upsert_sql(&layout, stage.clone(), differences, &rows).unwrap();
    let staged = |template| render(template, &[("stage", stage.clone()), ("columns", columns.clone())]);
    let by_key = Layout::new(&of_keys, &found, attributes).unwrap();
    let (stage_of_keys, _) = by_key.stage().unwrap();
    vec![
        ("insert", write::copy_sql(&layout).unwrap()),
        ("insert by way of the stage", write::insert_sql(&layout, stage.clone()).unwrap()),
        ("stage", staged(include_str!("sql/stage.sql"))),
        ("stage, again", staged(include_str!("sql/stage_again.sql"))),
        ("stage: fill", staged(include_str!("sql/copy_stage.sql"))),
        ("upsert: what differs", find),
        ("upsert: change", update),
        ("upsert: add", insert),
        ("delete", write::delete_sql(&by_key, stage_of_keys, &keys).unwrap()),
    ]
}
