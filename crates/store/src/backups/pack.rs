//! Compressing a file and getting it back, each with the hash of what went in and what came out.

use std::{
    fs::File,
    io::{self, BufReader, BufWriter, Read, Write},
    path::Path,
};

use super::manifest::Sum;

/// **Source**: zstd's own usual one; more takes much longer for little.
const LEVEL: i32 = 3;
const BUFFER: usize = 1 << 20;

/// Counts and hashes what goes through.
struct Measured<T> {
    inner: T,
    hasher: blake3::Hasher,
    bytes: u64,
}

impl<T> Measured<T> {
    fn new(inner: T) -> Self {
        Self { inner, hasher: blake3::Hasher::new(), bytes: 0 }
    }

    fn note(&mut self, bytes: &[u8]) {
        self.hasher.update(bytes);
        self.bytes += bytes.len() as u64;
    }

    fn sum(&self) -> Sum {
        Sum { bytes: self.bytes, blake3: self.hasher.finalize().to_hex().to_string() }
    }
}

impl<T: Read> Read for Measured<T> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.note(&buffer[..read]);
        Ok(read)
    }
}

impl<T: Write> Write for Measured<T> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(buffer)?;
        self.note(&buffer[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// Compresses `from` into `to`; durable when this returns. What went in, and what came out.
pub(super) fn pack(from: &Path, to: &Path) -> io::Result<(Sum, Sum)> {
    let mut plain = Measured::new(BufReader::with_capacity(BUFFER, File::open(from)?));
    let mut packed = Measured::new(BufWriter::with_capacity(BUFFER, private(to)?));
    let mut encoder = zstd::Encoder::new(&mut packed, LEVEL)?;
    encoder.include_checksum(true)?;
    io::copy(&mut plain, &mut encoder)?;
    encoder.finish()?;
    packed.flush()?;
    packed.inner.get_ref().sync_all()?;
    Ok((plain.sum(), packed.sum()))
}

/// Unpacks at most `bytes_max` bytes and a little more; durable when this returns. What came out.
pub(super) fn unpack(from: &Path, to: &Path, bytes_max: u64) -> io::Result<Sum> {
    let mut plain = Measured::new(BufWriter::with_capacity(BUFFER, private(to)?));
    drain(from, &mut plain, bytes_max)?;
    plain.flush()?;
    plain.inner.get_ref().sync_all()?;
    Ok(plain.sum())
}

/// As [`unpack`], to nowhere.
pub(super) fn unpacked(from: &Path, bytes_max: u64) -> io::Result<Sum> {
    let mut plain = Measured::new(io::sink());
    drain(from, &mut plain, bytes_max)?;
    Ok(plain.sum())
}

fn drain(from: &Path, to: &mut impl Write, bytes_max: u64) -> io::Result<u64> {
    let decoder = zstd::Decoder::new(File::open(from)?)?;
    io::copy(&mut decoder.take(bytes_max.saturating_add(1)), to)
}

/// What a file holds.
pub(super) fn sum(path: &Path) -> io::Result<Sum> {
    let mut file = Measured::new(BufReader::with_capacity(BUFFER, File::open(path)?));
    io::copy(&mut file, &mut io::sink())?;
    Ok(file.sum())
}

/// Copies a file; durable when this returns. What was read.
pub(super) fn copy(from: &Path, to: &Path) -> io::Result<Sum> {
    let mut read = Measured::new(File::open(from)?);
    let mut written = BufWriter::with_capacity(BUFFER, private(to)?);
    io::copy(&mut read, &mut written)?;
    written.flush()?;
    written.get_ref().sync_all()?;
    Ok(read.sum())
}

/// Writes a file that nobody else on the machine may read; durable when this returns.
pub(super) fn write(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut file = private(path)?;
    file.write_all(content)?;
    file.sync_all()
}

pub(super) fn private(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}
