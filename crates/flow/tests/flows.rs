//! Flows on real files: what is written, what is left alone, what is set aside.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::{collections::HashMap, path::PathBuf, time::Duration};

use database::{Address, Session};
use flow::{Connect, Flow, FlowReport, Options, Progress, Purpose, Runner, State};
use model::Zone;
use rusqlite::Connection;
use tempfile::TempDir;

/// Two SQLite files, `shop` and `web`.
struct Office {
    folder: TempDir,
}

struct Files(HashMap<String, PathBuf>);

#[async_trait::async_trait]
impl Connect for Files {
    async fn open(&self, name: &str, _: Purpose) -> flow::Result<Box<dyn Session>> {
        let path = self.0.get(name).ok_or_else(|| flow::Error::NoDatabase(name.to_owned()))?;
        database::open_or_create(&Address::sqlite(path).with_patience(Duration::from_millis(300)))
            .await
            .map_err(|source| flow::Error::Database { database: name.to_owned(), source })
    }
}

struct Silent;

impl Progress for Silent {
    fn started(&self, _: &str) {}
    fn rows(&self, _: &str, _: u64) {}
    fn finished(&self, _: &FlowReport) {}
}

impl Office {
    fn new(shop: &str) -> Self {
        let office = Self { folder: TempDir::new().unwrap() };
        office.shop().execute_batch(shop).unwrap();
        office
    }

    fn shop(&self) -> Connection {
        Connection::open(self.folder.path().join("shop.db")).unwrap()
    }

    fn web(&self) -> Connection {
        Connection::open(self.folder.path().join("web.db")).unwrap()
    }

    fn run_all(&self, flows: &[Flow], options: Options) -> Vec<FlowReport> {
        let files =
            ["shop", "web"].map(|name| (name.to_owned(), self.folder.path().join(format!("{name}.db"))));
        let connect = Files(files.into_iter().collect());
        let zone = Zone::named("Europe/Istanbul").unwrap();
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        runtime.block_on(Runner::new(&connect, &Silent, zone, options).run(flows))
    }

    fn run_with(&self, text: &str, options: Options) -> FlowReport {
        let flow = flow::read("test.toml", text).unwrap();
        self.run_all(&[flow], options).remove(0)
    }

    fn run(&self, text: &str) -> FlowReport {
        self.run_with(text, Options::default())
    }

    /// Rows of a query as text, `|` between columns.
    fn web_rows(&self, sql: &str) -> Vec<String> {
        rows(&self.web(), sql)
    }
}

fn rows(connection: &Connection, sql: &str) -> Vec<String> {
    let mut statement = connection.prepare(sql).unwrap();
    let columns = statement.column_count();
    let cell = |row: &rusqlite::Row<'_>, at| match row.get_ref_unwrap(at) {
        rusqlite::types::ValueRef::Null => "NULL".to_owned(),
        rusqlite::types::ValueRef::Integer(n) => n.to_string(),
        rusqlite::types::ValueRef::Real(r) => r.to_string(),
        rusqlite::types::ValueRef::Text(t) | rusqlite::types::ValueRef::Blob(t) => {
            String::from_utf8_lossy(t).into_owned()
        }
    };
    let line =
        |row: &rusqlite::Row<'_>| Ok((0..columns).map(|at| cell(row, at)).collect::<Vec<_>>().join("|"));
    statement.query_map([], line).unwrap().map(Result::unwrap).collect()
}

/// (inserted, updated, unchanged, deleted, parked, held)
fn counts(report: &FlowReport) -> (u64, u64, u64, u64, u64, u64) {
    assert!(report.failure.is_none(), "{:?}", report.failure);
    (report.inserted, report.updated, report.unchanged, report.deleted, report.parked, report.held)
}

fn flow(more: &str) -> String {
    format!(
        "name = 'goods'\n[source]\ndatabase = 'shop'\ntable = 'goods'\n[target]\ndatabase = 'web'\ntable = 'goods'\ncreate = true\nmissing = 'delete'\n[columns]\nall = true\n{more}"
    )
}

const GOODS: &str = "create table goods (id integer primary key not null, name varchar(50), price float, stock integer, changed datetime);
    with recursive n(i) as (select 1 union all select i + 1 from n where i < 1000)
    insert into goods select i, 'Ürün ' || i, i * 0.1, i % 7, '2026-01-01 10:00:00' from n;";

#[test]
fn a_second_run_writes_nothing() {
    let office = Office::new(GOODS);
    assert_eq!(counts(&office.run(&flow(""))), (1000, 0, 0, 0, 0, 0));
    assert_eq!(counts(&office.run(&flow(""))), (0, 0, 1000, 0, 0, 0));
    assert_eq!(
        counts(&office.run_with(&flow(""), Options { full: true, ..Options::default() })),
        (0, 0, 1000, 0, 0, 0)
    );
}

#[test]
fn exactly_the_differences_are_written() {
    let office = Office::new(GOODS);
    office.run(&flow(""));
    office
        .web()
        .execute_batch(
            "create table seen (what text, id integer);
             create trigger i after insert on goods begin insert into seen values ('i', new.id); end;
             create trigger u after update on goods begin insert into seen values ('u', new.id); end;
             create trigger d after delete on goods begin insert into seen values ('d', old.id); end;",
        )
        .unwrap();
    office
        .shop()
        .execute_batch(
            "update goods set price = 99.9 where id in (5, 500);
             delete from goods where id in (7, 1000);
             insert into goods values (2000, 'Yeni', 1, 1, null);
             update goods set name = name where id < 300;",
        )
        .unwrap();
    assert_eq!(counts(&office.run(&flow(""))), (1, 2, 996, 2, 0, 0));
    assert_eq!(
        office.web_rows("select what || id from seen order by 1"),
        ["d1000", "d7", "i2000", "u5", "u500"]
    );
    let all = "select * from goods order by id";
    assert_eq!(office.web_rows(all), rows(&office.shop(), all));
}

#[test]
fn small_batches_give_the_same_rows() {
    let office = Office::new(GOODS);
    let small = Options { batch_rows: 7, ..Options::default() };
    assert_eq!(counts(&office.run_with(&flow(""), small)), (1000, 0, 0, 0, 0, 0));
    office
        .shop()
        .execute_batch("delete from goods where id % 50 = 0; update goods set stock = 9 where id % 99 = 1")
        .unwrap();
    assert_eq!(counts(&office.run_with(&flow(""), small)), (0, 10, 970, 20, 0, 0));
    assert_eq!(
        rows(&office.shop(), "select * from goods"),
        office.web_rows("select * from goods order by id")
    );
}

#[test]
fn an_emptied_source_deletes_nothing_until_a_person_allows_it() {
    let office = Office::new(GOODS);
    office.run(&flow(""));
    office.shop().execute_batch("delete from goods where id > 100").unwrap();
    let report = office.run(&flow(""));
    assert_eq!((report.state, report.deleted, report.held), (State::Partial, 0, 900));
    assert_eq!(office.web_rows("select count(*) from goods"), ["1000"]);
    let again = office.run(&flow(""));
    assert_eq!((again.state, again.held), (State::Partial, 900), "held until decided, not forgotten");
    let allowed = office.run_with(&flow(""), Options { allow_deletes: true, ..Options::default() });
    assert_eq!((allowed.state, allowed.deleted), (State::Done, 900));
    assert_eq!(office.web_rows("select count(*) from goods"), ["100"]);
}

#[test]
fn a_row_that_cannot_be_read_is_parked_kept_and_tried_again() {
    let office = Office::new(GOODS);
    office.run(&flow(""));
    office
        .shop()
        .execute_batch(
            "update goods set stock = '12abc' where id = 3; update goods set stock = 50 where id = 4;",
        )
        .unwrap();
    let report = office.run(&flow(""));
    assert_eq!((report.state, report.parked, report.updated, report.deleted), (State::Partial, 1, 1, 0));
    assert_eq!((report.reasons[0].key.as_str(), report.reasons[0].column.as_str()), ("3", "stock"));
    assert_eq!(office.web_rows("select stock from goods where id in (3, 4) order by id"), ["3", "50"]);
    assert_eq!(office.web_rows("select row_key, column_name from denk_parked"), ["3|stock"]);
    let waiting = office.run(&flow(""));
    assert_eq!(
        (waiting.state, waiting.parked),
        (State::Partial, 1),
        "it is looked at again although the file did not change"
    );
    office.shop().execute_batch("update goods set stock = 12 where id = 3").unwrap();
    assert_eq!(counts(&office.run(&flow(""))).4, 0);
    assert_eq!(office.web_rows("select stock from goods where id = 3"), ["12"]);
    assert_eq!(office.web_rows("select count(*) from denk_parked"), ["0"]);
}

#[test]
fn rows_that_the_target_refuses_are_parked_one_by_one() {
    let office = Office::new(GOODS);
    office
        .web()
        .execute_batch("create table goods (id integer primary key, name varchar(50), price float check (price < 90 or price > 95), stock integer, changed datetime)")
        .unwrap();
    let report = office.run(&flow(""));
    assert_eq!((report.state, report.inserted, report.parked), (State::Partial, 949, 51));
    assert!(report.reasons[0].reason.contains("CHECK"), "{:?}", report.reasons[0]);
    assert_eq!(office.web_rows("select count(*) from goods"), ["949"]);
}

#[test]
fn of_rows_with_one_key_the_newest_counts() {
    let office = Office::new(
        "create table goods (code varchar(20), price float, changed datetime);
         insert into goods values ('A', 1, '2026-01-02 00:00:00'), ('A', 2, '2026-01-03 00:00:00'), ('A', 3, '2026-01-01 00:00:00'), ('B', 4, null);",
    );
    let text = flow("").replace("[target]", "key = ['code']\nnewest = 'changed'\n[target]");
    let report = office.run(&text);
    assert_eq!((report.inserted, report.parked), (2, 2));
    assert_eq!(office.web_rows("select code, price from goods order by 1"), ["A|2", "B|4"]);
    assert_eq!(office.run(&text).updated, 0);
}

#[test]
fn repeated_keys_are_settled_across_pages_too() {
    let office = Office::new(
        "create table goods (code varchar(20), price float, changed datetime);
         with recursive n(i) as (select 1 union all select i + 1 from n where i < 80000)
         insert into goods select 'K' || (i % 3), i, '2026-01-01 00:00:00' from n;
         insert into goods values ('K0', -1, '2027-01-01 00:00:00');",
    );
    let text = flow("").replace("[target]", "key = ['code']\nnewest = 'changed'\n[target]");
    let report = office.run(&text);
    assert_eq!((report.inserted, report.parked), (3, 79_998));
    assert_eq!(office.web_rows("select price from goods where code = 'K0'"), ["-1"]);
}

#[test]
fn rows_without_a_key_are_counted_not_guessed() {
    let office = Office::new(
        "create table goods (id varchar(20), name varchar(20));
         insert into goods values ('x', 'a'), ('x', 'a'), ('x', 'b'), ('y', null), ('y', '');",
    );
    assert_eq!(counts(&office.run(&flow(""))).0, 5);
    office
        .shop()
        .execute_batch("delete from goods where rowid = 1; insert into goods values ('y', null), ('z', 'c');")
        .unwrap();
    let report = office.run(&flow(""));
    assert_eq!((report.inserted, report.deleted, report.unchanged), (2, 1, 4));
    let all = "select id, name from goods order by 1, 2";
    assert_eq!(office.web_rows(all), rows(&office.shop(), all));
    assert_eq!(counts(&office.run(&flow(""))), (0, 0, 6, 0, 0, 0));
}

#[test]
fn a_new_source_column_follows_and_a_vanished_one_stops_the_flow() {
    let office = Office::new(GOODS);
    office.run(&flow(""));
    office.shop().execute_batch("alter table goods add column colour varchar(20) default 'mavi'").unwrap();
    let report = office.run(&flow(""));
    assert_eq!((report.added_columns.as_slice(), report.updated), (["colour".to_owned()].as_slice(), 1000));
    assert_eq!(office.web_rows("select distinct colour from goods"), ["mavi"]);
    office.shop().execute_batch("alter table goods drop column stock").unwrap();
    let stopped = office.run(&flow(""));
    assert_eq!(stopped.state, State::Failed);
    assert!(matches!(stopped.failure, Some(flow::Error::Vanished { ref column, .. }) if column == "stock"));
    assert_eq!(office.web_rows("select basarili from sync_state where tablo_adi = 'goods'"), ["0"]);
    assert_eq!(
        office.run_with(&flow(""), Options { accept_drift: true, ..Options::default() }).state,
        State::Done
    );
    assert_eq!(office.run(&flow("")).state, State::Done);
}

#[test]
fn a_mark_set_on_either_side_stays_set() {
    let office = Office::new(
        "create table goods (id integer primary key, name text, printed integer default 0);
         insert into goods values (1, 'a', 0), (2, 'b', 0), (3, 'c', 0);",
    );
    let text = flow("[[column]]\nto = 'printed'\non = 'greater'");
    office.run(&text);
    office.web().execute_batch("update goods set printed = 1 where id = 1").unwrap();
    office
        .shop()
        .execute_batch("update goods set printed = 1 where id = 2; update goods set name = 'A' where id = 1;")
        .unwrap();
    office.run(&text);
    assert_eq!(office.web_rows("select name, printed from goods order by id"), ["A|1", "b|1", "c|0"]);
}

#[test]
fn marks_that_are_set_already_do_not_lock_the_file_that_bears_them() {
    let office = Office::new(
        "create table goods (id integer primary key, printed integer); insert into goods values (1, 1);",
    );
    office
        .web()
        .execute_batch(
            "create table goods (id integer primary key, printed integer); insert into goods values (1, 0);",
        )
        .unwrap();
    let text = flow("").replace("create = true\nmissing = 'delete'", "rows = 'existing'").replace(
        "[columns]\nall = true",
        "[[column]]\nto = 'id'\n[[column]]\nto = 'printed'\non = 'greater'",
    );
    assert_eq!(office.run(&text).updated, 1);
    assert_eq!(office.run(&text).state, State::Done);
    let web = office.web();
    web.execute_batch("begin immediate").unwrap();
    assert_eq!(counts(&office.run(&text)), (0, 0, 1, 0, 0, 0));
    web.execute_batch("rollback").unwrap();
    office.shop().execute_batch("insert into goods values (2, 1)").unwrap();
    web.execute_batch("insert into goods values (2, 0)").unwrap();
    assert_eq!(office.run(&text).updated, 1);
}

#[test]
fn a_lookup_with_two_answers_is_not_guessed_and_a_new_answer_is_heard() {
    let office = Office::new(
        "create table goods (id integer primary key, code text); insert into goods values (1, null), (2, null), (3, 'own');",
    );
    office
        .web()
        .execute_batch("create table codes (id integer, code text); insert into codes values (1, 'a'), (1, 'a'), (2, 'b'), (2, 'c');")
        .unwrap();
    let text =
        flow("[[column]]\nto = 'code'\nlookup = { by = 'id', table = 'codes', key = 'id', value = 'code' }");
    assert_eq!(counts(&office.run(&text)), (2, 0, 0, 0, 1, 0));
    assert_eq!(office.web_rows("select id, code from goods order by id"), ["1|a", "3|own"]);
    office
        .web()
        .execute_batch("delete from codes where code = 'c'; update codes set code = 'A' where id = 1")
        .unwrap();
    assert_eq!(counts(&office.run(&text)), (1, 1, 1, 0, 0, 0));
    office.web().execute_batch("update codes set code = 'z' where id = 2").unwrap();
    assert_eq!(counts(&office.run(&text)), (0, 1, 2, 0, 0, 0));
}

/// Flows that stand in the wrong order for their tables: children of groups, groups, notes on children.
fn family() -> [Flow; 3] {
    ["goods", "groups", "a_notes"].map(|table| {
        let text = flow("")
            .replace("name = 'goods'", &format!("name = '{table}'"))
            .replace("table = 'goods'", &format!("table = '{table}'"));
        flow::read("test.toml", &text).unwrap()
    })
}

const FAMILY: &str = "create table groups (id integer primary key, name text);
    create table goods (id integer primary key, of integer references groups (id));
    create table a_notes (id integer primary key, on_goods integer references goods (id));";

#[test]
fn parents_and_children_arrive_and_go_in_one_run_whatever_the_order_of_the_flows() {
    let office = Office::new(FAMILY);
    office.web().execute_batch(FAMILY).unwrap();
    office
        .shop()
        .execute_batch(
            "insert into groups values (1, 'a'), (2, 'b'); insert into goods values (1, 1), (2, 2); insert into a_notes values (1, 1), (2, 2);",
        )
        .unwrap();
    let arrived = office.run_all(&family(), Options::default());
    assert!(arrived.iter().all(|report| report.state == State::Done), "{arrived:?}");
    let tried_in_vain = office.web_rows("select count(*) from sync_logs where status <> 'SUCCESS'");
    assert_eq!(tried_in_vain, ["0"], "parents first");
    office
        .shop()
        .execute_batch("delete from a_notes where id = 1; delete from goods where id = 1; delete from groups where id = 1;")
        .unwrap();
    let gone = office.run_all(&family(), Options::default());
    assert!(gone.iter().all(|report| counts(report) == (0, 0, 1, 1, 0, 0)), "{gone:?}");
    assert_eq!(
        office.web_rows("select (select count(*) from denk_parked), (select count(*) from groups)"),
        ["0|1"]
    );
}

#[test]
fn a_unique_value_that_moves_from_a_deleted_row_arrives_in_the_same_run() {
    let office = Office::new(
        "create table goods (id integer primary key, code text); insert into goods values (1, 'a'), (2, 'b');",
    );
    office.web().execute_batch("create table goods (id integer primary key, code text unique)").unwrap();
    office.run(&flow(""));
    office
        .shop()
        .execute_batch("delete from goods where id = 1; update goods set code = 'a' where id = 2")
        .unwrap();
    let reports = office.run_all(&[flow::read("t.toml", &flow("")).unwrap()], Options::default());
    assert_eq!(counts(&reports[0]), (0, 1, 0, 1, 0, 0));
    assert_eq!(office.web_rows("select * from goods"), ["2|a"]);
}

#[test]
fn a_file_whose_rows_stand_in_the_wrong_order_deletes_nothing() {
    let office = Office::new(&["pragma page_size = 512; ", GOODS].concat());
    office.run(&flow(""));
    let path = office.folder.path().join("shop.db");
    let mut bytes = std::fs::read(&path).unwrap();
    // Two leaves of the table change places: every page is whole, the order is not.
    let leaves: Vec<usize> = (1..bytes.len() / 512).filter(|page| bytes[page * 512] == 0x0d).collect();
    let (one, other) = (leaves[10] * 512, leaves[20] * 512);
    let page = bytes[one..one + 512].to_vec();
    bytes.copy_within(other..other + 512, one);
    bytes[other..other + 512].copy_from_slice(&page);
    std::fs::write(&path, bytes).unwrap();
    let report = office.run_with(&flow(""), Options { full: true, ..Options::default() });
    assert_eq!(report.failure.map(|error| error.kind()), Some(model::ErrorKind::Corrupt));
    assert_eq!(office.web_rows("select count(*), sum(stock) from goods"), ["1000|3003"]);
}

#[test]
fn a_column_that_belongs_to_the_target_is_only_filled_at_first() {
    let office = Office::new(GOODS);
    let text = flow("[[column]]\nto = 'stock'\non = 'insert'");
    office.run(&text);
    office.web().execute_batch("update goods set stock = 77 where id = 1").unwrap();
    office.shop().execute_batch("update goods set stock = 5, price = 1.5 where id = 1").unwrap();
    office.run(&text);
    assert_eq!(office.web_rows("select stock, price from goods where id = 1"), ["77|1.5"]);
}

#[test]
fn excluded_rows_go_and_come_back_when_they_are_no_longer_excluded() {
    let office =
        Office::new(&format!("{GOODS} create table gone (goods_id integer); insert into gone values (5);"));
    let text =
        flow("[source.without]\ncolumn = 'id'\nnamed = 'goods_id'\nquery = 'select goods_id from gone'");
    assert_eq!(office.run(&text).inserted, 999);
    office.shop().execute_batch("insert into gone values (6)").unwrap();
    assert_eq!(counts(&office.run(&text)), (0, 0, 998, 1, 0, 0));
    office.shop().execute_batch("delete from gone").unwrap();
    assert_eq!(office.run(&text).inserted, 2);
}

#[test]
fn the_source_is_told_what_has_arrived() {
    let office = Office::new(
        "create table goods (id integer primary key, code varchar(10), sync integer default 0);
         insert into goods values (1, 'a', 0), (2, 'b', 1), (3, 'c', 0);",
    );
    let text = "name = 'taken'\n[source]\ndatabase = 'shop'\nquery = 'select id, code from goods where sync = 0'\nkey = ['id']\n
        [source.done]\ntable = 'goods'\nkey = 'id'\nset = { sync = 1 }\n
        [target]\ndatabase = 'web'\ntable = 'taken'\ncreate = true\n[[column]]\nto = 'id'\ntype = 'bigint'\n[[column]]\nto = 'code'\ntype = 'text'";
    assert_eq!(office.run(text).inserted, 2);
    assert_eq!(rows(&office.shop(), "select distinct sync from goods"), ["1"]);
    assert_eq!(office.run(text).read, 0);
    assert_eq!(office.web_rows("select id, code from taken order by id"), ["1|a", "3|c"]);
}

#[test]
fn a_dry_run_tells_and_writes_nothing() {
    let office = Office::new(GOODS);
    let dry = Options { dry_run: true, ..Options::default() };
    let report = office.run_with(&flow(""), dry);
    assert_eq!((report.inserted, report.plan.len()), (1000, 20));
    assert_eq!(office.web_rows("select count(*) from sqlite_schema"), ["0"]);
    office.run(&flow(""));
    office
        .shop()
        .execute_batch("update goods set price = 3, name = 'x' where id = 9; delete from goods where id = 10")
        .unwrap();
    let plan = office.run_with(&flow(""), dry).plan;
    let steps: Vec<String> =
        plan.iter().map(|step| format!("{:?} {} {:?}", step.action, step.key, step.columns)).collect();
    assert_eq!(steps, ["Update 9 [\"name\", \"price\"]", "Delete 10 []"]);
    assert_eq!(office.web_rows("select name from goods where id = 9"), ["Ürün 9"]);
}

#[test]
fn a_failing_case_in_the_file_keeps_the_flow_from_running() {
    let office = Office::new(GOODS);
    let text = flow("[[test]]\nname = 'wrong'\ngiven = { id = 1, price = 2 }\nexpect = { price = 3 }");
    assert!(matches!(office.run(&text).failure, Some(flow::Error::CaseFailed { .. })));
    assert_eq!(office.web_rows("select count(*) from sqlite_schema where name = 'goods'"), ["0"]);
}

#[test]
fn one_failing_flow_does_not_stop_the_others() {
    let office = Office::new(GOODS);
    let broken = flow("").replace("'goods'", "'nothing'");
    let flows = [flow::read("a.toml", &broken).unwrap(), flow::read("b.toml", &flow("")).unwrap()];
    let reports = office.run_all(&flows, Options::default());
    assert_eq!(reports.iter().map(|report| report.state).collect::<Vec<_>>(), [State::Failed, State::Done]);
    assert_eq!(
        office.web_rows("select tablo_adi, basarili from sync_state order by 1"),
        ["goods|1", "nothing|0"]
    );
}

#[test]
fn a_target_that_somebody_emptied_or_dropped_is_filled_again() {
    let office = Office::new(GOODS);
    office.run(&flow(""));
    office.web().execute_batch("delete from goods").unwrap();
    assert_eq!(office.run(&flow("")).inserted, 1000);
    office.web().execute_batch("drop table goods").unwrap();
    let report = office.run(&flow(""));
    assert_eq!((report.created, report.inserted), (true, 1000));
    office.web().execute_batch("alter table goods drop column changed").unwrap();
    assert_eq!(office.run(&flow("")).updated, 1000, "a column that was made again is filled again");
}

#[test]
fn a_wholly_emptied_source_stays_held_until_a_person_decides() {
    let office = Office::new(GOODS);
    office.run(&flow(""));
    office.shop().execute_batch("delete from goods").unwrap();
    for _ in 0..3 {
        let report = office.run(&flow(""));
        assert_eq!((report.state, report.held), (State::Partial, 1000));
    }
    assert_eq!(
        office.run_with(&flow(""), Options { allow_deletes: true, ..Options::default() }).deleted,
        1000
    );
}

#[test]
fn rows_without_a_key_are_never_half_replaced() {
    let office = Office::new(
        "create table goods (id varchar(20), n integer);
         with recursive n(i) as (select 1 union all select i + 1 from n where i < 100) insert into goods select 'g' || i, i from n;",
    );
    office.run(&flow(""));
    office
        .shop()
        .execute_batch("delete from goods where n > 40; update goods set n = n + 1000 where n <= 10")
        .unwrap();
    let held = office.run(&flow(""));
    assert_eq!((held.state, held.inserted, held.deleted), (State::Partial, 0, 0));
    assert_eq!(office.web_rows("select count(*) from goods"), ["100"]);
    assert_eq!(
        office.run_with(&flow(""), Options { allow_deletes: true, ..Options::default() }).inserted,
        10
    );
    office.shop().execute_batch("update goods set n = '12abc' where id = 'g20'").unwrap();
    let unreadable = office.run(&flow(""));
    assert_eq!((unreadable.parked, unreadable.deleted), (1, 0), "its last good form stays");
    assert_eq!(office.web_rows("select n from goods where id = 'g20'"), ["20"]);
}

#[test]
fn a_flow_does_not_run_when_the_one_before_it_failed() {
    let office = Office::new(GOODS);
    let first = flow("")
        .replace("name = 'goods'", "name = 'first'")
        .replace("table = 'goods'\n[target]", "table = 'nothing'\n[target]");
    let second = flow("").replace("name = 'goods'", "name = 'second'\nafter = ['first']");
    let flows = [flow::read("a.toml", &first).unwrap(), flow::read("b.toml", &second).unwrap()];
    let reports = office.run_all(&flows, Options::default());
    assert!(matches!(&reports[1].failure, Some(flow::Error::Waits(name)) if name == "first"));
}

#[test]
fn a_row_that_its_program_removed_does_not_come_back_when_it_is_marked() {
    let office = Office::new(
        "create table goods (id integer primary key, sync integer default 0); insert into goods values (1, 0), (2, 0);
         create view waiting as select id from goods where sync = 0 union all select 99;",
    );
    let text = "name = 'taken'\n[source]\ndatabase = 'shop'\nquery = 'select id from waiting'\nkey = ['id']\n
        [source.done]\ntable = 'goods'\nkey = 'id'\nset = { sync = 1 }\n
        [target]\ndatabase = 'web'\ntable = 'taken'\ncreate = true\n[[column]]\nto = 'id'\ntype = 'bigint'";
    assert_eq!(office.run(text).inserted, 3);
    assert_eq!(rows(&office.shop(), "select id, sync from goods order by id"), ["1|1", "2|1"]);
}

#[test]
fn a_dry_run_sees_new_columns_and_leaves_the_target_as_it_is() {
    let office = Office::new(GOODS);
    office.run(&flow(""));
    office.shop().execute_batch("alter table goods add column colour varchar(20) default 'mavi'").unwrap();
    let report = office.run_with(&flow(""), Options { dry_run: true, full: true, ..Options::default() });
    assert_eq!((counts(&report).1, report.added_columns.len()), (1000, 1));
    assert_eq!(office.web_rows("select count(*) from pragma_table_info('goods')"), ["5"]);
}

#[test]
fn a_table_that_every_row_would_fail_in_is_refused_before_it_is_touched() {
    let office = Office::new(GOODS);
    office.web().execute_batch("create table goods (id integer primary key, must text not null)").unwrap();
    assert!(
        matches!(office.run(&flow("")).failure, Some(flow::Error::Unfilled { ref column, .. }) if column == "must")
    );
    assert_eq!(office.web_rows("select count(*) from pragma_table_info('goods')"), ["2"]);
}
