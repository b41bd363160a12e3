//! SQL Server: a database of its own on the server at `DENK_TEST_MSSQL_URL`, whose login must be allowed to create
//! databases.

use std::sync::Arc;

use async_trait::async_trait;
use database::Address;
use model::{DataType, ErrorKind, Fraction, TextTraits, TextUnit, Value};
use tiberius::{AuthMethod, Client, ColumnData, Config, EncryptionLevel};
use tokio::net::TcpStream;
use tokio_util::compat::{Compat, TokioAsyncWriteCompatExt};

use super::{Broken, Engine, Foreign, Habits, Native, Oracle, Unwritable};
use crate::rows::{date, decimal, instant, row, time, timestamp, uuid};

const URL_VARIABLE: &str = "DENK_TEST_MSSQL_URL";

pub struct Mssql {
    server: Address,
    url: url::Url,
    name: String,
    babelfish: bool,
}

struct Program(Client<Compat<TcpStream>>);

const SQL_SERVER: Habits = Habits {
    shop: include_str!("../sql/shop.mssql.sql"),
    watch: include_str!("../sql/watch.mssql.sql"),
    numbered: include_str!("../sql/numbered.mssql.sql"),
    denk_objects: "select name from sys.objects where name like 'denk[_]%' union all select name from sys.triggers where name like 'denk[_]%'",
    drop_trigger: "drop trigger {trigger}",
    stranger: ["", ""],
    kill_others: None,
    concurrent_writers: true,
    exact_keys: false,
    locators: true,
    wide_names: true,
    told_conditions: true,
    snapshots: true,
    exclusive: None,
};

static GENUINE: Habits = SQL_SERVER;

/// Babelfish for PostgreSQL speaks the protocol and is not SQL Server.
static BABELFISH: Habits =
    Habits { locators: false, wide_names: false, told_conditions: false, ..SQL_SERVER };

#[async_trait]
impl Engine for Mssql {
    async fn start() -> Option<Arc<dyn Engine>> {
        let Some(url) = server_url() else {
            testkit::announce(
                "the connector contract on SQL Server",
                "set DENK_TEST_MSSQL_URL to a server that may be used for tests (docs/howto/add-a-connector.md)",
            );
            return None;
        };
        let server: Address = url.parse().unwrap();
        let name = format!("denk_test_{}", model::Uuid::now_v7().simple());
        create_database(&server, &name).await;
        let mut program = Program::connect(&server).await;
        // Servers that only speak the protocol have it always, and no such statement.
        let _ = program.try_execute(&format!("alter database {name} set allow_snapshot_isolation on")).await;
        let mut url: url::Url = url.parse().unwrap();
        url.set_path(&name);
        let version = program.query_text("select @@version").await;
        let babelfish = version[0][0].as_ref().is_some_and(|version| version.contains("Babelfish"));
        Some(Arc::new(Self { server, url, name, babelfish }))
    }

    fn address(&self) -> Address {
        self.url.as_str().parse().unwrap()
    }

    async fn connect(&self) -> Box<dyn Foreign> {
        let mut program = Program::connect(&self.address()).await;
        program.try_execute("set lock_timeout 10000").await.unwrap();
        Box::new(program)
    }

    fn habits(&self) -> &'static Habits {
        if self.babelfish { &BABELFISH } else { &GENUINE }
    }

    fn may_be_unfaithful(&self, data_type: &DataType) -> bool {
        let too_wide = |years: (i32, i32)| years.0 < 1 || years.1 > 9999;
        match data_type {
            DataType::Real { finite, .. } => !finite,
            DataType::Decimal(None) | DataType::Any | DataType::Other { .. } => true,
            DataType::Time { digits } => *digits > self.digits(),
            DataType::Date { years } => too_wide(*years),
            DataType::Timestamp { fraction: Fraction::Digits(digits), years }
            | DataType::Instant { fraction: Fraction::Digits(digits), years, .. } => {
                *digits > self.digits() || too_wide(*years)
            }
            _ => false,
        }
    }

    fn may_refuse(&self, _: &DataType, value: &Value) -> bool {
        match value {
            Value::Real(r) => !r.is_finite(),
            Value::Date(d) => !d.is_common(),
            Value::Time(t) => t.fraction_digits() > self.digits(),
            Value::Timestamp(t) => t.fraction_digits() > self.digits() || !t.is_common(),
            // `datetimeoffset` keeps the wall clock of the offset, which must be a year from 1 to 9999 too.
            Value::Instant(i) => {
                i.utc.fraction_digits() > self.digits() || !i.utc.is_common() || !i.local().is_common()
            }
            // Servers that only speak the protocol may be unable to hold it.
            Value::Text(text) => text.contains('\0'),
            _ => false,
        }
    }

    fn oracle(&self, column: &str, data_type: &DataType) -> Option<Oracle> {
        match data_type {
            DataType::Bytes { .. } => Some(Oracle::hex_bytes(column)),
            DataType::Real { .. } => Some(Oracle::real(format!("convert(float, {column})"))),
            DataType::Date { .. } => Some(Oracle::plain(format!("convert(varchar(30), {column}, 23)"))),
            DataType::Timestamp { .. } | DataType::Instant { .. } => {
                Some(Oracle::plain(format!("convert(varchar(40), {column}, 121)")))
            }
            DataType::Text { .. } | DataType::Json => {
                Some(Oracle::plain(format!("convert(nvarchar(max), {column})")))
            }
            _ => Some(Oracle::plain(format!("convert(varchar(60), {column})"))),
        }
    }

    fn natives(&self) -> Vec<Native> {
        let native = |ddl, literal, data_type, value| Native { ddl, literal, data_type, value };
        let text = |max, unit, padded, code_page| DataType::Text {
            max,
            unit,
            traits: TextTraits { nul: true, padded, code_page },
        };
        let utf16 = |max, padded| text(max, TextUnit::Utf16, padded, 0);
        let timestamps = |fraction, years| DataType::Timestamp { fraction, years };
        let bytes = |max| DataType::Bytes { max };
        let mut natives = vec![
            native("bit", "1", DataType::Bool, Value::Bool(true)),
            native("tinyint", "255", DataType::INT8_UNSIGNED, Value::Int(255)),
            native("smallint", "-32768", DataType::INT16, Value::Int(-32768)),
            native("int", "2147483647", DataType::INT32, Value::Int(2_147_483_647)),
            native("bigint", "-9223372036854775808", DataType::INT64, Value::Int(i64::MIN)),
            native(
                "real",
                "0.1",
                DataType::Real { single: true, finite: true },
                Value::Real(f64::from(0.1_f32)),
            ),
            native("float", "0.1", DataType::Real { single: false, finite: true }, Value::Real(0.1)),
            native("decimal(18,4)", "12.5", DataType::Decimal(Some((18, 4))), decimal("12.5000")),
            native(
                "numeric(38,0)",
                "-99999999999999999999999999999999999999",
                DataType::Decimal(Some((38, 0))),
                decimal("-99999999999999999999999999999999999999"),
            ),
            native("money", "-12.5", DataType::Decimal(Some((19, 4))), decimal("-12.5000")),
            native("smallmoney", "12.3456", DataType::Decimal(Some((10, 4))), decimal("12.3456")),
            native("nvarchar(255)", "N'ığüşöçİ'", utf16(Some(255), false), row!["ığüşöçİ"].remove(0)),
            native("nvarchar(max)", "N'😀'", utf16(None, false), row!["😀"].remove(0)),
            native("nchar(5)", "N'ab'", utf16(Some(5), true), row!["ab"].remove(0)),
            native(
                "varchar(20) collate Latin1_General_CI_AS",
                "'é'",
                text(Some(20), TextUnit::Bytes, false, 1252),
                row!["é"].remove(0),
            ),
            native("varbinary(10)", "0x00ff00", bytes(Some(10)), row![&[0_u8, 255, 0][..]].remove(0)),
            native("varbinary(max)", "0x", bytes(None), row![&[][..]].remove(0)),
            native("date", "'0001-01-01'", DataType::DATE, date("0001-01-01")),
            native("time(7)", "'23:59:59.9999999'", DataType::Time { digits: 7 }, time("23:59:59.9999999")),
            native("time(0)", "'23:59:59'", DataType::Time { digits: 0 }, time("23:59:59")),
            native(
                "datetime",
                "'1753-01-01 00:00:00.003'",
                timestamps(Fraction::Tick300, (1753, 9999)),
                timestamp("1753-01-01 00:00:00.003"),
            ),
            native(
                "datetime",
                "'1899-12-30'",
                timestamps(Fraction::Tick300, (1753, 9999)),
                timestamp("1899-12-30 00:00:00"),
            ),
            native(
                "smalldatetime",
                "'2026-01-31 09:05'",
                timestamps(Fraction::Minute, (1900, 2079)),
                timestamp("2026-01-31 09:05"),
            ),
            native(
                "datetime2(7)",
                "'9999-12-31 23:59:59.9999999'",
                timestamps(Fraction::Digits(7), (1, 9999)),
                timestamp("9999-12-31 23:59:59.9999999"),
            ),
            native(
                "datetimeoffset(7)",
                "'2026-01-31 09:05:07.1234567 +03:00'",
                DataType::Instant { fraction: Fraction::Digits(7), years: (1, 9999), keeps_offset: true },
                instant("2026-01-31 09:05:07.1234567+03:00"),
            ),
            native(
                "uniqueidentifier",
                "'00112233-4455-6677-8899-AABBCCDDEEFF'",
                DataType::Uuid,
                uuid("00112233-4455-6677-8899-aabbccddeeff"),
            ),
        ];
        if self.babelfish {
            natives.retain(|native| !native.ddl.ends_with("(7)"));
        }
        natives
    }

    fn unwritable(&self) -> Vec<Unwritable> {
        vec![
            Unwritable {
                ddl: "int check (c < 100)",
                value: Value::Int(100),
                kinds: &[ErrorKind::Constraint],
            },
            Unwritable {
                ddl: "varchar(20) collate Latin1_General_CI_AS",
                value: Value::Text("ğ".into()),
                kinds: &[ErrorKind::Conversion],
            },
            Unwritable {
                ddl: "varchar(20) collate Latin1_General_CI_AS",
                value: Value::Text("日本".into()),
                kinds: &[ErrorKind::Conversion],
            },
        ]
    }

    fn broken(&self) -> Vec<Broken> {
        let address = |change: &dyn Fn(&mut url::Url)| {
            let mut url = self.url.clone();
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

impl Mssql {
    /// Digits of a second that are kept: Babelfish accepts seven and keeps six.
    fn digits(&self) -> u8 {
        if self.babelfish { 6 } else { 7 }
    }
}

impl Drop for Mssql {
    fn drop(&mut self) {
        let (server, name) = (self.server.clone(), self.name.clone());
        // A runtime cannot be entered from within another: its own thread has none. A database that cannot be dropped
        // is one more on a test server, not a failure.
        let dropped = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(drop_database(&server, &name));
        });
        let _ = dropped.join();
    }
}

/// Some servers cannot make two at the same time.
async fn create_database(server: &Address, name: &str) {
    let mut outcome = Ok(());
    for _ in 0..20 {
        let mut program = Program::connect(server).await;
        outcome = program.try_execute(&format!("create database {name}")).await;
        if outcome.is_ok() {
            return;
        }
    }
    panic!("{outcome:?}");
}

/// The server may take a moment to notice that the sessions are gone.
async fn drop_database(server: &Address, name: &str) {
    for _ in 0..20 {
        let mut program = Program::connect(server).await;
        let _ = program
            .try_execute(&format!("alter database {name} set single_user with rollback immediate"))
            .await;
        if program.try_execute(&format!("drop database {name}")).await.is_ok() {
            return;
        }
    }
}

impl Program {
    async fn connect(address: &Address) -> Self {
        let mut config = Config::new();
        config.host(address.host());
        config.port(address.port());
        config.database(address.database());
        config.authentication(AuthMethod::sql_server(
            address.user().unwrap_or_default(),
            address.password().unwrap_or_default(),
        ));
        config.trust_cert();
        let plain = address.option("encrypt").as_deref() == Some("false");
        config.encryption(if plain { EncryptionLevel::NotSupported } else { EncryptionLevel::Required });
        let stream = TcpStream::connect(config.get_addr()).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Self(Client::connect(config, stream.compat_write()).await.unwrap())
    }
}

#[async_trait]
impl Foreign for Program {
    async fn try_execute(&mut self, sql: &str) -> Result<(), String> {
        let stream = self.0.simple_query(sql).await.map_err(|error| super::whole(&error))?;
        stream.into_results().await.map(|_| ()).map_err(|error| super::whole(&error))
    }

    async fn query_text(&mut self, sql: &str) -> Vec<Vec<Option<String>>> {
        let stream = self.0.simple_query(sql).await.unwrap_or_else(|error| panic!("{error}\nin {sql}"));
        let rows = stream.into_first_result().await.unwrap_or_else(|error| panic!("{error}\nin {sql}"));
        rows.iter().map(|row| row.cells().map(|(_, cell)| text(cell)).collect()).collect()
    }
}

fn text(cell: &ColumnData<'_>) -> Option<String> {
    match cell {
        ColumnData::String(text) => text.as_ref().map(ToString::to_string),
        ColumnData::I32(n) => n.map(|n| n.to_string()),
        ColumnData::I64(n) => n.map(|n| n.to_string()),
        ColumnData::F64(r) => r.map(|r| r.to_string()),
        ColumnData::Binary(bytes) => bytes.as_ref().map(|bytes| super::hex(bytes)),
        other => panic!("ask for text, not for {other:?}"),
    }
}

#[expect(clippy::disallowed_methods, reason = "tests take no configuration from the program")]
fn server_url() -> Option<String> {
    std::env::var(URL_VARIABLE).ok().filter(|url| !url.is_empty())
}
