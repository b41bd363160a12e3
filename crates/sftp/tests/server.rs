//! Against OpenSSH's own server: who is let in, what is refused, and what is left when something breaks off.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

use std::{
    fs,
    path::{Path, PathBuf},
};

use sftp::{Address, Denied, Error, Login, Remote, Target};
use tempfile::TempDir;
use testkit::sshd::{Allows, Sshd, another_key};

struct World {
    folder: TempDir,
    server: Sshd,
    target: Target,
}

impl World {
    fn new(allows: Allows) -> Self {
        let folder = TempDir::new().unwrap();
        let server = Sshd::start(&folder.path().join("sshd"), allows);
        fs::create_dir(folder.path().join("there")).unwrap();
        let target = Target {
            address: Address::read(&server.url(&folder.path().join("there"))).unwrap(),
            host_key: server.host_key.clone(),
            login: Login::Key { text: server.key.clone(), passphrase: None },
        };
        Self { folder, server, target }
    }

    async fn connect(&self) -> Remote {
        match Remote::connect(&self.target).await {
            Ok(remote) => remote,
            Err(error) => panic!("{error}\n{}", self.server.log()),
        }
    }

    fn there(&self, name: &str) -> String {
        self.path(name).to_str().unwrap().to_owned()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join("there").join(name)
    }

    /// A file on this side whose bytes are not all alike.
    fn file(&self, name: &str, bytes: usize) -> PathBuf {
        let path = self.folder.path().join(name);
        let content: Vec<u8> =
            (0..bytes).map(|at| u8::try_from((at / 251 % 251) ^ (at % 253)).unwrap()).collect();
        fs::write(&path, content).unwrap();
        path
    }
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

const MB: usize = 1 << 20;

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_put_listed_read_replaced_and_removed() {
    let world = World::new(Allows::default());
    let remote = world.connect().await;
    let (first, second) = (world.file("first", 3 * MB + 17), world.file("second", 0));
    remote.make_folder(&world.there("a/b")).await.unwrap();
    remote.make_folder(&world.there("a/b")).await.unwrap();
    remote.upload(&first, &world.there("a/b/file")).await.unwrap();
    assert_eq!(fs::read(world.path("a/b/file")).unwrap(), fs::read(&first).unwrap());
    remote.upload(&second, &world.there("a/b/file")).await.unwrap();
    assert_eq!(
        (fs::read(world.path("a/b/file")).unwrap(), names(&world.path("a/b"))),
        (vec![], vec!["file".to_owned()])
    );
    remote.upload(&first, &world.there("a/b/file")).await.unwrap();
    let found = remote.list(&world.there("a/b")).await.unwrap();
    assert_eq!((found.len(), found[0].name.as_str(), found[0].bytes), (1, "file", 3 * MB as u64 + 17));
    assert!(remote.list(&world.there("a")).await.unwrap()[0].is_folder);
    let mut read = Vec::new();
    let note = &mut |chunk: &[u8]| {
        read.extend_from_slice(chunk);
        Ok(())
    };
    assert_eq!(remote.read_through(&world.there("a/b/file"), note).await.unwrap(), 3 * MB as u64 + 17);
    assert_eq!(read, fs::read(&first).unwrap());
    assert!(matches!(remote.read(&world.there("a/b/file"), MB).await, Err(Error::Differs(_))));
    remote.remove(&world.there("a/b/file")).await.unwrap();
    remote.remove(&world.there("a/b/file")).await.unwrap();
    assert_eq!(remote.list(&world.there("a/b")).await.unwrap(), []);
    assert_eq!(remote.list(&world.there("nowhere")).await.unwrap(), []);
    assert!(remote.read(&world.there("nowhere"), MB).await.unwrap_err().is_missing());
    remote.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_with_another_key_is_told_nothing() {
    let world = World::new(Allows::default());
    let (_, other) = another_key(world.folder.path());
    let target = Target { host_key: other.clone(), ..world.target.clone() };
    match Remote::connect(&target).await.unwrap_err() {
        Error::HostKey { found, wanted } => {
            assert_eq!((found, wanted), (world.server.host_key.clone(), other));
        }
        error => panic!("{error}"),
    }
    assert!(!world.server.log().contains(" user "), "nobody tried to log in: {}", world.server.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_another_key_or_a_wrong_password_is_refused() {
    let world = World::new(Allows::default());
    let (stranger, _) = another_key(world.folder.path());
    for login in [Login::Key { text: stranger, passphrase: None }, Login::Password("not it".to_owned())] {
        let refused =
            Remote::connect(&Target { login: login.clone(), ..world.target.clone() }).await.unwrap_err();
        match refused {
            Error::Login { user, takes } => {
                assert_eq!(user, world.server.user);
                assert!(takes.contains("publickey"), "{takes}");
            }
            error => panic!("{login:?}: {error}"),
        }
    }
    let login = Login::Key { text: "no key".to_owned(), passphrase: None };
    let error = Remote::connect(&Target { login, ..world.target.clone() }).await.unwrap_err();
    assert!(matches!(error, Error::Key(_)), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn where_nobody_answers_it_is_said() {
    let World { server, target, .. } = World::new(Allows::default());
    drop(server);
    let error = Remote::connect(&target).await.unwrap_err();
    assert!(matches!(error, Error::Unreachable { .. }), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn cut_off_anywhere_no_file_is_there_and_the_next_try_goes_on() {
    let world = World::new(Allows::default());
    let file = world.file("file", 8 * MB);
    let to = world.there("file");
    fs::write(world.path("file"), "before").unwrap();
    for sent in [0, MB as u64, 3 * MB as u64] {
        let remote = world.connect().await;
        world.server.cut_after(sent);
        let error = remote.upload(&file, &to).await.unwrap_err();
        assert!(matches!(error, Error::Lost(_)), "{error:?}");
        world.server.mend();
        assert_eq!(fs::read(world.path("file")).unwrap(), b"before", "{sent}");
    }
    let left = fs::metadata(world.path("file.part")).unwrap().len();
    assert!(left > MB as u64, "{left}");
    // What is there already need not pass again.
    let remote = world.connect().await;
    world.server.cut_after(8 * MB as u64 - left + MB as u64);
    remote.upload(&file, &to).await.unwrap();
    assert_eq!(fs::read(world.path("file")).unwrap(), fs::read(&file).unwrap());
    assert_eq!(names(&world.path("")), ["file"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_lies_there_of_another_try_is_not_taken_for_the_beginning_of_this() {
    let world = World::new(Allows::default());
    let file = world.file("file", MB);
    for left in [vec![7; MB / 2], vec![7; 2 * MB]] {
        fs::write(world.path("file.part"), left).unwrap();
        world.connect().await.upload(&file, &world.there("file")).await.unwrap();
        assert_eq!(fs::read(world.path("file")).unwrap(), fs::read(&file).unwrap());
        assert_eq!(names(&world.path("")), ["file"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_may_not_write_or_has_no_room_says_so() {
    let world = World::new(Allows { only_reading: true, ..Allows::default() });
    let file = world.file("file", MB);
    match world.connect().await.upload(&file, &world.there("file")).await.unwrap_err() {
        Error::Denied { denied: Denied::Rights, .. } => {}
        error => panic!("{error:?}"),
    }
    let world = World::new(Allows { blocks: Some(64), ..Allows::default() });
    let file = world.file("file", MB);
    match world.connect().await.upload(&file, &world.there("file")).await.unwrap_err() {
        Error::Denied { denied: Denied::Other(_), .. } => {}
        error => panic!("{error:?}"),
    }
    assert!(!world.path("file").exists());
}
