//! Requests byte by byte, as no client library would send them.

use std::{net::SocketAddr, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use crate::world::World;

pub struct Raw {
    pub stream: TcpStream,
}

/// Longer than any limit of a test.
const PATIENCE: Duration = Duration::from_secs(30);

impl Raw {
    pub async fn to(world: &World) -> Self {
        let address: SocketAddr = world.base.strip_prefix("http://").unwrap().parse().unwrap();
        Self { stream: TcpStream::connect(address).await.unwrap() }
    }

    /// `false`: the hub has hung up.
    pub async fn send(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        timeout(PATIENCE, self.stream.write_all(bytes.as_ref()))
            .await
            .expect("the hub reads or hangs up")
            .is_ok()
    }

    /// Everything that comes until the hub hangs up.
    pub async fn rest(mut self) -> String {
        let mut answer = Vec::new();
        // A hub that hangs up while we send resets the connection; what came before counts.
        let _ = timeout(PATIENCE, self.stream.read_to_end(&mut answer)).await.expect("the hub hangs up");
        String::from_utf8_lossy(&answer).into_owned()
    }

    /// One answer with a length, on a connection that stays open.
    pub async fn answer(&mut self) -> String {
        let mut answer = Vec::new();
        while !is_whole(&answer) {
            let mut piece = [0; 4096];
            let read =
                timeout(PATIENCE, self.stream.read(&mut piece)).await.expect("an answer comes").unwrap();
            assert!(read > 0, "hung up after {:?}", String::from_utf8_lossy(&answer));
            answer.extend_from_slice(&piece[..read]);
        }
        String::from_utf8(answer).unwrap()
    }
}

fn is_whole(answer: &[u8]) -> bool {
    let text = String::from_utf8_lossy(answer);
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head
        .lines()
        .find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
    body.len() >= length.unwrap_or(0usize)
}

/// Sends one request and returns what comes back until the hub hangs up.
pub async fn exchange(world: &World, request: impl AsRef<[u8]>) -> String {
    let mut raw = Raw::to(world).await;
    raw.send(request).await;
    raw.rest().await
}

pub const BOUNDARY: &str = "------------------------d74496d66958873e";

/// One part of a form, as curl writes it.
pub fn part(disposition: &str, bytes: &[u8]) -> Vec<u8> {
    let head = format!(
        "--{BOUNDARY}\r\nContent-Disposition: form-data; {disposition}\r\nContent-Type: application/octet-stream\r\n\r\n"
    );
    [head.as_bytes(), bytes, b"\r\n"].concat()
}

/// A `POST /sync` whose body is `parts` and the end of the form.
pub fn sync(key: &str, region: &str, parts: &[Vec<u8>]) -> Vec<u8> {
    let body = [parts.concat(), format!("--{BOUNDARY}--\r\n").into_bytes()].concat();
    let head = format!(
        "POST /sync HTTP/1.1\r\nHost: hub\r\nConnection: close\r\nX-API-KEY: {key}\r\nX-Region: {region}\r\n\
         Content-Type: multipart/form-data; boundary={BOUNDARY}\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    [head.into_bytes(), body].concat()
}

/// The body of an answer.
pub fn body(answer: &str) -> &str {
    answer.split_once("\r\n\r\n").expect("an answer has a body").1
}
