//! From an address to a connection with known settings.
//!
//! Options of the address: `encrypt=true` (the default: encrypted, or no connection), `encrypt=false` (only the
//! log-in is, if the server can), `encrypt=strict` (TDS 8, TLS before anything else); `trust_server_certificate=true`
//! (takes any certificate); `ca=FILE` (trusts the authorities in this file besides the system's; a certificate that a
//! server signed for itself is none).

use std::time::Duration;

use futures_util::TryStreamExt;
use model::ErrorKind;
use tiberius::{AuthMethod, Client, ColumnData, Config, EncryptionLevel, Row, ToSql};
use tokio::net::TcpStream;
use tokio_util::compat::{Compat, TokioAsyncWriteCompatExt};

use super::error::unexpected;
use crate::{Address, Error, Result, sql::Slot};

pub(super) type Wire = Client<Compat<TcpStream>>;

const CONNECT: Duration = Duration::from_secs(10);
/// The server may be silent this long while it works; every statement of denk's is bounded in rows.
const ANSWER: Duration = Duration::from_secs(15 * 60);
/// Bytes in a packet: what the server accepts on encrypted connections too.
const PACKET: u32 = 16_384;

/// What this server is and can do.
#[derive(Clone, Debug)]
pub(super) struct Features {
    pub product: String,
    pub version: String,
    /// The schema that an unqualified name means for this user.
    pub schema: String,
    /// Babelfish for PostgreSQL answers, not SQL Server: it has no `%%physloc%%`, and its text is always valid.
    pub babelfish: bool,
    /// The database allows snapshot isolation, so a reader sees one moment and blocks nobody.
    pub snapshots: bool,
}

impl Features {
    /// Digits of a second in the finest types. Babelfish accepts seven and keeps six.
    pub fn finest(&self) -> u8 {
        if self.babelfish { 6 } else { 7 }
    }
}

/// Opens the connection and makes its settings known.
pub(super) async fn connect(address: &Address) -> Result<(Wire, Features)> {
    let config = config(address)?;
    let mut wire = tokio::time::timeout(CONNECT, log_in(config)).await.map_err(|_| {
        Error::new(
            ErrorKind::Connection,
            format!("{}:{} did not answer within 10 seconds", address.host(), address.port()),
        )
    })??;
    batch(&mut wire, include_str!("sql/settings.sql")).await?;
    let features = features(&mut wire).await?;
    Ok((wire, features))
}

fn config(address: &Address) -> Result<Config> {
    let mut config = Config::new();
    config.host(address.host());
    config.port(address.port());
    config.database(address.database());
    config.application_name("denk");
    config.packet_size(PACKET);
    config.handshake_timeout(Some(CONNECT));
    config.command_timeout(Some(ANSWER));
    // A lone surrogate must cost one row, not the connection: `read` looks closer at every U+FFFD.
    config.lossy_utf16_decoding(true);
    let Some(user) = address.user() else {
        return Err(Error::new(
            ErrorKind::Authentication,
            "the address names no user (mssql://USER:PASSWORD@HOST/DATABASE)",
        ));
    };
    config.authentication(AuthMethod::sql_server(user, address.password().unwrap_or_default()));
    let level = encryption(address)?;
    config.encryption(level);
    // Unencrypted data needs no certificate; as Microsoft's own drivers do, the log-in then takes any.
    let trusting = yes(address, "trust_server_certificate");
    match (
        trusting || (level == EncryptionLevel::Off && address.option("ca").is_none()),
        address.option("ca"),
    ) {
        (true, Some(_)) => return Err(option("trust_server_certificate and ca cannot be given together")),
        (true, None) => config.trust_cert(),
        (false, Some(file)) => config.trust_cert_ca(file),
        (false, None) => {}
    }
    Ok(config)
}

fn encryption(address: &Address) -> Result<EncryptionLevel> {
    match address.option("encrypt").as_deref() {
        None | Some("true" | "yes" | "mandatory") => Ok(EncryptionLevel::Required),
        Some("false" | "no" | "optional") => Ok(EncryptionLevel::Off),
        Some("strict") => Ok(EncryptionLevel::Strict),
        Some(_) => Err(option("encrypt must be true, false or strict")),
    }
}

fn yes(address: &Address, name: &str) -> bool {
    matches!(address.option(name).as_deref(), Some("true" | "yes" | "1"))
}

fn option(what: &str) -> Error {
    Error::new(ErrorKind::Schema, what)
}

async fn log_in(config: Config) -> Result<Wire> {
    let tcp = TcpStream::connect(config.get_addr()).await.map_err(|cause| {
        Error::new(ErrorKind::Connection, format!("{} cannot be reached", config.get_addr())).caused_by(cause)
    })?;
    tcp.set_nodelay(true)
        .map_err(|cause| Error::new(ErrorKind::Connection, "the connection broke").caused_by(cause))?;
    match Client::connect(config.clone(), tcp.compat_write()).await {
        // Azure sends the first caller on to the machine that has the database.
        Err(tiberius::error::Error::Routing { host, port }) => {
            let mut config = config;
            config.host(host);
            config.port(port);
            Box::pin(log_in(config)).await
        }
        other => Ok(other?),
    }
}

async fn features(wire: &mut Wire) -> Result<Features> {
    let rows = rows(wire, include_str!("sql/features.sql"), &[]).await?;
    let row = rows.first().ok_or_else(|| unexpected("the server did not say what it is"))?;
    let babelfish = row.try_get::<i32, _>(2)? == Some(1);
    Ok(Features {
        product: if babelfish { "Babelfish for PostgreSQL" } else { "SQL Server" }.to_owned(),
        version: text(row, 0)?,
        schema: text(row, 1)?,
        babelfish,
        snapshots: row.try_get::<i32, _>(3)? == Some(1),
    })
}

/// Runs statements whose results nobody wants. Unlike [`rows`] they run in the session itself, so that settings and
/// temporary tables stay.
pub(super) async fn batch(wire: &mut Wire, sql: &str) -> Result<()> {
    wire.simple_query(sql).await?.into_results().await?;
    Ok(())
}

/// The numbers in the one row that the last statement with a result returns.
pub(super) async fn numbers(wire: &mut Wire, sql: &str) -> Result<Vec<i64>> {
    let results = wire.simple_query(sql).await?.into_results().await?;
    let row = results
        .iter()
        .rev()
        .find_map(|rows| rows.first())
        .ok_or_else(|| unexpected("the server sent no count"))?;
    (0..row.len()).map(|at| Ok(row.try_get::<i64, _>(at)?.unwrap_or(0))).collect()
}

/// All rows of a statement with parameters.
pub(super) async fn rows(wire: &mut Wire, sql: &str, parameters: &[ColumnData<'_>]) -> Result<Vec<Row>> {
    let parameters: Vec<&dyn ToSql> = parameters.iter().map(|one| one as &dyn ToSql).collect();
    let stream = wire.query(sql, &parameters).await?;
    Ok(stream.into_row_stream().try_collect().await?)
}

/// A text column of a catalogue query; NULL is empty.
pub(super) fn text(row: &Row, at: usize) -> Result<String> {
    Ok(row.try_get::<&str, _>(at)?.unwrap_or_default().to_owned())
}

/// A parameter that is a text.
pub(super) fn parameter(text: &str) -> ColumnData<'_> {
    ColumnData::String(Some(text.into()))
}

/// `@P3`: the place of a parameter in a statement.
pub(super) fn place(number: usize) -> Slot {
    crate::sql::slot("@P{number}", &[("number", Slot::number(number as i128))])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(address: &str) -> Option<ErrorKind> {
        config(&address.parse().unwrap()).err().map(|error| error.kind)
    }

    #[test]
    fn an_address_says_how_to_connect() {
        assert_eq!(refused("mssql://sa:x@erp/MikroDB_V15_01?encrypt=false"), None);
        assert_eq!(refused("mssql://sa:x@erp/MikroDB_V15_01?encrypt=strict&ca=ca.pem"), None);
        assert_eq!(refused("mssql://sa:x@erp/db?trust_server_certificate=true"), None);
        assert_eq!(refused("mssql://erp/db"), Some(ErrorKind::Authentication));
        assert_eq!(refused("mssql://sa:x@erp/db?encrypt=perhaps"), Some(ErrorKind::Schema));
        assert_eq!(
            refused("mssql://sa:x@erp/db?trust_server_certificate=true&ca=ca.pem"),
            Some(ErrorKind::Schema)
        );
    }
}
