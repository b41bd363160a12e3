//! From an address to a connection that is set up as the rest of the folder expects.

use std::{
    collections::HashMap,
    future::poll_fn,
    pin::{Pin, pin},
    sync::{Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use model::ErrorKind;
use tokio_postgres::{
    Client, Config, NoTls, Row, SimpleQueryMessage, Socket, Statement, ToStatement, config::SslMode,
    tls::TlsStream, types::ToSql,
};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::{
    error::{failed, unreachable},
    tls,
    transaction::milliseconds,
};
use crate::{Address, Error, Result, sql::render};

const CONNECT_SECONDS: u64 = 10;

/// A connection. Its bytes move only while one of its calls waits ([`Connection::drive`]): in the caller's own task,
/// because waking another one for every few rows costs more than the rows.
///
/// Dropping it closes the connection at once, also in the middle of a statement; the server undoes an open
/// transaction.
pub(super) struct Connection {
    pub(super) client: Client,
    /// Whether the database stores text as UTF-8, so that its byte order is the order of code points.
    pub(super) utf8: bool,
    line: Mutex<Line>,
    statements: HashMap<&'static str, Statement>,
}

/// The driver's side of the connection, and why it ended if it did.
enum Line {
    Open(Pin<Box<dyn Future<Output = std::result::Result<(), tokio_postgres::Error>> + Send>>),
    Ended(Option<tokio_postgres::Error>),
}

impl Line {
    fn advance(&mut self, context: &mut Context<'_>) {
        if let Self::Open(line) = self
            && let Poll::Ready(ended) = line.as_mut().poll(context)
        {
            *self = Self::Ended(ended.err());
        }
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
        let line = Mutex::new(Line::Open(Box::pin(connection)));
        let opened = Self { client, utf8, line, statements: HashMap::new() };
        let patience = [("patience", milliseconds(address.patience()))];
        opened.run(&render(include_str!("sql/settings.sql"), &patience)).await?;
        Ok(opened)
    }

    /// Waits for `call`, a use of the client, and moves the connection's bytes meanwhile.
    ///
    /// # Errors
    /// Those of `call`; where it finds the connection gone, what the server said when it went.
    pub(super) async fn drive<T>(&self, call: impl Future<Output = Result<T>>) -> Result<T> {
        let mut call = pin!(call);
        let outcome = poll_fn(|context| {
            self.line().advance(context);
            call.as_mut().poll(context)
        });
        outcome.await.map_err(|error| match &mut *self.line() {
            Line::Ended(said) if error.kind == ErrorKind::Connection => said.take().map_or(error, failed),
            _ => error,
        })
    }

    fn line(&self) -> MutexGuard<'_, Line> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs statements that return nothing, in one round trip.
    pub(super) async fn run(&self, sql: &str) -> Result<()> {
        self.drive(async { self.client.batch_execute(sql).await.map_err(failed) }).await
    }

    /// Runs statements in one round trip; tells for each how many rows it touched.
    pub(super) async fn count(&self, sql: &str) -> Result<Vec<u64>> {
        let messages = self.drive(async { self.client.simple_query(sql).await.map_err(failed) }).await?;
        let counts = messages.iter().filter_map(|message| match message {
            SimpleQueryMessage::CommandComplete(rows) => Some(*rows),
            _ => None,
        });
        Ok(counts.collect())
    }

    pub(super) async fn prepare(&self, sql: &str) -> Result<Statement> {
        self.drive(async { self.client.prepare(sql).await.map_err(failed) }).await
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
                let statement = self.prepare(sql).await?;
                self.statements.entry(sql).or_insert(statement).clone()
            }
        };
        self.query_once(&statement, values).await
    }

    /// Runs a query whose text or statement is used only now.
    pub(super) async fn query_once<S>(&self, query: &S, values: &[&(dyn ToSql + Sync)]) -> Result<Vec<Row>>
    where
        S: ToStatement + ?Sized,
    {
        self.drive(async { self.client.query(query, values).await.map_err(failed) }).await
    }

    /// Feeds what a COPY to the client yields to `take` until it says that it has enough; what still comes is thrown
    /// away with the next call.
    pub(super) async fn copy_out(
        &self,
        sql: &str,
        mut take: impl FnMut(&[u8]) -> Result<bool>,
    ) -> Result<()> {
        let copied = async {
            let mut stream = pin!(self.client.copy_out(sql).await.map_err(failed)?);
            while let Some(message) = stream.next().await {
                if !take(&message.map_err(failed)?)? {
                    break;
                }
            }
            Ok(())
        };
        self.drive(copied).await
    }

    /// Sends a COPY from the client the messages that `next` makes, until it makes none. Returns the rows that the
    /// server took.
    pub(super) async fn copy_in(
        &self,
        sql: &str,
        mut next: impl FnMut() -> Result<Option<Bytes>>,
    ) -> Result<u64> {
        let copied = async {
            let mut sink = pin!(self.client.copy_in::<_, Bytes>(sql).await.map_err(failed)?);
            while let Some(message) = next()? {
                sink.feed(message).await.map_err(failed)?;
            }
            sink.finish().await.map_err(failed)
        };
        self.drive(copied).await
    }
}

fn configuration(address: &Address, limit: Duration, mode: tls::Mode) -> Config {
    let mut config = Config::new();
    match address.option("host").filter(|host| host.starts_with('/')) {
        // The driver knows a folder of sockets by its slash, where there are such.
        Some(folder) => config.host(folder),
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
