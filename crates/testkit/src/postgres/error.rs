//! What can go wrong before a test has its PostgreSQL.

/// Why there is no server. The text tells everything, also what helps; there is no cause to follow.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(
        "PostgreSQL's program `{0}` is missing: not in PATH, not where Debian, Red Hat, Homebrew or Postgres.app put it\n\
         hint: `apt-get install postgresql`, `dnf install postgresql-server` or `brew install postgresql`; \
         or set DENK_TEST_POSTGRES_URL to a server that may be used for tests"
    )]
    ProgramMissing(&'static str),

    #[error(
        "PostgreSQL refuses to run as root, and there is neither a user `postgres` nor a user `nobody` to run it as"
    )]
    UserMissing,

    #[error(
        "a throw-away PostgreSQL needs `sh`, which this system does not have\n\
         hint: set DENK_TEST_POSTGRES_URL to a server that may be used for tests"
    )]
    NoShell,

    #[error("cannot run `{program}`: {cause}")]
    Run { program: String, cause: std::io::Error },

    #[error("PostgreSQL did not start:\n{0}")]
    NotStarted(String),

    #[error(
        "DENK_TEST_POSTGRES_URL is no address of a PostgreSQL server: {0}\nhint: postgres://USER:PASSWORD@HOST:PORT/DATABASE"
    )]
    Url(url::ParseError),

    #[error("psql failed: {0}")]
    Psql(String),
}
