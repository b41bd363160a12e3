//! Starts a throw-away PostgreSQL, prints its address, and stops it when standard input ends: something to play with,
//! and the victim of the test that kills it.

use std::io;

use testkit::postgres::{Server, THROW_AWAY};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let server = Server::start(THROW_AWAY)?;
    println!("{}", server.url());
    io::copy(&mut io::stdin(), &mut io::sink())?;
    Ok(())
}
