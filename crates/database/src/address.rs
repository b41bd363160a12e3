//! Where a database is: `sqlite:FILE`, `postgres://user:pass@host:port/name`, `mssql://user:pass@host:port/name`.

use std::{fmt, path::PathBuf, str::FromStr, time::Duration};

/// Which connector an address needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Engine {
    Sqlite,
    Postgres,
    Mssql,
}

/// Where a database is and how to log in there. `Display` and `Debug` never show the password.
#[derive(Clone, PartialEq, Eq)]
pub struct Address {
    engine: Engine,
    url: Option<url::Url>,
    path: PathBuf,
    patience: Duration,
}

/// How long a session waits for others' locks unless told otherwise.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    #[error("`{0}` names no database: it must begin with sqlite:, postgres:// or mssql://")]
    Scheme(String),
    #[error("the address is not a valid URL: {0}")]
    Url(String),
    /// The text is not repeated: it may be a part of the password.
    #[error("a character of the password must be written as %40 (@), %2F (/), %3F (?) or %23 (#)")]
    Unescaped,
    #[error("the address names no database after the host")]
    NoDatabase,
    #[error("the address names no file after sqlite:")]
    NoFile,
}

impl Address {
    #[must_use]
    pub const fn engine(&self) -> Engine {
        self.engine
    }

    /// The SQLite file.
    #[must_use]
    pub fn path(&self) -> &std::path::Path {
        &self.path
    }

    #[must_use]
    pub fn sqlite(path: impl Into<PathBuf>) -> Self {
        Self { engine: Engine::Sqlite, url: None, path: path.into(), patience: PATIENCE }
    }

    /// How long a session waits for locks that others hold before it gives up (`Busy`).
    #[must_use]
    pub const fn patience(&self) -> Duration {
        self.patience
    }

    /// The same place, with another patience.
    #[must_use]
    pub fn with_patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    #[must_use]
    pub fn host(&self) -> &str {
        self.url.as_ref().and_then(url::Url::host_str).unwrap_or("localhost")
    }

    #[must_use]
    pub fn port(&self) -> u16 {
        let default = if self.engine == Engine::Mssql { 1433 } else { 5432 };
        self.url.as_ref().and_then(url::Url::port).unwrap_or(default)
    }

    /// Decoded user name, if the address has one.
    #[must_use]
    pub fn user(&self) -> Option<String> {
        self.url.as_ref().map(|url| decode(url.username())).filter(|user| !user.is_empty())
    }

    /// Decoded password, if the address has one.
    #[must_use]
    pub fn password(&self) -> Option<String> {
        self.url.as_ref().and_then(url::Url::password).map(decode)
    }

    /// Name of the database on its server.
    #[must_use]
    pub fn database(&self) -> String {
        self.url.as_ref().map(|url| decode(url.path().trim_start_matches('/'))).unwrap_or_default()
    }

    /// Value of an option after `?` (`encrypt`, `sslmode`, `trust_server_certificate`, ...).
    #[must_use]
    pub fn option(&self, name: &str) -> Option<String> {
        let url = self.url.as_ref()?;
        url.query_pairs().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.into_owned())
    }
}

fn decode(text: &str) -> String {
    // `form_urlencoded` would turn a plus into a blank; passwords may hold one.
    let plus_kept = text.replace('+', "%2B");
    url::form_urlencoded::parse(format!("v={plus_kept}").as_bytes())
        .next()
        .map(|(_, v)| v.into_owned())
        .unwrap_or_default()
}

/// `sqlite://FILE` is `sqlite:FILE`, and on Windows `sqlite:///C:/FILE` is `sqlite:C:/FILE`.
fn without_slashes(file: &str) -> &str {
    let file = file.strip_prefix("//").unwrap_or(file);
    let drive = file.strip_prefix('/').filter(|rest| rest.as_bytes().get(1) == Some(&b':'));
    drive.filter(|_| cfg!(windows)).unwrap_or(file)
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        if let Some(file) = text.strip_prefix("sqlite:") {
            let file = without_slashes(file);
            return if file.is_empty() { Err(AddressError::NoFile) } else { Ok(Self::sqlite(file)) };
        }
        let scheme = text.split_once("://").map(|(scheme, _)| scheme);
        let engine = match scheme {
            Some("postgres" | "postgresql") => Engine::Postgres,
            Some("mssql" | "sqlserver") => Engine::Mssql,
            _ => return Err(AddressError::Scheme(scheme.unwrap_or(text).chars().take(20).collect())),
        };
        let url = url::Url::parse(text).map_err(|error| AddressError::Url(error.to_string()))?;
        if url.path().trim_start_matches('/').is_empty() {
            return Err(AddressError::NoDatabase);
        }
        // A `/`, `?` or `#` in a password ends the server's part too early; what follows would be shown as the
        // database's name.
        if [Some(url.path()), url.query(), url.fragment()]
            .into_iter()
            .flatten()
            .any(|part| part.contains('@'))
        {
            return Err(AddressError::Unescaped);
        }
        Ok(Self { engine, url: Some(url), path: PathBuf::new(), patience: PATIENCE })
    }
}

impl fmt::Display for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
            Self::Mssql => "SQL Server",
        })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.url {
            None => write!(f, "sqlite:{}", self.path.display()),
            Some(url) => {
                let mut shown = url.clone();
                if shown.password().is_some() {
                    let _ = shown.set_password(Some("***"));
                }
                shown.set_query(None);
                f.write_str(shown.as_str())
            }
        }
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_says_where_and_never_shows_the_password() {
        let address: Address =
            "mssql://sa:p%40ss+w%2Frd@erp:1444/MikroDB_V15_01?encrypt=true".parse().unwrap();
        assert_eq!((address.engine(), address.host(), address.port()), (Engine::Mssql, "erp", 1444));
        assert_eq!(address.password().as_deref(), Some("p@ss+w/rd"));
        assert_eq!(address.database(), "MikroDB_V15_01");
        assert_eq!(address.option("encrypt").as_deref(), Some("true"));
        assert_eq!(
            format!("{address} {address:?}"),
            "mssql://sa:***@erp:1444/MikroDB_V15_01 mssql://sa:***@erp:1444/MikroDB_V15_01"
        );
    }

    #[test]
    fn windows_files_are_files() {
        let address: Address = "sqlite:C:/Ana Entegra/db.s3db".parse().unwrap();
        assert_eq!(address.path(), std::path::Path::new("C:/Ana Entegra/db.s3db"));
    }

    #[test]
    fn slashes_as_of_an_url_are_no_part_of_the_path() {
        let path = |text: &str| text.parse::<Address>().unwrap().path().to_owned();
        assert_eq!(path("sqlite:///srv/db.s3db"), std::path::Path::new("/srv/db.s3db"));
        let drive = if cfg!(windows) { "C:/db.s3db" } else { "/C:/db.s3db" };
        assert_eq!(path("sqlite:///C:/db.s3db").to_str(), Some(drive));
    }

    #[test]
    fn what_is_no_address_says_why() {
        assert_eq!("data.db".parse::<Address>(), Err(AddressError::Scheme("data.db".into())));
        assert_eq!("postgres://host".parse::<Address>(), Err(AddressError::NoDatabase));
        assert_eq!("sqlite:".parse::<Address>(), Err(AddressError::NoFile));
    }
}
