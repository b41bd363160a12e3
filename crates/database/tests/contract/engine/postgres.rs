//! PostgreSQL: a database of its own on the server of the test run.

use std::sync::Arc;

use async_trait::async_trait;
use database::Address;
use model::{DataType, Date, ErrorKind, Fraction, TextTraits, TextUnit, Timestamp, Value};
use testkit::postgres::Database;
use tokio_postgres::{Client, NoTls, SimpleQueryMessage};

use super::{Broken, Engine, Foreign, Habits, Native, Oracle, Unwritable};
use crate::rows::{date, decimal, instant, row, time, timestamp, uuid};

pub struct Postgres(Database);

struct Program(Client);

static HABITS: Habits = Habits {
    shop: include_str!("../sql/shop.postgres.sql"),
    watch: include_str!("../sql/watch.postgres.sql"),
    numbered: include_str!("../sql/numbered.postgres.sql"),
    denk_objects: include_str!("../sql/denk_objects.postgres.sql"),
    drop_trigger: "drop trigger {trigger} on {table}",
    stranger: [
        include_str!("../sql/stranger.postgres.sql"),
        include_str!("../sql/stranger_leaves.postgres.sql"),
    ],
    kill_others: Some(include_str!("../sql/kill_others.postgres.sql")),
    concurrent_writers: true,
    exact_keys: true,
    locators: true,
    wide_names: true,
    told_conditions: true,
    snapshots: true,
    exclusive: None,
};

const ALL_YEARS: (i32, i32) = (i32::MIN, i32::MAX);

#[async_trait]
impl Engine for Postgres {
    async fn start() -> Option<Arc<dyn Engine>> {
        // A collation that orders unlike UTF-8: what comes in key order must not come in the collation's.
        Some(Arc::new(Self(testkit::postgres::server().create_database_in("tr-TR"))))
    }

    fn address(&self) -> Address {
        self.0.url().parse().unwrap()
    }

    async fn connect(&self) -> Box<dyn Foreign> {
        let (client, connection) = tokio_postgres::connect(self.0.url(), NoTls).await.unwrap();
        tokio::spawn(connection);
        client.batch_execute("set statement_timeout = '10s'; set client_min_messages = error").await.unwrap();
        Box::new(Program(client))
    }

    fn habits(&self) -> &'static Habits {
        &HABITS
    }

    fn may_be_unfaithful(&self, data_type: &DataType) -> bool {
        match data_type {
            DataType::Time { digits } => *digits > 6,
            DataType::Timestamp { fraction: Fraction::Digits(digits), .. } => *digits > 6,
            DataType::Instant { fraction: Fraction::Digits(digits), keeps_offset, .. } => {
                *digits > 6 || *keeps_offset
            }
            DataType::Any | DataType::Other { .. } => true,
            DataType::Text { traits, .. } => traits.nul,
            _ => false,
        }
    }

    fn may_refuse(&self, _: &DataType, value: &Value) -> bool {
        match value {
            Value::Text(text) => text.contains('\0'),
            Value::Json(text) => text.contains("\\u0000"),
            Value::Time(t) => t.fraction_digits() > 6,
            Value::Timestamp(t) => t.fraction_digits() > 6,
            Value::Instant(i) => i.utc.fraction_digits() > 6 || i.offset_minutes != 0,
            _ => false,
        }
    }

    fn oracle(&self, column: &str, data_type: &DataType) -> Option<Oracle> {
        match data_type {
            DataType::Text { .. } => {
                Some(Oracle::hex_text(format!("encode(convert_to({column}::text, 'UTF8'), 'hex')")))
            }
            DataType::Bytes { .. } => Some(Oracle::hex_bytes(format!("encode({column}, 'hex')"))),
            DataType::Real { .. } => Some(Oracle::real(format!("{column}::float8"))),
            DataType::Instant { .. } => {
                Some(Oracle::plain(format!("({column} at time zone 'UTC')::text || 'Z'")))
            }
            DataType::Date { years } | DataType::Timestamp { years, .. } if *years == ALL_YEARS => None,
            _ => Some(Oracle::plain(format!("{column}::text"))),
        }
    }

    fn natives(&self) -> Vec<Native> {
        let native = |ddl, literal, data_type, value| Native { ddl, literal, data_type, value };
        let text = |max, padded| DataType::Text {
            max,
            unit: TextUnit::Chars,
            traits: TextTraits { nul: false, padded, code_page: 0 },
        };
        let timestamps =
            |digits| DataType::Timestamp { fraction: Fraction::Digits(digits), years: ALL_YEARS };
        vec![
            native("smallint", "-32768", DataType::INT16, Value::Int(-32768)),
            native("integer", "2147483647", DataType::INT32, Value::Int(2_147_483_647)),
            native("bigint", "-9223372036854775808", DataType::INT64, Value::Int(i64::MIN)),
            native("boolean", "true", DataType::Bool, Value::Bool(true)),
            native(
                "real",
                "0.1",
                DataType::Real { single: true, finite: false },
                Value::Real(f64::from(0.1_f32)),
            ),
            native("double precision", "'-0'", DataType::REAL, Value::Real(-0.0)),
            native("double precision", "'NaN'", DataType::REAL, Value::Real(f64::NAN)),
            native("numeric(18,4)", "12.5", DataType::Decimal(Some((18, 4))), decimal("12.5000")),
            native("numeric", "1e-37", DataType::Decimal(None), decimal("1e-37")),
            native("numeric", "1e30", DataType::Decimal(None), decimal("1e30")),
            native("varchar(255)", "'ığüşöçİ'", text(Some(255), false), row!["ığüşöçİ"].remove(0)),
            native("char(5)", "'ab'", text(Some(5), true), row!["ab"].remove(0)),
            native("text", "''", text(None, false), row![""].remove(0)),
            native("bytea", "'\\x00ff00'", DataType::BYTES, row![&[0_u8, 255, 0][..]].remove(0)),
            native("date", "'0001-01-01'", DataType::Date { years: ALL_YEARS }, date("0001-01-01")),
            native(
                "date",
                "'infinity'",
                DataType::Date { years: ALL_YEARS },
                Value::Date(Date::MAX_INFINITE),
            ),
            native("time", "'23:59:59.999999'", DataType::Time { digits: 6 }, time("23:59:59.999999")),
            native(
                "timestamp",
                "'9999-12-31 23:59:59.999999'",
                timestamps(6),
                timestamp("9999-12-31 23:59:59.999999"),
            ),
            native(
                "timestamp(3)",
                "'2026-01-31 09:05:07.125'",
                timestamps(3),
                timestamp("2026-01-31 09:05:07.125"),
            ),
            native("timestamp", "'-infinity'", timestamps(6), Value::Timestamp(Timestamp::MIN_INFINITE)),
            native(
                "timestamptz",
                "'2026-01-31 09:05:07.5+03'",
                DataType::Instant { fraction: Fraction::Digits(6), years: ALL_YEARS, keeps_offset: false },
                instant("2026-01-31 06:05:07.5Z"),
            ),
            native(
                "uuid",
                "'00112233-4455-6677-8899-aabbccddeeff'",
                DataType::Uuid,
                uuid("00112233-4455-6677-8899-aabbccddeeff"),
            ),
            native(
                "jsonb",
                "'{\"a\": [1.10, null]}'",
                DataType::Json,
                Value::Json("{\"a\":[1.10,null]}".into()),
            ),
            native("json", "'{\"a\": 1}'", DataType::Json, Value::Json("{\"a\":1}".into())),
            native(
                "inet",
                "'10.0.0.1'",
                DataType::Other { native: "inet".into() },
                row!["10.0.0.1"].remove(0),
            ),
            native(
                "integer[]",
                "'{1,2}'",
                DataType::Other { native: "integer[]".into() },
                row!["{1,2}"].remove(0),
            ),
            native(
                "interval",
                "'1 day'",
                DataType::Other { native: "interval".into() },
                row!["1 day"].remove(0),
            ),
        ]
    }

    fn unwritable(&self) -> Vec<Unwritable> {
        vec![Unwritable {
            ddl: "integer check (c < 100)",
            value: Value::Int(100),
            kinds: &[ErrorKind::Constraint],
        }]
    }

    fn broken(&self) -> Vec<Broken> {
        let address = |change: &dyn Fn(&mut url::Url)| {
            let mut url: url::Url = self.0.url().parse().unwrap();
            change(&mut url);
            url.as_str().parse().unwrap()
        };
        let free = super::free_port();
        vec![
            Broken {
                what: "a wrong password",
                address: address(&|url| url.set_password(Some("not it")).unwrap()),
                kinds: &[ErrorKind::Authentication],
            },
            Broken {
                what: "a user who is not there",
                address: address(&|url| url.set_username("nobody").unwrap()),
                kinds: &[ErrorKind::Authentication],
            },
            Broken {
                what: "a port where nobody listens",
                address: address(&|url| url.set_port(Some(free)).unwrap()),
                kinds: &[ErrorKind::Connection],
            },
            Broken {
                what: "a host that is not there",
                address: address(&|url| url.set_host(Some("nowhere.invalid")).unwrap()),
                kinds: &[ErrorKind::Connection],
            },
            Broken {
                what: "a database that is not there",
                address: address(&|url| url.set_path("not_there")),
                kinds: &[ErrorKind::Missing],
            },
        ]
    }
}

#[async_trait]
impl Foreign for Program {
    async fn try_execute(&mut self, sql: &str) -> Result<(), String> {
        self.0.batch_execute(sql).await.map_err(|error| super::whole(&error))
    }

    async fn query_text(&mut self, sql: &str) -> Vec<Vec<Option<String>>> {
        let answer = self
            .0
            .simple_query(sql)
            .await
            .unwrap_or_else(|error| panic!("{}\nin {sql}", super::whole(&error)));
        let rows = answer.iter().filter_map(|message| match message {
            SimpleQueryMessage::Row(row) => Some(row),
            _ => None,
        });
        rows.map(|row| (0..row.len()).map(|at| row.get(at).map(str::to_owned)).collect()).collect()
    }
}
