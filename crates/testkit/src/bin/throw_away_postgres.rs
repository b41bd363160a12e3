//! Starts a throw-away PostgreSQL, prints its address, and stops it when standard input ends: something to play with,
//! and the victim of the test that kills it.

use std::{io, process::ExitCode};

use testkit::postgres::{Server, THROW_AWAY};

fn main() -> ExitCode {
    let server = match Server::start(THROW_AWAY) {
        Ok(server) => server,
        Err(error) => {
            eprintln!("error: {error}");
            return ExitCode::FAILURE;
        }
    };
    println!("{}", server.url());
    // However it ends, the server goes.
    let _ = io::copy(&mut io::stdin(), &mut io::sink());
    ExitCode::SUCCESS
}
