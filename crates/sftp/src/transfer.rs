//! What is done with files there.

use std::{
    fs::File,
    io::{Read, Seek, SeekFrom},
    path::Path,
};

use russh_sftp::{
    client::{RawSftpSession, error::Error as Answer, fs::File as There},
    protocol::{OpenFlags, Packet, StatusCode},
};
use tokio::io::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt};

use crate::{Error, Remote, Result, connection::subsystem, error::Denied};

/// End of the name of a file that is on its way.
pub const PART: &str = ".part";
/// **Units**: bytes.
const CHUNK: usize = 256 << 10;

/// Something in a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub name: String,
    /// Length of a file.
    pub bytes: u64,
    pub is_folder: bool,
}

impl Remote {
    /// What is in a folder, in no order; a folder that is not there is empty.
    ///
    /// # Errors
    /// `Denied`, `Lost`.
    pub async fn list(&self, folder: &str) -> Result<Vec<Entry>> {
        let found = match self.sftp.read_dir(folder).await.map_err(|answer| Error::of(folder, answer)) {
            Err(error) if error.is_missing() => return Ok(Vec::new()),
            found => found?,
        };
        let entry = |entry: russh_sftp::client::fs::DirEntry| {
            let found = entry.metadata();
            Entry {
                name: entry.file_name(),
                bytes: found.size.unwrap_or_default(),
                is_folder: found.is_dir(),
            }
        };
        Ok(found.map(entry).collect())
    }

    /// Makes a folder and those it lies in, as far as they are not there.
    ///
    /// # Errors
    /// `Denied`, `Lost`.
    pub async fn make_folder(&self, folder: &str) -> Result<()> {
        let ends = folder.match_indices('/').map(|(at, _)| at).filter(|at| *at > 0).chain([folder.len()]);
        for part in ends.map(|end| &folder[..end]) {
            let known = self.sftp.metadata(part).await;
            match known.map_err(|answer| Error::of(part, answer)) {
                Ok(_) => {}
                Err(error) if error.is_missing() => {
                    self.sftp.create_dir(part).await.map_err(|answer| Error::of(part, answer))?;
                }
                // Of a folder on the way one may know nothing.
                Err(error) if part == folder => return Err(error),
                Err(_) => {}
            }
        }
        Ok(())
    }

    /// Puts a file there, in the place of one of that name: sent under another name, made durable if the server can, read
    /// back, and only then renamed. What an earlier try had sent is gone on with. Cut off anywhere, the file of that name is
    /// as it was.
    ///
    /// # Errors
    /// `Denied` (see [`Error::is_full`]), `Lost`, `Differs`; `File` on this side.
    pub async fn upload(&self, from: &Path, to: &str) -> Result<()> {
        let part = [to, PART].concat();
        let begun = match self.sftp.metadata(part.as_str()).await.map_err(|answer| Error::of(&part, answer)) {
            Ok(found) => found.size.unwrap_or_default(),
            Err(error) if error.is_missing() => 0,
            Err(error) => return Err(error),
        };
        match self.send(from, &part, begun).await {
            // What lay there was not the beginning of this.
            Err(Error::Differs(_)) if begun > 0 => self.send(from, &part, 0).await?,
            sent => sent?,
        }
        self.rename(&part, to).await
    }

    /// Sends a file from this byte on, and reads all of it back.
    async fn send(&self, from: &Path, to: &str, begun: u64) -> Result<()> {
        let flags = if begun == 0 { OpenFlags::TRUNCATE } else { OpenFlags::empty() };
        let opened = self.sftp.open_with_flags(to, OpenFlags::CREATE | OpenFlags::WRITE | flags).await;
        let mut there = opened.map_err(|answer| Error::of(to, answer))?;
        let sent = pour(from, &mut there, to, begun).await;
        let (hash, bytes) = match sent {
            Ok(sent) => sent,
            Err(error) => return Err(self.explained(error, to).await),
        };
        drop(there);
        let mut back = blake3::Hasher::new();
        let read = self
            .read_through(to, &mut |chunk| {
                back.update(chunk);
                Ok(())
            })
            .await?;
        if read == bytes && back.finalize() == hash {
            return Ok(());
        }
        // Nobody can go on with it.
        let _ = self.remove(to).await;
        Err(Error::Differs(to.to_owned()))
    }

    /// Of a full disk servers say only that something failed.
    async fn explained(&self, error: Error, path: &str) -> Error {
        if !matches!(&error, Error::Denied { denied: Denied::Other(_), .. }) {
            return error;
        }
        let folder = path.rsplit_once('/').map_or(".", |(folder, _)| folder);
        match self.sftp.fs_info(folder).await {
            Ok(Some(disk)) if disk.blocks_avail.saturating_mul(disk.fragment_size) < CHUNK as u64 => {
                Error::Denied { path: path.to_owned(), denied: Denied::Full }
            }
            _ => error,
        }
    }

    /// Reads a file to its end. Its length.
    ///
    /// # Errors
    /// `Denied`, `Lost`; what `note` says.
    pub async fn read_through(
        &self,
        path: &str,
        note: &mut (dyn FnMut(&[u8]) -> Result<()> + Send),
    ) -> Result<u64> {
        let mut there = self.sftp.open(path).await.map_err(|answer| Error::of(path, answer))?;
        let (mut buffer, mut bytes) = (vec![0; CHUNK], 0);
        loop {
            match there.read(&mut buffer).await.map_err(|error| Error::of_stream(path, error))? {
                0 => return Ok(bytes),
                read => {
                    note(&buffer[..read])?;
                    bytes += read as u64;
                }
            }
        }
    }

    /// A small file.
    ///
    /// # Errors
    /// `Differs` when it is longer than `bytes_max`; as [`Remote::read_through`].
    pub async fn read(&self, path: &str, bytes_max: usize) -> Result<Vec<u8>> {
        let mut content = Vec::new();
        let note = &mut |chunk: &[u8]| {
            content.extend_from_slice(chunk);
            if content.len() > bytes_max { Err(Error::Differs(path.to_owned())) } else { Ok(()) }
        };
        self.read_through(path, note).await?;
        Ok(content)
    }

    /// Removes a file; one that is not there is gone already.
    ///
    /// # Errors
    /// `Denied`, `Lost`.
    pub async fn remove(&self, path: &str) -> Result<()> {
        match self.sftp.remove_file(path).await.map_err(|answer| Error::of(path, answer)) {
            Err(error) if error.is_missing() => Ok(()),
            removed => removed,
        }
    }

    /// In the place of a file that has the name already. Where the server cannot do that in one step, that file goes first.
    async fn rename(&self, from: &str, to: &str) -> Result<()> {
        match self.replace(from, to).await? {
            StatusCode::Ok => return Ok(()),
            StatusCode::OpUnsupported => {}
            StatusCode::PermissionDenied => {
                return Err(Error::Denied { path: to.to_owned(), denied: Denied::Rights });
            }
            code => {
                return Err(Error::Denied { path: to.to_owned(), denied: Denied::Other(code.to_string()) });
            }
        }
        if self.sftp.rename(from, to).await.is_ok() {
            return Ok(());
        }
        self.remove(to).await?;
        self.sftp.rename(from, to).await.map_err(|answer| Error::of(to, answer))
    }

    /// OpenSSH's rename that replaces, as the protocol's own does not.
    async fn replace(&self, from: &str, to: &str) -> Result<StatusCode> {
        let channel = subsystem(&self.session).await?;
        let asked = RawSftpSession::new(channel.into_stream());
        asked.init().await.map_err(|answer| Error::of(to, answer))?;
        let text = |text: &str| {
            let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
            [&length.to_be_bytes(), text.as_bytes()].concat()
        };
        let names = [text(from), text(to)].concat();
        let answered = asked.extended("posix-rename@openssh.com", names).await;
        let _ = asked.close_session();
        match answered {
            Ok(Packet::Status(status)) => Ok(status.status_code),
            Ok(_) => Err(Error::of(to, Answer::UnexpectedPacket)),
            Err(Answer::Status(status)) => Ok(status.status_code),
            Err(answer) => Err(Error::of(to, answer)),
        }
    }
}

/// Sends what comes after `begun`. Hash and length of all of the file.
async fn pour(from: &Path, there: &mut There, to: &str, begun: u64) -> Result<(blake3::Hash, u64)> {
    let here = |source| Error::File { path: from.to_owned(), source };
    let lost = |error| Error::of_stream(to, error);
    let mut file = File::open(from).map_err(here)?;
    let (mut hasher, mut buffer, mut bytes) = (blake3::Hasher::new(), vec![0; CHUNK], 0_u64);
    let length = file.seek(SeekFrom::End(0)).map_err(here)?;
    file.rewind().map_err(here)?;
    if begun > length {
        return Err(Error::Differs(to.to_owned()));
    }
    there.seek(SeekFrom::Start(begun)).await.map_err(lost)?;
    loop {
        // What is there already is hashed, but not sent.
        let wanted =
            begun.checked_sub(bytes).filter(|left| *left > 0).and_then(|left| usize::try_from(left).ok());
        let read = file.read(&mut buffer[..wanted.unwrap_or(CHUNK).min(CHUNK)]).map_err(here)?;
        if read == 0 {
            break;
        }
        hasher.update(&buffer[..read]);
        if wanted.is_none() {
            there.write_all(&buffer[..read]).await.map_err(lost)?;
        }
        bytes += read as u64;
    }
    // Waits for all answers, and for the disk where the server offers it.
    there.flush().await.map_err(lost)?;
    there.shutdown().await.map_err(lost)?;
    Ok((hasher.finalize(), bytes))
}
