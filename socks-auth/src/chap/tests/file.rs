use std::{fs, path::PathBuf};

use socks_core::UserName;
use tempfile::TempDir;

use crate::chap::{ChapFileErrorKind as Kind, ChapSecretsFile};

struct File {
    path: PathBuf,
    _dir: TempDir,
}

impl File {
    fn new(text: impl AsRef<[u8]>) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("chap-secrets");
        let file = Self { path, _dir: dir };
        file.write(text);
        file
    }

    fn write(&self, text: impl AsRef<[u8]>) {
        fs::write(&self.path, text).unwrap();
        self.mode(0o600);
    }

    #[cfg(unix)]
    fn mode(&self, mode: u32) {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(&self.path, fs::Permissions::from_mode(mode)).unwrap();
    }

    #[cfg(not(unix))]
    fn mode(&self, _: u32) {}

    fn fails(&self) -> (Kind, Option<usize>) {
        let error = ChapSecretsFile::open(&self.path).unwrap_err();
        assert!(!error.to_string().contains("hunter2"), "{error}");
        (error.kind(), error.line())
    }
}

fn secret(file: &ChapSecretsFile, name: &[u8]) -> Option<Vec<u8>> {
    let user = file.table().get(&UserName::from(name))?;
    Some(user.secret.expose().to_vec())
}

/// CH-21, CH-24: names and secrets are octets, as they stand.
#[test]
fn lines() {
    let file = File::new(b"# users\r\n\r\nalice: a b:c \ncaf\xe9:\xff\r\n#x:y\nbob:x" as &[u8]);
    let file = ChapSecretsFile::open(&file.path).unwrap();
    assert_eq!(file.len(), 3);
    assert_eq!(secret(&file, b"alice").unwrap(), b" a b:c ");
    assert_eq!(secret(&file, b"caf\xe9").unwrap(), b"\xff");
    assert_eq!(secret(&file, b"bob").unwrap(), b"x");
    assert_eq!(secret(&file, b"#x"), None);
    assert_eq!(secret(&file, b"Alice"), None);
}

/// A pipe at the file's place is refused, and nobody waits for what may come out of it.
#[cfg(unix)]
#[test]
fn pipes() {
    use rustix::fs::{CWD, FileType, Mode, mknodat};

    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("pipe");
    mknodat(CWD, &path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    let (send, opened) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        send.send(ChapSecretsFile::open(path).map_err(|error| error.kind()))
    });
    let opened = opened.recv_timeout(std::time::Duration::from_secs(10));
    assert_eq!(opened.expect("no wait").err(), Some(Kind::NotAFile));
}

#[test]
fn faults_name_their_line() {
    let long = "x".repeat(256);
    for (text, kind, line) in [
        ("a:b\nhunter2\n".to_owned(), Kind::NoColon, Some(2)),
        (":hunter2\n".to_owned(), Kind::Name, Some(1)),
        (format!("{long}:hunter2\n"), Kind::Name, Some(1)),
        ("\nhunter2:\n".to_owned(), Kind::Secret, Some(2)),
        (format!("a:hunter2{long}\n"), Kind::Secret, Some(1)),
        ("a:b\n\na:hunter2\n".to_owned(), Kind::Duplicate, Some(3)),
        ("# hunter2\n".to_owned(), Kind::Empty, None),
        (String::new(), Kind::Empty, None),
    ] {
        assert_eq!(File::new(&text).fails(), (kind, line), "{text}");
    }
}

/// CH-24: secrets that others may read are not taken, nor is a file that somebody else may change.
#[cfg(unix)]
#[test]
fn the_file_is_private() {
    let file = File::new("alice:hunter2\n");
    for mode in [0o640, 0o604, 0o620, 0o610, 0o644] {
        file.mode(mode);
        assert_eq!(file.fails(), (Kind::Permissions, None), "{mode:o}");
    }
    for mode in [0o600, 0o400, 0o700] {
        file.mode(mode);
        assert!(ChapSecretsFile::open(&file.path).is_ok(), "{mode:o}");
    }
    let dir = file.path.parent().unwrap();
    let error = ChapSecretsFile::open(dir).unwrap_err();
    assert_eq!(error.kind(), Kind::NotAFile);
    let error = ChapSecretsFile::open(dir.join("none")).unwrap_err();
    assert_eq!(error.kind(), Kind::Io);
}

/// What clones see changes with the file, and not to what cannot be read.
#[test]
fn reload() {
    let file = File::new("alice:one\nbob:x\n");
    let secrets = ChapSecretsFile::open(&file.path).unwrap();
    let clone = secrets.clone();
    file.write("alice:two\n");
    assert_eq!(secret(&clone, b"alice").unwrap(), b"one");
    assert_eq!(secrets.reload().unwrap(), 1);
    assert_eq!(secret(&clone, b"alice").unwrap(), b"two");
    assert_eq!(secret(&clone, b"bob"), None);
    for broken in ["", "alice"] {
        file.write(broken);
        assert!(secrets.reload().is_err());
        assert_eq!(secret(&clone, b"alice").unwrap(), b"two");
    }
    fs::remove_file(&file.path).unwrap();
    assert_eq!(secrets.reload().unwrap_err().kind(), Kind::Io);
    assert_eq!(clone.len(), 1);
}
