//! One request to a program of this machine, and its whole answer.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
};

/// `headers`: whole lines.
pub fn get(address: &str, path: &str, headers: &str) -> anyhow::Result<String> {
    let mut connection = TcpStream::connect(address)?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n{headers}\r\n");
    connection.write_all(request.as_bytes())?;
    let mut answer = String::new();
    connection.read_to_string(&mut answer)?;
    Ok(answer)
}
