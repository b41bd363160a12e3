//! A mail server and a webhook of this machine that keep what they get.
#![allow(dead_code, reason = "not every test needs all of it")]

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU16, Ordering},
    },
    thread,
};

/// What a mail server was told.
#[derive(Clone, Debug, Default)]
pub struct Letter {
    pub to: Vec<String>,
    /// Heads and body as they came.
    pub data: String,
}

impl Letter {
    /// The heads, each in one line.
    pub fn heads(&self) -> Vec<String> {
        let heads = self.data.split("\r\n\r\n").next().unwrap().replace("\r\n ", " ");
        heads.split("\r\n").map(str::to_owned).collect()
    }

    /// The body as text: quoted-printable is undone.
    pub fn body(&self) -> String {
        let body = self.data.split_once("\r\n\r\n").unwrap().1.replace("=\r\n", "");
        let mut bytes = Vec::new();
        let mut rest = body.as_bytes();
        while let Some((first, after)) = rest.split_first() {
            let code = (*first == b'=').then(|| after.get(..2)).flatten();
            let code = code.and_then(|code| u8::from_str_radix(std::str::from_utf8(code).ok()?, 16).ok());
            bytes.push(code.unwrap_or(*first));
            rest = if code.is_some() { &after[2..] } else { after };
        }
        String::from_utf8(bytes).unwrap()
    }
}

pub struct MailSink {
    pub address: SocketAddr,
    letters: Arc<Mutex<Vec<Letter>>>,
    lines: Arc<Mutex<Vec<String>>>,
    /// Whether it refuses what it gets.
    pub refuses: Arc<AtomicBool>,
}

impl MailSink {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let sink = Self {
            address: listener.local_addr().unwrap(),
            letters: Arc::default(),
            lines: Arc::default(),
            refuses: Arc::default(),
        };
        let (letters, lines, refuses) = (sink.letters.clone(), sink.lines.clone(), sink.refuses.clone());
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let _ = serve_mail(stream, (&letters, &lines, &refuses));
            }
        });
        sink
    }

    pub fn letters(&self) -> Vec<Letter> {
        self.letters.lock().unwrap().clone()
    }

    /// Everything it was told but letters.
    pub fn lines(&self) -> Vec<String> {
        self.lines.lock().unwrap().clone()
    }
}

fn serve_mail(
    mut stream: TcpStream,
    (letters, lines, refuses): (&Mutex<Vec<Letter>>, &Mutex<Vec<String>>, &AtomicBool),
) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut letter = Letter::default();
    write!(stream, "220 sink\r\n")?;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let line = line.trim_end().to_owned();
        lines.lock().unwrap().push(line.clone());
        match line.get(..4).unwrap_or_default().to_ascii_uppercase().as_str() {
            "EHLO" => write!(stream, "250-sink\r\n250 8BITMIME\r\n")?,
            "MAIL" if refuses.load(Ordering::Relaxed) => write!(stream, "451 not now\r\n")?,
            "RCPT" => {
                letter.to.push(line.clone());
                write!(stream, "250 ok\r\n")?;
            }
            "DATA" => {
                write!(stream, "354 go on\r\n")?;
                loop {
                    let mut part = Vec::new();
                    reader.read_until(b'\n', &mut part)?;
                    if part == b".\r\n" {
                        break;
                    }
                    letter.data += &String::from_utf8_lossy(&part);
                }
                letters.lock().unwrap().push(std::mem::take(&mut letter));
                write!(stream, "250 taken\r\n")?;
            }
            "QUIT" => {
                write!(stream, "221 bye\r\n")?;
                return Ok(());
            }
            _ => write!(stream, "250 ok\r\n")?,
        }
    }
}

/// What a webhook got.
#[derive(Clone, Debug)]
pub struct Posted {
    pub head: String,
    pub body: String,
}

impl Posted {
    pub fn field(&self, name: &str) -> Option<String> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.filter(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.to_owned()).next()
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

pub struct WebSink {
    pub address: SocketAddr,
    posted: Arc<Mutex<Vec<Posted>>>,
    pub status: Arc<AtomicU16>,
}

impl WebSink {
    /// `location`: what it says besides, where it leads elsewhere.
    pub fn start(location: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let status = Arc::new(AtomicU16::new(204));
        let sink = Self { address: listener.local_addr().unwrap(), posted: Arc::default(), status };
        let (posted, status) = (sink.posted.clone(), sink.status.clone());
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let _ = serve_post(stream, (&posted, &status), location);
            }
        });
        sink
    }

    pub fn url(&self) -> String {
        format!("http://{}/uyari", self.address)
    }

    pub fn posted(&self) -> Vec<Posted> {
        self.posted.lock().unwrap().clone()
    }
}

fn serve_post(
    mut stream: TcpStream,
    (posted, status): (&Mutex<Vec<Posted>>, &AtomicU16),
    location: &str,
) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head)? == 0 {
            return Ok(());
        }
    }
    let length = head
        .to_lowercase()
        .split("content-length: ")
        .nth(1)
        .map_or(0, |rest| rest.split("\r\n").next().unwrap().trim().parse().unwrap());
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    posted.lock().unwrap().push(Posted { head, body: String::from_utf8(body).unwrap() });
    let status = status.load(Ordering::Relaxed);
    let location = if location.is_empty() { String::new() } else { format!("Location: {location}\r\n") };
    write!(stream, "HTTP/1.1 {status} x\r\n{location}Content-Length: 0\r\nConnection: close\r\n\r\n")
}
