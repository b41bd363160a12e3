//! From an address to a connection that is set up as the rest of the folder expects.

use std::{collections::HashMap, time::Duration};

use model::ErrorKind;
use tokio::task::JoinHandle;
use tokio_postgres::{
    Client, Config, NoTls, Row, SimpleQueryMessage, Socket, Statement, config::SslMode, tls::TlsStream,
    types::ToSql,
};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::{
    error::{failed, unreachable},
    tls,
    transaction::milliseconds,
};
use crate::{Address, Error, Result, sql::render};

const CONNECT_SECONDS: u64 = 10;

/// A connection and the task that moves its bytes.
pub(super) struct Connection {
    pub(super) client: Client,
    /// Whether the database stores text as UTF-8, so that its byte order is the order of code points.
    pub(super) utf8: bool,
    task: JoinHandle<()>,
    statements: HashMap<&'static str, Statement>,
}

/// Ends the connection at once, also in the middle of a statement; the server undoes an open transaction.
impl Drop for Connection {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Connection {
    /// # Errors
    /// `Connection`, `Authentication`, `Missing` (no such database), `Permission`; `Unsupported` for an option.
    pub(super) async fn open(address: &Address) -> Result<Self> {
        let seconds = match address.option("connect_timeout") {
            Some(text) => text.parse().map_err(|_| refused_option("connect_timeout", &text))?,
            None => CONNECT_SECONDS,
        };
        let limit = Duration::from_secs(seconds);
        match tokio::time::timeout(limit, Self::establish(address, limit)).await {
            Ok(opened) => opened,
            Err(_) => {
                let what = format!("{address} did not answer within {seconds} seconds");
                Err(Error::new(ErrorKind::Connection, what))
            }
        }
    }

    async fn establish(address: &Address, limit: Duration) -> Result<Self> {
        let mode = tls::Mode::of(address)?;
        let config = configuration(address, limit, mode);
        if mode == tls::Mode::Disable {
            let (client, connection) = config.connect(NoTls).await.map_err(unreachable)?;
            return Self::set_up(address, client, connection).await;
        }
        let connector = MakeRustlsConnect::new(tls::client(address, mode)?);
        let (client, connection) = config.connect(connector).await.map_err(unreachable)?;
        Self::set_up(address, client, connection).await
    }

    async fn set_up<T>(
        address: &Address,
        client: Client,
        connection: tokio_postgres::Connection<Socket, T>,
    ) -> Result<Self>
    where
        T: TlsStream + Unpin + Send + 'static,
    {
        let utf8 = connection.parameter("server_encoding") == Some("UTF8");
        // What goes wrong in there reaches the caller through the client's own calls.
        let task = tokio::spawn(async move {
            let _ = connection.await;
        });
        let opened = Self { client, utf8, task, statements: HashMap::new() };
        let patience = [("patience", milliseconds(address.patience()))];
        opened.run(&render(include_str!("sql/settings.sql"), &patience)).await?;
        Ok(opened)
    }

    /// Runs statements that return nothing, in one round trip.
    pub(super) async fn run(&self, sql: &str) -> Result<()> {
        self.client.batch_execute(sql).await.map_err(failed)
    }

    /// Runs statements in one round trip; tells for each how many rows it touched.
    pub(super) async fn count(&self, sql: &str) -> Result<Vec<u64>> {
        let messages = self.client.simple_query(sql).await.map_err(failed)?;
        let counts = messages.iter().filter_map(|message| match message {
            SimpleQueryMessage::CommandComplete(rows) => Some(*rows),
            _ => None,
        });
        Ok(counts.collect())
    }

    /// Runs a query of this program's own, prepared at its first use.
    pub(super) async fn query(
        &mut self,
        sql: &'static str,
        values: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>> {
        let statement = match self.statements.get(sql) {
            Some(statement) => statement.clone(),
            None => {
                let statement = self.client.prepare(sql).await.map_err(failed)?;
                self.statements.entry(sql).or_insert(statement).clone()
            }
        };
        self.client.query(&statement, values).await.map_err(failed)
    }
}

fn configuration(address: &Address, limit: Duration, mode: tls::Mode) -> Config {
    let mut config = Config::new();
    match address.option("host").filter(|host| host.starts_with('/')) {
        Some(folder) => config.host_path(folder),
        None => config.host(address.host().trim_matches(['[', ']'])),
    };
    config
        .port(address.port())
        .dbname(address.database())
        .application_name(address.option("application_name").unwrap_or_else(|| "denk".to_owned()))
        .connect_timeout(limit)
        .keepalives(true)
        .keepalives_idle(Duration::from_secs(30))
        .keepalives_interval(Duration::from_secs(10))
        .keepalives_retries(3)
        .tcp_user_timeout(Duration::from_secs(60))
        .ssl_mode(match mode {
            tls::Mode::Disable => SslMode::Disable,
            tls::Mode::Prefer => SslMode::Prefer,
            tls::Mode::Require | tls::Mode::VerifyFull => SslMode::Require,
        });
    if let Some(user) = address.user() {
        config.user(user);
    }
    if let Some(password) = address.password() {
        config.password(password);
    }
    config
}

/// The failure for an option of the address whose value means nothing.
pub(super) fn refused_option(option: &str, value: &str) -> Error {
    let what = format!("the address has {option}={value}, which PostgreSQL connections do not know");
    Error::new(ErrorKind::Unsupported, what)
}
