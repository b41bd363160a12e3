//! A file that starts anew when it is full, keeping its predecessors as `name.1.log`, `name.2.log`, ...

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    path::PathBuf,
};

/// A log file of bounded size.
///
/// **Invariants**: a line is never split; at most `kept` files exist, the current one included, each at most
/// `bytes_max` bytes unless one line is longer than that.
#[derive(Debug)]
pub struct Rotating {
    path: PathBuf,
    bytes_max: u64,
    kept: usize,
    open: Option<(File, u64)>,
}

impl Rotating {
    /// The file is made by the first write.
    #[must_use]
    pub fn new(path: PathBuf, bytes_max: u64, kept: usize) -> Self {
        Self { path, bytes_max, kept, open: None }
    }

    /// Whether lines can be written.
    ///
    /// # Errors
    /// When the file cannot be opened for writing.
    pub fn try_open(&mut self) -> io::Result<()> {
        let file = OpenOptions::new().create(true).append(true).open(&self.path)?;
        let bytes = file.metadata()?.len();
        self.open = Some((file, bytes));
        Ok(())
    }

    fn predecessor(&self, age: usize) -> PathBuf {
        self.path.with_extension(format!("{age}.log"))
    }

    /// Makes room. A file that cannot be moved (open elsewhere on Windows) goes on growing: better long than lost.
    fn rotate(&mut self) -> io::Result<()> {
        self.open = None;
        let oldest = self.kept.saturating_sub(1);
        for age in (1..oldest).rev() {
            let _ = fs::rename(self.predecessor(age), self.predecessor(age + 1));
        }
        let _ = if oldest > 0 {
            fs::rename(&self.path, self.predecessor(1))
        } else {
            fs::remove_file(&self.path)
        };
        self.try_open()
    }
}

impl Write for Rotating {
    /// Writes one line or a few whole ones.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if self.open.is_none() {
            self.try_open()?;
        }
        let full = |open: &(File, u64)| open.1 > 0 && open.1 + line.len() as u64 > self.bytes_max;
        if self.open.as_ref().is_some_and(full) {
            self.rotate()?;
        }
        let Some((file, bytes)) = &mut self.open else { return Err(io::ErrorKind::NotFound.into()) };
        file.write_all(line)?;
        *bytes += line.len() as u64;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.open.as_mut().map_or(Ok(()), |(file, _)| file.flush())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &tempfile::TempDir) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(folder.path())
            .unwrap()
            .map(|e| e.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_full_file_makes_room_and_the_oldest_goes() {
        let folder = tempfile::tempdir().unwrap();
        let mut file = Rotating::new(folder.path().join("sync.log"), 10, 3);
        assert!(names(&folder).is_empty(), "nothing is made before the first line");
        for line in ["one-1234\n", "two-1234\n", "three-12\n", "four-123\n"] {
            file.write_all(line.as_bytes()).unwrap();
        }
        assert_eq!(names(&folder), ["sync.1.log", "sync.2.log", "sync.log"]);
        let read = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
        assert_eq!((read("sync.log"), read("sync.2.log")), ("four-123\n".into(), "two-1234\n".into()));
    }

    #[test]
    fn a_line_is_never_split_even_if_it_is_longer_than_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let mut file = Rotating::new(folder.path().join("a.log"), 4, 2);
        file.write_all(b"much too long\n").unwrap();
        file.write_all(b"x\n").unwrap();
        assert_eq!(fs::read(folder.path().join("a.1.log")).unwrap(), b"much too long\n");
        assert_eq!(fs::read(folder.path().join("a.log")).unwrap(), b"x\n");
    }

    #[test]
    fn a_new_start_goes_on_where_the_last_one_stopped() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.log");
        Rotating::new(path.clone(), 10, 2).write_all(b"12345678\n").unwrap();
        Rotating::new(path.clone(), 10, 2).write_all(b"next\n").unwrap();
        assert_eq!(names(&folder), ["a.1.log", "a.log"]);
        assert_eq!(fs::read(path).unwrap(), b"next\n");
    }
}
