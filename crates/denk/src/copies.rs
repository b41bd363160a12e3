//! A folder on a server that is reached by SSH, as the place where copies of backups lie.

use std::path::Path;

use async_trait::async_trait;
use sftp::{Denied, Error, Remote, Target};
use store::backups::{Elsewhere, Inside, Lack, Lying, Reached, Trouble};

use crate::messages::{Message, message};

/// The place, and how it is entered.
#[derive(Debug)]
pub(crate) struct Server(pub Target);

struct Folder {
    remote: Remote,
    root: String,
}

#[async_trait]
impl Elsewhere for Server {
    fn place(&self) -> String {
        self.0.address.to_string()
    }

    async fn enter(&self) -> Reached<Box<dyn Inside>> {
        let remote = Remote::connect(&self.0).await.map_err(trouble)?;
        Ok(Box::new(Folder { remote, root: self.0.address.folder.clone() }))
    }
}

impl Folder {
    fn path(&self, name: &str) -> String {
        if name.is_empty() { self.root.clone() } else { [&self.root, "/", name].concat() }
    }
}

#[async_trait]
impl Inside for Folder {
    async fn list(&self, folder: &str) -> Reached<Vec<Lying>> {
        let all = self.remote.list(&self.path(folder)).await.map_err(trouble)?;
        let lying =
            |entry: sftp::Entry| Lying { name: entry.name, bytes: entry.bytes, is_folder: entry.is_folder };
        Ok(all.into_iter().map(lying).collect())
    }

    async fn make_folder(&self, folder: &str) -> Reached<()> {
        self.remote.make_folder(&self.path(folder)).await.map_err(trouble)
    }

    async fn put(&self, from: &Path, name: &str) -> Reached<()> {
        self.remote.upload(from, &self.path(name)).await.map_err(trouble)
    }

    async fn read(
        &self,
        name: &str,
        note: &mut (dyn for<'c> FnMut(&'c [u8]) -> std::io::Result<()> + Send),
    ) -> Reached<()> {
        let path = self.path(name);
        let here = |source| Error::File { path: name.into(), source };
        let read = self.remote.read_through(&path, &mut |chunk: &[u8]| note(chunk).map_err(here)).await;
        read.map(|_| ()).map_err(trouble)
    }

    async fn remove(&self, name: &str) -> Reached<()> {
        self.remote.remove(&self.path(name)).await.map_err(trouble)
    }

    async fn leave(self: Box<Self>) {
        self.remote.close().await;
    }
}

fn trouble(error: Error) -> Trouble {
    let kind = match &error {
        Error::Unreachable { .. } | Error::NoSftp(_) | Error::Lost(_) => Lack::Connection,
        Error::HostKey { .. } => Lack::HostKey,
        Error::Login { .. } | Error::Key(_) => Lack::Login,
        Error::Denied { denied: Denied::Full, .. } => Lack::Room,
        Error::Denied { .. } => Lack::Leave,
        Error::Differs(_) => Lack::Content,
        Error::File { .. } => Lack::Here,
    };
    let found = match &error {
        Error::HostKey { found, .. } => found.clone(),
        _ => String::new(),
    };
    Trouble { kind, found, source: Box::new(error) }
}

/// Why something could not be done there, and what to do, for people.
pub(crate) fn told(place: &str, trouble: &Trouble) -> (Message, Message) {
    let reason = trouble.source.to_string();
    match trouble.kind {
        Lack::Connection => (
            message("copy-away-connection").with("place", place).with("reason", reason),
            message("copy-away-connection-hint"),
        ),
        Lack::HostKey => (
            message("copy-away-host-key").with("place", place).with("found", trouble.found.as_str()),
            message("copy-away-host-key-hint").with("found", trouble.found.as_str()),
        ),
        Lack::Login => (
            message("copy-away-login").with("place", place).with("reason", reason),
            message("copy-away-login-hint"),
        ),
        Lack::Room => (message("copy-away-room").with("place", place), message("copy-away-room-hint")),
        Lack::Leave | Lack::Content | Lack::Here => (
            message("copy-away-refused").with("place", place).with("reason", reason),
            message("copy-away-refused-hint"),
        ),
    }
}
