//! `[auth.chap]` and `[auth.ident]` of `socks-server`, as a process.

// Helpers of tests are not tests to clippy.
#![allow(clippy::unwrap_used)]

mod common;

use std::fs;

use common::{Example, output};
use socks_auth::chap;
use socks_core::Address;
use socks_tower::client::{Client, ClientErrorKind};
use support::{Identd, Peer, Target};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const SERVER: &str = env!("CARGO_BIN_EXE_socks-server");

/// A folder with a configuration file, and with one of secrets.
struct Files {
    config: String,
    _dir: TempDir,
}

impl Files {
    /// `SECRETS` stands for the path of the secrets.
    fn new(config: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let secrets = dir.path().join("secrets");
        fs::write(&secrets, "# comment\nalice:correct horse\n").unwrap();
        private(&secrets);
        let path = dir.path().join("server.toml");
        let config = config.replace("SECRETS", secrets.to_str().unwrap());
        fs::write(&path, config).unwrap();
        Self {
            config: path.to_str().unwrap().to_owned(),
            _dir: dir,
        }
    }

    fn start(&self) -> Example {
        Example::start(
            SERVER,
            &["--config", &self.config, "--listen", "127.0.0.1:0"],
        )
    }
}

#[cfg(unix)]
fn private(path: &std::path::Path) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}

#[cfg(not(unix))]
fn private(_: &std::path::Path) {}

/// CH-1, CH-19, SE-34: a user of the file gets in by a secret that is never in the log; nobody else
/// does, by no other method.
#[tokio::test]
async fn chap_by_a_file() {
    let target = Target::echo().await;
    let files = Files::new("log = 'trace'\n[auth.chap]\nsecrets = 'SECRETS'\n");
    let mut server = files.start();
    let addr = server.addr().await;
    for (name, secret, success) in [
        ("alice", "correct horse", true),
        ("alice", "wrong horse", false),
        ("bob", "correct horse", false),
    ] {
        let client = Client::dial_socks5(addr).await.unwrap();
        let client = client.method(chap::client(name, secret).unwrap().mutual());
        match client.connect(Address::from(target.addr)).await {
            Ok(mut tunnel) if success => {
                tunnel.write_all(b"hello").await.unwrap();
                let mut heard = [0; 5];
                tunnel.read_exact(&mut heard).await.unwrap();
                assert_eq!(&heard, b"hello");
            }
            outcome => {
                let kind = outcome.unwrap_err().kind();
                assert!(!success);
                assert_eq!(kind, ClientErrorKind::Authentication);
            }
        }
    }
    for offer in [[0, 2], [2, 0]] {
        let script = Peer::script().greet(offer).expect_method(0xff);
        script.expect_end().run(addr).await;
    }
    server.signal("TERM").await;
    let (status, log) = server.end().await;
    assert!(status.success());
    assert!(log.contains("user=alice"), "{log}");
    assert!(!log.contains("horse"), "{log}");
}

/// CH-24: what is wrong with the secrets is said at the start, and not what they are.
#[tokio::test]
async fn a_file_that_is_no_secret() {
    let files = Files::new("[auth.chap]\nsecrets = 'SECRETS'\n");
    let check = ["--config", &files.config, "--check"];
    let checked = output(SERVER, &check).await;
    assert!(checked.status.success());
    let said = String::from_utf8(checked.stdout).unwrap();
    assert!(said.contains("auth: chap: secrets in "), "{said}");
    assert!(!said.contains("horse"), "{said}");

    let secrets = files._dir.path().join("secrets");
    fs::write(&secrets, "alice:correct horse\nbattery\n").unwrap();
    let said = String::from_utf8(output(SERVER, &check).await.stderr).unwrap();
    assert!(
        said.contains("server.toml:2:11: auth.chap.secrets: "),
        "{said}"
    );
    assert!(said.contains("secrets:2: no colon"), "{said}");
    assert!(!said.contains("horse"), "{said}");
}

/// ID-1, ID-19, ID-20, ID-27, S4-24: with the table the client's host is asked, and what it says
/// decides.
#[tokio::test]
async fn ident_that_is_required() {
    let target = Target::echo().await;
    let identd = Identd::start("127.0.0.1").await;
    let port = identd.port;
    let files = Files::new(&format!(
        "[auth.ident]\nrequired = true\nloopback = true\nport = {port}\n"
    ));
    let mut server = files.start();
    let addr = server.addr().await;
    let request = |code| {
        let script = Peer::script().request4(1, &target.addr.to_string(), "fred");
        tokio::spawn(script.expect_reply4(code).run(addr))
    };
    for (answer, code) in [
        ("PORTS:USERID:UNIX:fred\r\n", 0x5a),
        ("PORTS:USERID:UNIX:barney\r\n", 0x5d),
        ("PORTS:ERROR:NO-USER\r\n", 0x5c),
    ] {
        let client = request(code);
        identd.query().await.answer(answer).await;
        client.await.unwrap();
    }
    drop(identd);
    request(0x5c).await.unwrap();
    let line = server.line("ident=fred").await;
    assert!(line.contains("claimed=fred"), "{line}");
}

/// ID-1, ID-27: nobody is asked without the table, nor about other networks, nor on loopback unless
/// that is set.
#[tokio::test]
async fn ident_that_is_not_asked() {
    let target = Target::silent().await;
    let identd = Identd::start("127.0.0.1").await;
    let port = identd.port;
    for (table, code) in [
        ("".to_owned(), 0x5a),
        (format!("[auth.ident]\nport = {port}\n"), 0x5a),
        (
            format!("[auth.ident]\nport = {port}\nrequired = true\n"),
            0x5c,
        ),
        (
            format!(
                "[auth.ident]\nport = {port}\nloopback = true\nrequired = true\nnetworks = ['192.0.2.0/24']\n"
            ),
            0x5a,
        ),
    ] {
        let files = Files::new(&table);
        let mut server = files.start();
        let addr = server.addr().await;
        let script = Peer::script().request4(1, &target.addr.to_string(), "fred");
        script.expect_reply4(code).run(addr).await;
    }
    assert!(!identd.has_connection());
}
