//! The connection over which an agent hears of news, and nothing else of an agent.

use std::{
    io::{BufRead, BufReader, Write},
    net::TcpStream,
};

use anyhow::{Context, ensure};

pub struct Listener(BufReader<TcpStream>);

impl Listener {
    /// Listens, and has heard where the region stands.
    pub fn open(url: &str, token: &str) -> anyhow::Result<Self> {
        let address = url.strip_prefix("http://").context("the hub of a benchmark speaks http")?;
        let mut stream = TcpStream::connect(address)?;
        let host = format!("GET /v1/events HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n");
        stream.write_all(format!("{host}Authorization: Bearer {token}\r\n\r\n").as_bytes())?;
        let mut listener = Self(BufReader::new(stream));
        while !listener.line()?.starts_with("data:") {}
        Ok(listener)
    }

    fn line(&mut self) -> anyhow::Result<String> {
        let mut line = String::new();
        ensure!(self.0.read_line(&mut line)? > 0, "the hub hung up");
        Ok(line)
    }

    /// Waits until the hub hangs up.
    pub fn ended(mut self) -> anyhow::Result<()> {
        while self.line().is_ok() {}
        Ok(())
    }
}
