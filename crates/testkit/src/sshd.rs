//! A throw-away OpenSSH server with SFTP, for tests: on a port of its own of 127.0.0.1, with keys of its own, run by whoever
//! runs the test.
//!
//! The port is this process's; each connection gets an `sshd -i` of its own behind it. So nothing is left when the test
//! ends, however it ends, and a connection can be cut at a byte.

use std::{
    fs,
    io::{Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    os::{
        fd::OwnedFd,
        unix::{fs::PermissionsExt, net::UnixStream},
    },
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
};

use crate::environment::variable;

/// A server; nobody answers any more when it is dropped.
#[derive(Debug)]
pub struct Sshd {
    pub port: u16,
    /// Who logs in.
    pub user: String,
    /// Fingerprint of the server's key.
    pub host_key: String,
    /// The private key that is let in, as text.
    pub key: String,
    state: Arc<State>,
}

#[derive(Debug)]
struct State {
    folder: PathBuf,
    program: PathBuf,
    is_gone: AtomicBool,
    /// So many bytes from clients still pass.
    passes: AtomicU64,
    connections: AtomicU64,
}

/// What the server allows.
#[derive(Clone, Copy, Debug, Default)]
pub struct Allows {
    /// Nothing may be written.
    pub only_reading: bool,
    /// No file may grow beyond so many blocks of 512 bytes, which looks like a full disk.
    pub blocks: Option<u32>,
    /// Nobody is let in by a key.
    pub no_keys: bool,
}

/// Where the program `sshd` is, which is seldom in PATH.
#[must_use]
pub fn find_program(program: &str) -> Option<PathBuf> {
    let path = variable("PATH").unwrap_or_default();
    let usual = ["/usr/sbin", "/usr/local/sbin"].map(PathBuf::from);
    std::env::split_paths(&path).chain(usual).map(|folder| folder.join(program)).find(|file| file.is_file())
}

impl Sshd {
    /// Starts one whose files lie in `folder`.
    ///
    /// # Panics
    /// When OpenSSH is not there (Debian package `openssh-server`).
    #[must_use]
    pub fn start(folder: &Path, allows: Allows) -> Self {
        let program = find_program("sshd").expect("OpenSSH's server: Debian package openssh-server");
        fs::create_dir_all(folder).expect("a folder for the server");
        for name in ["host", "key"] {
            make_key(&folder.join(name));
        }
        fs::copy(folder.join("key.pub"), folder.join("authorized")).expect("the key is let in");
        fs::write(folder.join("sshd_config"), configuration(folder, allows))
            .expect("the server's configuration");
        // OpenSSH wants it of root; packages make it when the service starts.
        if !Path::new("/run/sshd").exists() {
            let _ = fs::create_dir("/run/sshd");
        }
        let port = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
        let state = Arc::new(State {
            folder: folder.to_owned(),
            program,
            is_gone: AtomicBool::new(false),
            passes: AtomicU64::new(u64::MAX),
            connections: AtomicU64::new(0),
        });
        let this = Self {
            port: port.local_addr().expect("its number").port(),
            user: said("id", &["-un"]),
            host_key: fingerprint(&folder.join("host.pub")),
            key: fs::read_to_string(folder.join("key")).expect("the key"),
            state: Arc::clone(&state),
        };
        thread::spawn(move || serve(&port, &state, allows));
        this
    }

    /// After so many more bytes from clients every connection is cut, as when the server is killed.
    pub fn cut_after(&self, bytes: u64) {
        self.state.passes.store(bytes, Ordering::SeqCst);
    }

    /// Everything passes again.
    pub fn mend(&self) {
        self.cut_after(u64::MAX);
    }

    /// How many connections there were.
    #[must_use]
    pub fn connections(&self) -> u64 {
        self.state.connections.load(Ordering::SeqCst)
    }

    /// `sftp://user@127.0.0.1:port` and a folder, which begins with a slash.
    #[must_use]
    pub fn url(&self, folder: &Path) -> String {
        format!("sftp://{}@127.0.0.1:{}{}", self.user, self.port, folder.display())
    }

    /// What the server noted.
    #[must_use]
    pub fn log(&self) -> String {
        fs::read_to_string(self.state.folder.join("log")).unwrap_or_default()
    }
}

impl Drop for Sshd {
    fn drop(&mut self) {
        self.state.is_gone.store(true, Ordering::SeqCst);
        self.cut_after(0);
        // Wakes who waits for somebody to come.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

/// Another key than the one that is let in, or that the server has: the private one as text, and its fingerprint.
///
/// # Panics
/// When `ssh-keygen` is not there.
#[must_use]
pub fn another_key(folder: &Path) -> (String, String) {
    let path = folder.join("another");
    make_key(&path);
    (fs::read_to_string(&path).expect("the key"), fingerprint(&folder.join("another.pub")))
}

fn configuration(folder: &Path, allows: Allows) -> String {
    let path = |name: &str| folder.join(name).display().to_string();
    let reading = if allows.only_reading { " -R" } else { "" };
    let keys = if allows.no_keys { "no" } else { "yes" };
    format!(
        "HostKey {}\nAuthorizedKeysFile {}\nPubkeyAuthentication {keys}\nPidFile none\nUsePAM no\nStrictModes no\n\
         PermitRootLogin yes\nPasswordAuthentication yes\nLogLevel VERBOSE\nSubsystem sftp internal-sftp{reading}\n",
        path("host"),
        path("authorized")
    )
}

fn make_key(path: &Path) {
    let file = path.display().to_string();
    let _ = fs::remove_file(path);
    let made = Command::new("ssh-keygen")
        .args(["-q", "-t", "ed25519", "-N", "", "-C", "denk-test", "-f", &file])
        .status();
    assert!(made.expect("ssh-keygen").success(), "a key is made");
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).expect("a private key is private");
}

fn fingerprint(public: &Path) -> String {
    let told = said("ssh-keygen", &["-l", "-E", "sha256", "-f", &public.display().to_string()]);
    told.split(' ').nth(1).expect("length, fingerprint, comment").to_owned()
}

fn said(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output().expect("it runs");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

fn serve(port: &TcpListener, state: &Arc<State>, allows: Allows) {
    for client in port.incoming() {
        if state.is_gone.load(Ordering::SeqCst) {
            return;
        }
        let (Ok(client), state) = (client, Arc::clone(state)) else { continue };
        state.connections.fetch_add(1, Ordering::SeqCst);
        thread::spawn(move || attend(&client, &state, allows));
    }
}

/// One connection, and the server's process behind it.
fn attend(client: &TcpStream, state: &State, allows: Allows) {
    let (here, there) = UnixStream::pair().expect("two ends");
    let other = there.try_clone().expect("one more of the end");
    let limit =
        allows.blocks.map_or_else(String::new, |blocks| format!("trap '' XFSZ; ulimit -f {blocks}; "));
    let mut server = Command::new("sh")
        .args(["-c", &format!("{limit}exec \"$0\" -i -f \"$1\" -E \"$2\"")])
        .args([&state.program, &state.folder.join("sshd_config"), &state.folder.join("log")])
        .stdin(Stdio::from(OwnedFd::from(there)))
        .stdout(Stdio::from(OwnedFd::from(other)))
        .stderr(Stdio::null())
        .spawn()
        .expect("sshd");
    thread::scope(|scope| {
        scope.spawn(|| {
            pass(client, &here, |bytes| take(&state.passes, bytes));
            // What was not passed was not sent: nobody goes on.
            let _ = server.kill();
            let _ = here.shutdown(Shutdown::Both);
            let _ = client.shutdown(Shutdown::Both);
            let _ = server.wait();
        });
        pass(&here, client, |bytes| bytes);
        let _ = client.shutdown(Shutdown::Both);
    });
}

/// Carries bytes until an end, or until fewer are let through than came.
fn pass(mut from: impl Read, mut to: impl Write, allow: impl Fn(usize) -> usize) {
    let mut buffer = [0; 16 << 10];
    while let Ok(read @ 1..) = from.read(&mut buffer) {
        let allowed = allow(read);
        if to.write_all(&buffer[..allowed]).is_err() || allowed < read {
            return;
        }
    }
}

/// Takes of what may still pass.
fn take(passes: &AtomicU64, bytes: usize) -> usize {
    let wanted = bytes as u64;
    let taken = |left: u64| Some(if left == u64::MAX { left } else { left.saturating_sub(wanted) });
    let left = passes.fetch_update(Ordering::SeqCst, Ordering::SeqCst, taken).unwrap_or_default();
    usize::try_from(left.min(wanted)).unwrap_or(bytes)
}
