//! The schema of a file is a program. None of it runs, and none of its lies are believed.

use database::untrusted::{Limits, Refused, Row, inspect};

use super::{Lab, refusal, steps};

/// Names of the tables, each with its rows or the reason why they are refused.
fn tables(lab: &Lab) -> Vec<String> {
    let told = |(table, rows): (database::untrusted::Table, Result<Vec<_>, _>)| {
        let rows = if rows.is_ok() { "read".to_owned() } else { refusal(rows) };
        format!("{}: {rows}", table.name)
    };
    lab.read().unwrap().into_iter().map(told).collect()
}

#[test]
fn a_view_is_no_table_whatever_its_name_and_query() {
    let lab = Lab::new(
        "create table t (a);
         create view employees as with recursive n (i) as (select 1 union all select i + 1 from n) select i as id, 'x' as full_name from n;
         create view timesheets as select load_extension('x'), writefile('y', 'z'), * from pragma_table_list, employees;
         create view v1 as select * from v2; create view v2 as select * from v1",
    );
    assert_eq!(tables(&lab), ["t: read"]);
}

#[test]
fn triggers_and_checks_do_not_run() {
    let lab = Lab::new(
        "create table t (a check (a > 0), b);
         create trigger boom after insert on t begin insert into t select * from t; end;
         insert into t values (1, 2)",
    );
    lab.forge("sql = replace(sql, 'a > 0', 'a > 100') where type = 'table'");
    assert_eq!(lab.rows().len(), 2);
}

#[test]
fn a_virtual_table_is_refused_before_its_module_wakes() {
    for using in ["fts5 (a)", "rtree (id, x0, x1)", "no_such_module (a)", "dbstat"] {
        let lab = Lab::new("create table t (a)");
        lab.forge(&format!("sql = 'CREATE VIRTUAL TABLE t USING {using}', rootpage = 0"));
        assert_eq!(lab.refusal(), "unfit: virtual_table", "{using}");
        // In disguise: as a table with pages, in other letters, as a table of SQLite's own.
        let disguised = |sql: &str, more: &str| {
            let lab = Lab::new("create table t (a); create table u (b)");
            lab.forge(&format!("sql = '{sql} USING {using}' {more} where name = 't'"));
            assert!(lab.refusal().starts_with("unfit: "), "{sql} {more}");
            lab.refusal()
        };
        assert_eq!(disguised("CREATE VIRTUAL TABLE t", ""), "unfit: virtual_table");
        assert_eq!(disguised("create virtual table t", ", rootpage = 0"), "unfit: damaged");
        assert_eq!(disguised("CREATE /**/ VIRTUAL TABLE t", ", type = 'TABLE'"), "unfit: damaged");
        assert_eq!(disguised("CREATE VIRTUAL TABLE t", ", type = 'index'"), "unfit: damaged");
        let internal = ", name = 'sqlite_t', tbl_name = 'sqlite_t'";
        assert_eq!(disguised("CREATE VIRTUAL TABLE sqlite_t", internal), "unfit: virtual_table");
    }
}

/// Columns that name each other twice: 2^60 operations to compile. No program can make such a table, only forge it.
fn doubling(kind: &str) -> Lab {
    let column = |n: usize| format!("c{} text as (c{n} || c{n}) {kind}", n + 1);
    let columns: Vec<String> = (0..60).map(column).collect();
    let lab = Lab::new("create table t (a); insert into t values (1)");
    let sql = format!("CREATE TABLE t (id integer primary key, c0 text, {})", columns.join(", "));
    lab.forge(&format!("sql = '{sql}'"));
    lab
}

#[test]
fn a_computed_column_is_never_compiled() {
    assert_eq!(doubling("virtual").refusal(), "unfit: computed_column");
    let lab = Lab::new("create table t (a, b as (c) virtual, c as (a) virtual)");
    lab.forge("sql = replace(sql, 'as (a)', 'as (b)')");
    assert_eq!(lab.refusal(), "unfit: computed_column", "a loop");
    let lab = Lab::new("create table t (a); create table sqlit__t (a, b as (a))");
    lab.forge("name = 'sqlite_t', tbl_name = 'sqlite_t', sql = replace(sql, 'sqlit__t', 'sqlite_t') where name = 'sqlit__t'");
    assert_eq!(lab.refusal(), "unfit: computed_column", "in a table of SQLite's own");
}

#[test]
fn a_stored_computed_column_is_left_out() {
    let content = doubling("stored").read().unwrap();
    assert_eq!(content[0].0.columns, ["id", "c0"]);
    let lab = Lab::new(
        "create table t (a, rowid text as ('x' || a) stored, b); insert into t values (1, 2), (3, 4)",
    );
    let rows: Vec<String> = lab.rows().iter().map(|row| format!("{} {:?}", row.rowid, row.values)).collect();
    assert_eq!(rows, ["1 [Int(1), Int(2)]", "2 [Int(3), Int(4)]"]);
}

#[test]
fn a_default_is_not_computed() {
    let lab = Lab::new("create table t (a); insert into t values (1)");
    lab.forge("sql = 'CREATE TABLE t (a, b default (hex(zeroblob(500000000))), c default (random()), d default ''x'')'");
    let values = format!("{:?}", lab.rows()[0].values);
    assert_eq!(values, "[Int(1), Null, Null, Text(\"x\")]");
}

#[test]
fn definitions_that_lie_about_names_are_refused() {
    let forged = |set: &str| {
        let lab = Lab::new("create table t (a); create table u (b); create index i on u (b)");
        lab.forge(set);
        lab.refusal()
    };
    assert_eq!(forged("sql = 'CREATE TABLE other (a)' where name = 't'"), "unfit: damaged");
    assert_eq!(forged("name = 'employees' where name = 't'"), "unfit: damaged");
    assert_eq!(forged("sql = 'CREATE TABLE t (a, a)' where name = 't'"), "unfit: damaged");
    assert_eq!(forged("sql = 'CREATE TABLE t AS SELECT * FROM u' where name = 't'"), "unfit: damaged");
    assert_eq!(forged("sql = 'CREATE VIEW t AS SELECT * FROM u' where name = 't'"), "unfit: damaged");
    assert_eq!(forged("sql = 'CREATE TABLE t (a); DROP TABLE u' where name = 't'"), "unfit: damaged");
    assert_eq!(forged("sql = 'not even sql' where name = 't'"), "unfit: damaged");
    assert_eq!(forged("sql = null where name = 't'"), "unfit: damaged");
    assert_eq!(forged("sql = x'00ff' where name = 't'"), "unfit: damaged");
    assert_eq!(forged("sql = null where name = 'i'"), "unfit: damaged");
    assert_eq!(forged("type = 'widget' where name = 't'"), "unfit: damaged");
    assert_eq!(forged("sql = 'CREATE INDEX i ON t (nothing)' where name = 'i'"), "unfit: damaged");
}

#[test]
fn a_definition_with_other_columns_changes_names_only() {
    let lab = Lab::new("create table t (a, b); insert into t values (1, 'x')");
    lab.forge("sql = 'CREATE TABLE t (id integer primary key, p, q, r default 7)'");
    let rows = lab.rows();
    assert_eq!(format!("{} {:?}", rows[0].rowid, rows[0].values), "1 [Int(1), Text(\"x\"), Null, Int(7)]");
    lab.forge("sql = 'CREATE TABLE t (a)'");
    assert_eq!(format!("{:?}", lab.rows()[0].values), "[Int(1)]");
}

#[test]
fn roots_that_lie_are_refused() {
    let forged = |set: &str| {
        let lab = Lab::new(
            "create table t (a); create table u (b); create index i on u (b); insert into t values (1); insert into u values (2)",
        );
        lab.forge(set);
        lab.refusal()
    };
    for root in ["0", "1", "-1", "99", "4294967298", "null", "'x'", "zeroblob(9)", "1e300"] {
        assert_eq!(forged(&format!("rootpage = {root} where name = 't'")), "unfit: damaged", "{root}");
    }
    let other = |name: &str, of: &str| {
        forged(&format!(
            "rootpage = (select rootpage from sqlite_schema where name = '{of}') where name = '{name}'"
        ))
    };
    assert_eq!(other("t", "u"), "unfit: damaged", "another table's page");
    assert_eq!(other("t", "i"), "unfit: damaged", "an index's page");
    assert_eq!(other("i", "u"), "unfit: damaged", "a table's page");
}

#[test]
fn an_index_hides_and_doubles_nothing() {
    // Two indexes of equal length change places: both lie about every row. Either would be the shorter way to read `a`.
    let lab = Lab::new(
        "create table t (id integer primary key, a text, b text, wide text);
         create index i on t (a); create index j on t (b);
         insert into t values (1, 'a1', 'z', zeroblob(900)), (2, 'a2', 'y', zeroblob(900)), (3, 'a3', null, zeroblob(900))",
    );
    lab.forge("rootpage = (select sum(rootpage) from sqlite_schema where type = 'index') - rootpage where type = 'index'");
    let mut upload = inspect(&lab.path(), &Limits::default(), steps()).unwrap();
    assert_eq!(upload.table("t").unwrap().rows, 3);
    let mut rows = Vec::new();
    let take = |row: Row| {
        rows.push(format!("{} {:?}", row.rowid, row.values));
        Ok::<(), Refused>(())
    };
    upload.read("t", &["a"], take).unwrap();
    assert_eq!(rows, ["1 [Text(\"a1\")]", "2 [Text(\"a2\")]", "3 [Text(\"a3\")]"]);
    // An index over fewer rows is seen to be wrong.
    let lab =
        Lab::new("create table t (a); create index i on t (a) where a > 5; insert into t values (1), (9)");
    lab.forge("sql = 'CREATE INDEX i ON t (a)' where name = 'i'");
    assert_eq!(lab.refusal(), "unfit: damaged");
}

#[test]
fn rows_without_a_number_are_refused_when_they_are_read() {
    let lab = Lab::new(
        "create table a (k text primary key, v) without rowid; insert into a values ('x', 1);
         create table b (rowid, _rowid_, oid); insert into b values (1, 2, 3);
         create table c (rowid, _ROWID_); insert into c values (1, 2)",
    );
    assert_eq!(tables(&lab), ["a: unfit: no_rowid", "b: unfit: no_rowid", "c: read"]);
}

#[test]
fn names_are_names() {
    let lab = Lab::new(
        "create table \"5\" (a); create table \"it's; drop table x --\" (\"a\"\"b\", \"select\", \"line\nbreak\", \"ş\");
         create table \"main\" (a); create table \"[b]\" (\"]\", \"?1\", \":x\"); create table pragma_table_list (name);
         insert into \"it's; drop table x --\" values (1, 2, 3, 4)",
    );
    let read: Vec<String> = tables(&lab);
    assert!(read.len() == 5 && read.iter().all(|table| table.ends_with(": read")), "{read:?}");
}

#[test]
fn names_that_are_none_are_refused() {
    let mut content = Lab::new("create table t (\"\" text)").read().unwrap();
    assert_eq!(refusal(content.remove(0).1), "unfit: damaged");
    assert_eq!(Lab::new("create table \"\" (a)").refusal(), "unfit: damaged");
    let long = "x".repeat(2000);
    assert_eq!(Lab::new(&format!("create table \"{long}\" (a)")).refusal(), "unfit: damaged");
    let lab = Lab::new("create table t (a)");
    lab.forge("sql = cast(x'435245415445205441424c452074202822ff2229' as text)");
    assert_eq!(lab.refusal(), "unfit: damaged", "not UTF-8");
    let lab = Lab::new("create table t (a)");
    lab.forge("sql = cast('CREATE TABLE t (a)' || x'00' || 'rest' as text), name = cast('t' || x'00' || 'x' as text)");
    assert_eq!(lab.refusal(), "unfit: damaged", "NUL");
}

#[test]
fn definitions_of_any_length_end_soon() {
    let forged = |sql: &str| {
        let lab = Lab::new("create table t (a)");
        lab.forge(&format!("sql = {sql}"));
        lab.refusal()
    };
    assert_eq!(forged("'CREATE TABLE t (a /*' || hex(zeroblob(50000)) || '*/)'"), "unfit: damaged");
    let ten_megabytes = "replace(hex(zeroblob(5000000)), '0', 'x')";
    assert_eq!(forged(&format!("'CREATE TABLE \"' || {ten_megabytes} || '\" (a)'")), "unfit: damaged");
    assert_eq!(forged(&format!("'CREATE TABLE t (\"' || {ten_megabytes} || '\")'")), "unfit: damaged");
    assert_eq!(
        forged("'CREATE TABLE t (a check (' || replace(hex(zeroblob(10000)), '0', '(') || '1'"),
        "unfit: damaged"
    );
    assert_eq!(
        forged("'CREATE TABLE t (a default (' || replace(hex(zeroblob(10000)), '0', '- ') || '1))'"),
        "unfit: damaged"
    );
}

#[test]
fn a_rule_of_order_that_nobody_knows_is_refused() {
    let lab = Lab::new("create table t (a text unique); insert into t values ('x')");
    lab.forge("sql = 'CREATE TABLE t (a text unique collate \"of some program\")' where name = 't'");
    assert_eq!(lab.refusal(), "unfit: damaged");
}

#[test]
fn a_very_wide_table_is_refused() {
    let columns = |count: usize| (0..count).map(|n| format!("c{n}")).collect::<Vec<_>>().join(",");
    let wide = Lab::new(&format!("create table t ({})", columns(2000)));
    assert_eq!(wide.refusal(), "too large: too_many_columns");
    let lab = Lab::new("create table t (a)");
    lab.forge(&format!("sql = 'CREATE TABLE t ({})'", columns(6000)));
    assert_eq!(lab.refusal(), "unfit: damaged", "wider than SQLite makes");
}

#[test]
fn what_the_file_tells_the_planner_is_not_read() {
    let lab = Lab::new(
        "create table t (a, b); create index i on t (a); create index j on t (b); insert into t values (1, 2); analyze",
    );
    lab.run("pragma writable_schema = on; update sqlite_stat1 set stat = '-1 99999999999999999999 unordered noskipscan sz=0'; update sqlite_stat4 set sample = zeroblob(1000000), nlt = '1 1 1 1 1 1 1'");
    assert_eq!(tables(&lab), ["t: read"]);
}

#[test]
fn a_table_is_noted_as_long_as_it_is_the_one_that_was_watched() {
    let lab = Lab::new("create table t (id integer primary key, a); create table u (id integer primary key)");
    let noted = |lab: &Lab| {
        let upload = inspect(&lab.path(), &Limits::default(), steps()).unwrap();
        let noted = upload.tables().iter().filter(|table| table.is_noted());
        noted.map(|table| table.name.clone()).collect::<Vec<_>>()
    };
    assert!(noted(&lab).is_empty());
    for event in ["insert", "update", "move", "delete"] {
        let on = if event == "move" { "update" } else { event };
        assert!(noted(&lab).is_empty(), "{event} is not noted yet");
        lab.run(&format!("create trigger denk_journal_{event}_t after {on} on t begin select 1; end"));
    }
    assert_eq!(noted(&lab), ["t"]);
    // It makes room for another one of its name; its triggers go with it.
    lab.run("alter table t rename to old; create table t (id integer primary key, a)");
    assert!(noted(&lab).is_empty());
    lab.run("drop table t; alter table old rename to t");
    assert_eq!(noted(&lab), ["t"]);
    lab.run("drop table t; create table t (id integer primary key, a)");
    assert!(noted(&lab).is_empty());
}
