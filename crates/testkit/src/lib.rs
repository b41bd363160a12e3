//! What tests and benchmarks need from the machine: a throw-away PostgreSQL, a throw-away OpenSSH server, and a loud word about what was not run.
//!
//! Development only: other crates may name this one under `[dev-dependencies]`, never under `[dependencies]`.

mod announce;
pub mod entegra;
mod environment;
pub mod goods;
pub mod office;
pub mod postgres;
pub mod random;
#[cfg(unix)]
pub mod sshd;

pub use announce::announce;
