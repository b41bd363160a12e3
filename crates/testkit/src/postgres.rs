//! A throw-away PostgreSQL for tests and benchmarks.
//!
//! [`server`] is what a test wants: `server().create_database()` gives it a database of its own. A server that this
//! module started is stopped and its folder removed when its [`Server`] is dropped or its process ends, however it
//! ends: `kill -9` included (see `postgres/keeper.sh`).
//!
//! Administration goes through `psql`, which comes with PostgreSQL: no driver, nothing shared with what is tested.

mod access;
mod database;
mod error;
mod programs;
mod server;

use std::sync::OnceLock;

pub use self::{
    database::Database,
    error::Error,
    programs::find_program,
    server::{Server, THROW_AWAY},
};
use crate::environment::variable;

/// The variable that names the server to use instead of starting one; its user must be allowed to create databases.
pub const URL_VARIABLE: &str = "DENK_TEST_POSTGRES_URL";

/// The server of this test run.
///
/// The one at `DENK_TEST_POSTGRES_URL`, which `cargo xtask test` starts for all test processes; when that is not set,
/// one that this process starts at the first call and that goes with it.
///
/// # Panics
/// When there is no server and none can be started. PostgreSQL is never optional in tests.
pub fn server() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(|| {
        let server = match variable(URL_VARIABLE) {
            Some(url) => Server::at(&url.to_string_lossy()),
            None => Server::start(THROW_AWAY),
        };
        server.unwrap_or_else(|error| panic!("{error}"))
    })
}
