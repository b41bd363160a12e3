//! A running server: one that somebody else looks after, or one that we started and stop.

use std::{
    io::{self, BufRead, BufReader, Read, Write},
    net::{Ipv4Addr, TcpListener},
    process::{Child, Command, Stdio},
};

use uuid::Uuid;

use super::{Database, Error, access::Access, programs};

/// Settings for tests: data need not survive anything. Not for measuring.
pub const THROW_AWAY: &[(&str, &str)] =
    &[("fsync", "off"), ("synchronous_commit", "off"), ("full_page_writes", "off")];

/// Settings of every server that we start.
///
/// The socket's folder is relative to the data folder, because the path of a socket must fit 107 bytes. The zone is
/// not UTC, so that a connector which forgets to set its own is found out.
const COMMON: &[(&str, &str)] = &[
    ("listen_addresses", "127.0.0.1"),
    ("unix_socket_directories", "."),
    ("max_connections", "200"),
    ("timezone", "Europe/Istanbul"),
];

/// How many ports are tried: between finding one free and using it, somebody else may take it.
const PORTS: usize = 5;

/// A PostgreSQL server with an administrator's access.
#[derive(Debug)]
pub struct Server {
    access: Access,
    /// Stops the server when dropped; `None` when the server is not ours.
    _keeper: Option<Keeper>,
}

impl Server {
    /// The server at `url`, which stays as it is.
    pub fn at(url: &str) -> Result<Self, Error> {
        Ok(Self { access: Access::new(url)?, _keeper: None })
    }

    /// Starts a server of our own: `settings` (see [`THROW_AWAY`]) go to its `postgresql.conf`, the rest is
    /// PostgreSQL's default. User `denk` with a random password, on 127.0.0.1 and a free port, locale C, UTF-8.
    ///
    /// It ends when the value is dropped or this process ends. Started by root, it runs as `postgres` or `nobody`.
    pub fn start(settings: &[(&str, &str)]) -> Result<Self, Error> {
        let folder = programs::server_folder()?;
        // Before anything runs: without psql the server would be of no use.
        programs::psql()?;
        let password = Uuid::now_v7().simple().to_string();
        let mut command = shell()?;
        command
            .args(["-c", include_str!("keeper.sh"), "keeper"])
            .arg(folder)
            .arg(std::env::temp_dir())
            .arg(configuration(settings))
            .args(free_ports().map_err(run_error("sh"))?.iter().map(u16::to_string));
        let (keeper, port) = Keeper::start(command, &password)?;
        let url = format!("postgres://denk:{password}@127.0.0.1:{port}/postgres");
        Ok(Self { access: Access::new(&url)?, _keeper: Some(keeper) })
    }

    /// The address with the administrator's name and password.
    #[must_use]
    pub fn url(&self) -> &str {
        self.access.url()
    }

    /// A new empty database (UTF-8, the server's locale), dropped with the value.
    ///
    /// # Panics
    /// When the server refuses.
    #[must_use]
    pub fn create_database(&self) -> Database {
        self.create("")
    }

    /// Like [`Server::create_database`], but text sorts and compares as in an ICU locale, say `tr-TR`: as on servers
    /// out there, not by code point.
    ///
    /// # Panics
    /// When the server refuses: it must be version 15 or later and built with ICU, as all packages are.
    #[must_use]
    pub fn create_database_in(&self, icu_locale: &str) -> Database {
        self.create(&format!("locale_provider icu icu_locale '{}'", icu_locale.replace('\'', "''")))
    }

    fn create(&self, locale: &str) -> Database {
        let name = format!("denk_test_{}", Uuid::now_v7().simple());
        // template1 may be in use by someone else, which would make the server refuse; nobody can be in template0.
        let statement = format!("create database {name} template template0 encoding 'UTF8' {locale}");
        self.access.run(&statement).unwrap_or_else(|error| panic!("{error}"));
        Database::new(&self.access, name)
    }

    /// A `psql` that nobody's settings change and that stops at the first error, connected as administrator; its
    /// output is one line per row without headers. Add `-c` or feed its standard input.
    #[must_use]
    pub fn psql(&self) -> Command {
        self.access.psql()
    }
}

/// The process that runs `keeper.sh`; it takes the server down when our end of its standard input is closed.
#[derive(Debug)]
struct Keeper(Child);

impl Keeper {
    /// Returns when the server accepts connections, with its port.
    fn start(mut command: Command, password: &str) -> Result<(Self, u16), Error> {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut keeper = Self(command.spawn().map_err(run_error("sh"))?);
        let mut said = String::new();
        keeper.converse(password, &mut said).map_err(run_error("sh"))?;
        match said.strip_prefix("ready ").and_then(|port| port.trim().parse().ok()) {
            Some(port) => Ok((keeper, port)),
            None => Err(Error::NotStarted(said.trim_end().to_owned())),
        }
    }

    fn converse(&mut self, password: &str, said: &mut String) -> io::Result<()> {
        if let Some(stdin) = &mut self.0.stdin {
            writeln!(stdin, "{password}")?;
        }
        let Some(stdout) = self.0.stdout.take() else { return Ok(()) };
        let mut stdout = BufReader::new(stdout);
        stdout.read_line(said)?;
        if !said.starts_with("ready ") {
            stdout.read_to_string(said)?;
        }
        Ok(())
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}

fn configuration(settings: &[(&str, &str)]) -> String {
    let lines = COMMON.iter().chain(settings);
    lines.map(|(name, value)| format!("{name} = '{}'\n", value.replace('\'', "''"))).collect()
}

fn free_ports() -> io::Result<Vec<u16>> {
    // All are held until the last is found, so that they differ.
    let listeners: Vec<TcpListener> =
        (0..PORTS).map(|_| TcpListener::bind((Ipv4Addr::LOCALHOST, 0))).collect::<io::Result<_>>()?;
    listeners.iter().map(|listener| Ok(listener.local_addr()?.port())).collect()
}

/// A shell as a user that PostgreSQL accepts, in a process group of its own: what stops the test by signals to its
/// group (Ctrl-C, a test runner's time limit) must not stop the keeper before it has cleaned up.
#[cfg(unix)]
fn shell() -> Result<Command, Error> {
    use std::os::unix::process::CommandExt;
    let mut command = Command::new("sh");
    // English messages; and macOS refuses to start PostgreSQL without a locale.
    command.env("LC_ALL", "C").current_dir("/").process_group(0);
    programs::forget_settings(&mut command);
    if id(&["-u"])? == Some(0) {
        let (user, group) = unprivileged()?;
        command.uid(user).gid(group);
    }
    Ok(command)
}

#[cfg(not(unix))]
fn shell() -> Result<Command, Error> {
    Err(Error::NoShell)
}

#[cfg(unix)]
fn unprivileged() -> Result<(u32, u32), Error> {
    for name in ["postgres", "nobody"] {
        if let (Some(user), Some(group)) = (id(&["-u", name])?, id(&["-g", name])?) {
            return Ok((user, group));
        }
    }
    Err(Error::UserMissing)
}

/// What the command `id` says; `None` when there is no such user.
#[cfg(unix)]
fn id(arguments: &[&str]) -> Result<Option<u32>, Error> {
    let output = Command::new("id").args(arguments).output().map_err(run_error("id"))?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().parse().ok())
}

fn run_error(program: &str) -> impl Fn(io::Error) -> Error {
    let program = program.to_owned();
    move |cause| Error::Run { program: program.clone(), cause }
}
