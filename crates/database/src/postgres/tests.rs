//! What only PostgreSQL has, on a real server; what all databases share is in the contract suite.

use model::{Batch, Cell, DataType, ErrorKind, Key, Misfit, Operation, Table, TableRef, Value, Zone};
use testkit::postgres::Database;

use crate::{
    Address, Applied, Begin, ColumnRead, ColumnRef, Comparison, Condition, JournalStatus, Read, Relation,
    Result, Session, Write,
};

/// A database of its own and a session on it.
struct Lab {
    session: Box<dyn Session>,
    database: Database,
}

impl Lab {
    async fn with(script: &str) -> Self {
        let database = testkit::postgres::server().create_database_in("tr-TR");
        database.run(script);
        let session = crate::open(&database.url().parse().unwrap()).await.unwrap();
        Self { session, database }
    }

    async fn table(&mut self, name: &str) -> Table {
        self.session.table(&TableRef::new(name)).await.unwrap()
    }

    /// Rows in the table's own types, one text a cell; `-` is NULL.
    fn batch(table: &Table, rows: &[&[&str]]) -> Batch {
        let mut batch = Batch::new(table.columns.iter().map(|column| &column.data_type));
        let zone = Zone::utc();
        for row in rows {
            let values: Vec<Value> = row
                .iter()
                .zip(&table.columns)
                .map(|(text, column)| match *text {
                    "-" => Value::Null,
                    text => {
                        let rules = model::Coercion { zone: &zone, null_texts: &[] };
                        model::coerce(Value::Text(text.to_owned()), &column.data_type, rules).unwrap()
                    }
                })
                .collect();
            batch.push_row(values.iter().map(Cell::from));
        }
        batch
    }

    async fn upsert(&mut self, name: &str, rows: &[&[&str]]) -> Result<Applied> {
        let table = self.table(name).await;
        let columns: Vec<ColumnRef> =
            table.columns.iter().map(|column| ColumnRef::named(&column.name)).collect();
        let write = Write { table: &table, columns: &columns, key: &[0], insert_only: &[] };
        self.session.upsert(&write, &Self::batch(&table, rows)).await
    }

    async fn insert(&mut self, name: &str, rows: &[&[&str]]) -> Result<u64> {
        let table = self.table(name).await;
        let columns: Vec<ColumnRef> =
            table.columns.iter().map(|column| ColumnRef::named(&column.name)).collect();
        let write = Write { table: &table, columns: &columns, key: &[0], insert_only: &[] };
        self.session.insert(&write, &Self::batch(&table, rows)).await
    }

    /// All rows, page by page, in the order of the first column; each row's cells joined by commas.
    async fn rows(&mut self, name: &str, page: usize) -> Vec<String> {
        let table = self.table(name).await;
        let column = |column: &model::ColumnDef| {
            ColumnRead::new(ColumnRef::named(&column.name), column.data_type.clone())
        };
        let columns: Vec<ColumnRead> = table.columns.iter().map(column).collect();
        let (mut rows, mut after) = (Vec::new(), None);
        loop {
            let from = Relation::Table(table.name.clone());
            let read = read(&from, &columns, after.as_ref(), Some(page));
            let page = self.session.read(&read).await.unwrap();
            assert_eq!(page.rejected, []);
            rows.extend((0..page.batch.rows()).map(|row| {
                let cells: Vec<String> = page.batch.row(row).iter().map(ToString::to_string).collect();
                cells.join(",")
            }));
            after = page.next;
            if after.is_none() {
                return rows;
            }
        }
    }
}

fn read<'a>(
    from: &'a Relation,
    columns: &'a [ColumnRead],
    after: Option<&'a Key>,
    rows: Option<usize>,
) -> Read<'a> {
    static UTC: std::sync::LazyLock<Zone> = std::sync::LazyLock::new(Zone::utc);
    Read { from, columns, key: &[0], filter: &[], after, up_to: None, rows, bytes: None, zone: &UTC }
}

fn applied(inserted: u64, updated: u64, unchanged: u64) -> Applied {
    Applied { inserted, updated, unchanged }
}

/// Enums, domains, `citext` and types that denk does not know are written as they are read.
#[tokio::test]
async fn types_of_the_users_own_are_written_and_compared() {
    let mut lab = Lab::with(
        "create extension if not exists citext;
         create type mood as enum ('sad', 'ok');
         create domain code as varchar(5) check (value <> 'x');
         create domain codes as code not null;
         create table t (k codes primary key, m mood, c citext, i interval, a int[], n inet, b bit(3), v varbit(5))",
    )
    .await;
    let rows: [&[&str]; 2] = [
        &["b", "ok", "Ab", "1 day", "{1,2}", "10.0.0.1", "101", "01"],
        &["a", "-", "-", "-", "-", "-", "-", "-"],
    ];
    assert_eq!(lab.insert("t", &rows[..1]).await.unwrap(), 1);
    assert_eq!(lab.upsert("t", &rows).await.unwrap(), applied(1, 0, 1));
    let changed: [&[&str]; 2] = [
        &["b", "sad", "aB", "25:00:00", "{1,2}", "10.0.0.1/24", "101", "01"],
        &["a", "-", "-", "-", "-", "-", "-", "-"],
    ];
    assert_eq!(lab.upsert("t", &changed).await.unwrap(), applied(0, 1, 1));
    assert_eq!(
        lab.rows("t", 1).await,
        ["a,NULL,NULL,NULL,NULL,NULL,NULL,NULL", "b,sad,aB,25:00:00,{1,2},10.0.0.1/24,101,01"]
    );

    let unknown: &[&str] = &["c", "happy", "-", "-", "-", "-", "-", "-"];
    assert_eq!(lab.upsert("t", &[unknown]).await.unwrap_err().kind, ErrorKind::Conversion);
    let forbidden: &[&str] = &["x", "-", "-", "-", "-", "-", "-", "-"];
    assert_eq!(lab.upsert("t", &[forbidden]).await.unwrap_err().kind, ErrorKind::Constraint);
}

/// Keys that the table takes for one although they differ are refused, never merged.
#[tokio::test]
async fn keys_that_only_a_collation_takes_for_equal_stay_apart() {
    let mut lab = Lab::with(
        "create extension if not exists citext;
         create collation vague (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
         create table c (k citext primary key, v int);
         create table n (k text collate vague primary key, v text collate vague)",
    )
    .await;
    for table in ["c", "n"] {
        lab.upsert(table, &[&["a", "1"]]).await.unwrap();
        let error = lab.upsert(table, &[&["A", "2"]]).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Constraint, "{table}");
        assert_eq!(lab.rows(table, 10).await, ["a,1"], "{table}");
    }
    assert_eq!(lab.upsert("n", &[&["a", "x"]]).await.unwrap(), applied(0, 1, 0));
    assert_eq!(lab.upsert("n", &[&["a", "X"]]).await.unwrap(), applied(0, 1, 0));
}

#[tokio::test]
async fn padded_keys_and_enums_come_in_the_order_of_their_bytes() {
    let mut lab = Lab::with(
        "create type size as enum ('small', 'large', 'huge');
         create table p (k char(4) primary key);
         insert into p values ('ı'), ('i'), ('Z'), ('a'), ('a b');
         create table e (k size primary key);
         insert into e values ('small'), ('large'), ('huge')",
    )
    .await;
    for page in [1, 2, 10] {
        assert_eq!(lab.rows("p", page).await, ["Z", "a", "a b", "i", "ı"]);
        assert_eq!(lab.rows("e", page).await, ["huge", "large", "small"]);
    }
}

#[tokio::test]
async fn a_database_that_is_not_utf8_is_read_in_the_order_of_utf8() {
    let server = testkit::postgres::server();
    let utf8 = server.create_database();
    let name = format!("{}_latin5", utf8.name());
    utf8.run(&format!(
        "create database {name} template template0 encoding 'LATIN5' lc_collate 'C' lc_ctype 'C'"
    ));
    let address: Address = utf8.url().replace(utf8.name(), &name).parse().unwrap();
    let mut session = crate::open(&address).await.unwrap();
    let words = ["ğ", "ı", "ş", "ü", "ö"];
    let column = session.faithful(&model::ColumnDef::new("k", DataType::TEXT).not_null()).unwrap();
    let table = Table {
        name: TableRef::new("t"),
        kind: model::TableKind::Table,
        columns: vec![column.clone()],
        primary_key: vec!["k".into()],
        unique: Vec::new(),
        foreign_keys: Vec::new(),
        triggers: Vec::new(),
    };
    session.create_table(&table).await.unwrap();
    let columns = [ColumnRef::named("k")];
    let write = Write { table: &table, columns: &columns, key: &[0], insert_only: &[] };
    let mut batch = Batch::new([&column.data_type]);
    words.iter().for_each(|word| batch.push_row([Cell::Text(word)]));
    session.upsert(&write, &batch).await.unwrap();

    let (from, columns) =
        (Relation::Table(table.name), [ColumnRead::new(columns[0].clone(), DataType::TEXT)]);
    let mut sorted = words.map(|word| Value::Text(word.into()));
    sorted.sort();
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let page = session.read(&read(&from, &columns, after.as_ref(), Some(2))).await.unwrap();
        found.extend((0..page.batch.rows()).flat_map(|row| page.batch.row(row)));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(found, sorted);
    drop(session);
    utf8.run(&format!("drop database {name} with (force)"));
}

#[tokio::test]
async fn numbers_that_no_decimal_holds_are_set_aside() {
    let mut lab = Lab::with(
        "create table t (id int primary key, n numeric);
         insert into t values (1, 'NaN'), (2, 1.5), (3, 1e40), (4, '-Infinity')",
    )
    .await;
    let from = Relation::Table(TableRef::new("t"));
    let columns = [("id", DataType::INT32), ("n", DataType::Decimal(None))];
    let mut columns = columns.map(|(name, wanted)| ColumnRead::new(ColumnRef::named(name), wanted));
    let page = lab.session.read(&read(&from, &columns, None, None)).await.unwrap();
    assert_eq!(page.batch.rows(), 1);
    let keys: Vec<String> = page.rejected.iter().map(|rejected| rejected.key.to_string()).collect();
    assert_eq!(keys, ["1", "3", "4"]);
    assert!(matches!(&page.rejected[0].reason, Misfit::OutOfRange { value } if value == "NaN"));

    columns[1].wanted = DataType::TEXT;
    let page = lab.session.read(&read(&from, &columns, None, None)).await.unwrap();
    assert_eq!(page.batch.columns[1].value(0), Value::Text("NaN".into()));
    assert_eq!(page.batch.columns[1].value(2), Value::Text(format!("1{}", "0".repeat(40))));
}

#[tokio::test]
async fn what_the_server_would_round_is_not_written() {
    let mut lab = Lab::with("create table t (id int primary key, n numeric(5, -2))").await;
    let table = lab.table("t").await;
    assert!(matches!(table.columns[1].data_type, DataType::Other { .. }));
    assert_eq!(lab.insert("t", &[&["1", "1234"]]).await.unwrap_err().kind, ErrorKind::Unsupported);
}

#[tokio::test]
async fn numbers_that_are_always_generated_can_be_given() {
    let mut lab = Lab::with(
        "create table t (id int generated always as identity primary key, v text);
         create table cast_by_the_server (id int generated always as identity primary key, v inet)",
    )
    .await;
    assert_eq!(lab.insert("t", &[&["7", "a"]]).await.unwrap(), 1);
    assert_eq!(lab.upsert("t", &[&["7", "b"], &["9", "c"]]).await.unwrap(), applied(1, 1, 0));
    assert_eq!(lab.rows("t", 10).await, ["7,b", "9,c"]);
    assert_eq!(lab.insert("cast_by_the_server", &[&["7", "10.0.0.1"]]).await.unwrap(), 1);
    assert_eq!(lab.rows("cast_by_the_server", 10).await, ["7,10.0.0.1"]);
}

#[tokio::test]
async fn partitions_show_in_their_table_alone_and_have_no_places() {
    let mut lab = Lab::with(
        "create table t (id int primary key, v text) partition by range (id);
         create table t1 partition of t for values from (0) to (10);
         create table t2 partition of t for values from (10) to (20)",
    )
    .await;
    assert_eq!(lab.session.tables().await.unwrap(), [TableRef::in_schema("public", "t")]);
    assert_eq!(lab.upsert("t", &[&["1", "a"], &["11", "b"]]).await.unwrap(), applied(2, 0, 0));
    assert_eq!(lab.rows("t", 1).await, ["1,a", "11,b"]);
    let (from, columns) =
        (Relation::Table(TableRef::new("t")), [ColumnRead::new(ColumnRef::Locator, DataType::INT64)]);
    let error = lab.session.read(&read(&from, &columns, None, None)).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unsupported);
}

/// Many blocks, some of them empty: every row once, in order of place.
#[tokio::test]
async fn rows_are_read_by_place_a_few_blocks_at_a_time() {
    let mut lab = Lab::with(
        "create table t (n int, filler text);
         insert into t select n, repeat('x', 200) from generate_series(1, 20000) n;
         delete from t where n between 3000 and 17000",
    )
    .await;
    let from = Relation::Table(TableRef::new("t"));
    let columns = [
        ColumnRead::new(ColumnRef::Locator, DataType::INT64),
        ColumnRead::new(ColumnRef::named("n"), DataType::INT32),
    ];
    let (mut numbers, mut after) = (Vec::new(), None);
    loop {
        let page = lab.session.read(&read(&from, &columns, after.as_ref(), Some(700))).await.unwrap();
        assert!(page.batch.rows() <= 700);
        numbers.extend((0..page.batch.rows()).map(|row| page.batch.columns[1].value(row)));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    let expected: Vec<Value> = (1..3000).chain(17001..=20000).map(Value::Int).collect();
    assert_eq!(numbers, expected);
}

/// An index serves the order of text keys where the collation is that of bytes: on tables that denk makes, it is.
#[tokio::test]
async fn tables_that_denk_makes_have_text_keys_in_byte_order() {
    let mut lab = Lab::with("select 1").await;
    let column = |name: &str| lab.session.faithful(&model::ColumnDef::new(name, DataType::TEXT)).unwrap();
    let table = Table {
        name: TableRef::new("made"),
        kind: model::TableKind::Table,
        columns: vec![column("k"), column("v")],
        primary_key: vec!["k".into()],
        unique: Vec::new(),
        foreign_keys: Vec::new(),
        triggers: Vec::new(),
    };
    lab.session.create_table(&table).await.unwrap();
    let sql = "select collation_name from information_schema.columns where table_name = 'made' order by column_name";
    assert_eq!(lab.database.run(sql), "C");
    assert_eq!(lab.upsert("made", &[&["ı", "1"], &["z", "2"]]).await.unwrap(), applied(2, 0, 0));
    assert_eq!(lab.upsert("made", &[&["ı", "1"], &["z", "3"]]).await.unwrap(), applied(0, 1, 1));
    assert_eq!(lab.rows("made", 1).await, ["z,3", "ı,1"]);
}

#[tokio::test]
async fn conditions_take_limits_of_other_types() {
    let mut lab = Lab::with(
        "create table t (id int primary key, i inet, c text);
         insert into t values (1, '10.0.0.1', 'a'), (2, '10.0.0.2', 'ı'), (3, null, 'z')",
    )
    .await;
    let from = Relation::Table(TableRef::new("t"));
    let columns = [ColumnRead::new(ColumnRef::named("id"), DataType::INT32)];
    let half = Value::Decimal("1.5".parse().unwrap());
    for (column, comparison, value, count) in [
        ("id", Comparison::Greater, half, 2),
        ("id", Comparison::Less, Value::Int(i64::MAX), 3),
        ("id", Comparison::Equal, Value::Text("2".into()), 1),
        ("i", Comparison::Equal, Value::Text("10.0.0.1".into()), 1),
        ("c", Comparison::Greater, Value::Text("b".into()), 2),
    ] {
        let filter = [Condition::new(column, comparison, value)];
        let page =
            lab.session.read(&Read { filter: &filter, ..read(&from, &columns, None, None) }).await.unwrap();
        assert_eq!(page.batch.rows(), count, "{filter:?}");
    }
}

/// Keys of every form come back from the journal as a read would give them.
#[tokio::test]
async fn journaled_keys_keep_their_type_whatever_the_users_settings() {
    let mut lab = Lab::with(
        "create table t (b bytea, d date, at timestamptz, n numeric, f bool, primary key (b, d, at, n, f))",
    )
    .await;
    let key = ["b", "d", "at", "n", "f"].map(str::to_owned);
    lab.session.journal_install(&TableRef::new("t"), &key).await.unwrap();
    lab.database.run(
        "set datestyle = 'German'; set timezone = 'Asia/Kathmandu'; set bytea_output = 'escape';
         insert into t values ('\\x00ff', '0044-03-15 BC', '2026-01-31 09:05:07.5+03', 1.50, true),
                              ('\\x', 'infinity', '-infinity', 1e30, false)",
    );
    let notes = lab.session.journal_drain(10).await.unwrap();
    let keys: Vec<String> = notes.iter().map(|note| note.key.to_string()).collect();
    assert_eq!(
        keys,
        [
            "0x00ff|0044-03-15 BC|2026-01-31 06:05:07.5+00:00|1.50|true",
            "0x|infinity|-infinity+00:00|1000000000000000000000000000000|false"
        ]
    );
    assert!(notes.iter().all(|note| note.operation == Operation::Insert));
}

/// Emptying a table at once leaves no keys: the journal says that it cannot know.
#[tokio::test]
async fn a_truncated_table_has_a_doubtful_journal_until_it_is_installed_again() {
    let mut lab = Lab::with("create table t (id int primary key); insert into t values (1)").await;
    let (table, key) = (TableRef::new("t"), ["id".to_owned()]);
    lab.session.journal_install(&table, &key).await.unwrap();
    lab.database.run("truncate t");
    assert_eq!(lab.session.journal_status(&table, &key).await.unwrap(), JournalStatus::Doubtful);
    assert_eq!(lab.session.journal_drain(10).await.unwrap(), []);
    lab.session.journal_install(&table, &key).await.unwrap();
    assert_eq!(lab.session.journal_status(&table, &key).await.unwrap(), JournalStatus::Complete);
}

/// A schema that comes before the journal's in the search path does not hide it.
#[tokio::test]
async fn a_journal_is_found_where_it_was_made() {
    let mut lab = Lab::with("create table t (id int primary key)").await;
    let (table, key) = (TableRef::new("t"), ["id".to_owned()]);
    lab.session.journal_install(&table, &key).await.unwrap();
    lab.database.run("create schema authorization current_user; insert into t values (1)");
    assert_eq!(lab.session.journal_status(&table, &key).await.unwrap(), JournalStatus::Complete);
    let notes = lab.session.journal_drain(10).await.unwrap();
    assert_eq!(notes.len(), 1);
    lab.session.journal_forget(&[notes[0].id]).await.unwrap();
    assert_eq!(lab.session.journal_drain(10).await.unwrap(), []);
}

/// The server rolls a broken transaction back when it is told to commit, without calling that an error.
#[tokio::test]
async fn a_commit_after_an_error_is_an_error() {
    let mut lab = Lab::with("create table t (id int primary key); insert into t values (1)").await;
    lab.session.begin(Begin::Own).await.unwrap();
    lab.insert("t", &[&["1"]]).await.unwrap_err();
    lab.session.commit().await.unwrap_err();
    lab.session.begin(Begin::Own).await.unwrap();
    lab.insert("t", &[&["2"]]).await.unwrap();
    lab.session.commit().await.unwrap();
    assert_eq!(lab.rows("t", 10).await, ["1", "2"]);
}

/// The error tells the row that the server refused.
#[tokio::test]
async fn a_refused_row_is_told_by_its_key() {
    let mut lab =
        Lab::with("create table t (id int primary key, v varchar(3) check (v <> 'bad'), j json)").await;
    let error = lab.insert("t", &[&["1", "a", "-"], &["2", "bad", "-"], &["3", "b", "-"]]).await.unwrap_err();
    assert_eq!((error.kind, error.key), (ErrorKind::Constraint, Some(Key(vec![Value::Int(2)]))));
    assert!(error.what.contains("t_v_check"), "{}", error.what);
}
