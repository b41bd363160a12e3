//! A way to the hub that stays where it is when the hub moves, and counts what goes over it.

use std::{
    io::{Read as _, Write as _},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    thread,
};

use crate::hub::Hub;

/// Carries connections to the hub until the test's process ends.
pub struct Proxy {
    pub url: String,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    /// Address of the hub.
    target: Mutex<String>,
    up: AtomicU64,
    down: AtomicU64,
}

impl Proxy {
    pub fn to(hub: &Hub) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let proxy = Self { url, shared: Arc::default() };
        proxy.turn(hub);
        let shared = Arc::clone(&proxy.shared);
        thread::spawn(move || listener.incoming().flatten().for_each(|client| shared.carry(&client)));
        proxy
    }

    /// From now on connections go to this hub.
    pub fn turn(&self, hub: &Hub) {
        *self.shared.target.lock().unwrap() = hub.url.strip_prefix("http://").unwrap().to_owned();
    }

    /// Bytes up and down, of all connections so far, headers and all.
    pub fn counted(&self) -> (u64, u64) {
        (self.shared.up.load(Ordering::SeqCst), self.shared.down.load(Ordering::SeqCst))
    }
}

impl Shared {
    fn carry(self: &Arc<Self>, client: &TcpStream) {
        let target = self.target.lock().unwrap().clone();
        // A hub that is away: the client is hung up on.
        let Ok(hub) = TcpStream::connect(target) else { return };
        let pair = |stream: &TcpStream| stream.try_clone().unwrap();
        for (from, to, up) in [(pair(client), pair(&hub), true), (pair(&hub), pair(client), false)] {
            let shared = Arc::clone(self);
            thread::spawn(move || copy(from, to, if up { &shared.up } else { &shared.down }));
        }
    }
}

fn copy(mut from: TcpStream, mut to: TcpStream, counter: &AtomicU64) {
    let mut buffer = [0; 16 << 10];
    while let Ok(read @ 1..) = from.read(&mut buffer) {
        counter.fetch_add(read as u64, Ordering::SeqCst);
        if to.write_all(&buffer[..read]).is_err() {
            break;
        }
    }
    // The other direction has nobody left to speak to either.
    let _ = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
}
