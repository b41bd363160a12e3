//! What is asked of a place on another machine where copies of backups lie; somebody else knows how it is reached.

use std::{fmt, path::Path};

use async_trait::async_trait;

pub type Reached<T> = Result<T, Trouble>;

/// A folder on another machine.
#[async_trait]
pub trait Elsewhere: fmt::Debug + Send + Sync {
    /// For people: where it is.
    fn place(&self) -> String;

    /// # Errors
    /// Why one does not get in.
    async fn enter(&self) -> Reached<Box<dyn Inside>>;
}

/// The folder, while one is connected with it. **Shape**: names are seen from it, `FOLDER/FILE`; the folder itself is `""`.
#[async_trait]
pub trait Inside: Send + Sync {
    /// What is in a folder, in no order; one that is not there is empty.
    async fn list(&self, folder: &str) -> Reached<Vec<Lying>>;

    /// Makes a folder, and this one, as far as they are not there.
    async fn make_folder(&self, folder: &str) -> Reached<()>;

    /// Puts a file there, in the place of one of that name. When this returns, it was read back and is what was sent; when it
    /// does not, nothing but a name that ends in `.part` has changed.
    async fn put(&self, from: &Path, name: &str) -> Reached<()>;

    /// Reads a file to its end, or until `note` has had enough.
    async fn read(
        &self,
        name: &str,
        note: &mut (dyn for<'c> FnMut(&'c [u8]) -> std::io::Result<()> + Send),
    ) -> Reached<()>;

    /// One that is not there is gone already.
    async fn remove(&self, name: &str) -> Reached<()>;

    /// Says good-bye.
    async fn leave(self: Box<Self>);
}

/// Something in a folder there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lying {
    pub name: String,
    /// Length of a file.
    pub bytes: u64,
    pub is_folder: bool,
}

/// Why something could not be done there.
#[derive(Debug, thiserror::Error)]
#[error("{source}")]
pub struct Trouble {
    pub kind: Lack,
    /// What people need to see beside the place: the key that was found.
    pub found: String,
    pub source: Box<dyn std::error::Error + Send + Sync>,
}

/// What is lacking, as far as people have to do something else about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lack {
    /// It cannot be reached, or the connection broke.
    Connection,
    /// It is not who it should be.
    HostKey,
    /// It lets nobody in by what we have.
    Login,
    Room,
    /// It says no for another reason: rights, mostly.
    Leave,
    /// What lies there is not what it should be.
    Content,
    /// A file on this side.
    Here,
}
