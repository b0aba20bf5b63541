//! The admin address of `socks-server`, as a process.

#![cfg(feature = "admin")]
// Helpers of tests are not tests to clippy.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::{fs, net::SocketAddr, path::PathBuf};

use common::{Example, output, within};
use support::{Peer, Script, Target};
use tempfile::TempDir;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpStream, UnixStream},
};

const SERVER: &str = env!("CARGO_BIN_EXE_socks-server");
const TOKEN: &str = "0123456789abcdef";

/// A server of this configuration, and where it listens for clients and for its administrator.
struct Server {
    process: Example,
    socks: SocketAddr,
    admin: String,
    dir: TempDir,
}

impl Server {
    /// `DIR` stands for a folder with the file `token`.
    async fn start(config: &str, flags: &[&str]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let (path, config) = file(&dir, config);
        fs::write(&path, config).unwrap();
        let args = [
            "--config",
            path.to_str().unwrap(),
            "--listen",
            "127.0.0.1:0",
        ];
        let mut process = Example::start(SERVER, &[&args, flags].concat());
        let line = process.line("admin on ").await;
        let admin = line.strip_prefix("admin on ").unwrap().to_owned();
        let socks = process.addr().await;
        Self {
            process,
            socks,
            admin,
            dir,
        }
    }

    fn port(&self) -> u16 {
        self.admin.parse::<SocketAddr>().unwrap().port()
    }

    async fn ask(&self, request: &str) -> String {
        let addr = SocketAddr::from(([127, 0, 0, 1], self.port()));
        ask(TcpStream::connect(addr).await.unwrap(), request, "").await
    }
}

fn file(dir: &TempDir, config: &str) -> (PathBuf, String) {
    fs::write(dir.path().join("token"), format!("{TOKEN}\n")).unwrap();
    let config = config.replace("DIR", dir.path().to_str().unwrap());
    (dir.path().join("server.toml"), config)
}

/// The answer, with its headers.
async fn ask(mut io: impl AsyncRead + AsyncWrite + Unpin, request: &str, header: &str) -> String {
    let request =
        format!("{request} HTTP/1.1\r\nHost: localhost\r\n{header}Connection: close\r\n\r\n");
    io.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    within("an answer", io.read_to_string(&mut answer))
        .await
        .unwrap();
    answer
}

/// The status of an answer.
fn status(answer: &str) -> &str {
    answer.split(' ').nth(1).unwrap()
}

fn anonymous() -> Script {
    Peer::script().greet([0]).expect_method(0)
}

const LOOPBACK: &str = "[admin]\nlisten = '127.0.0.1:0'\n";

/// SE-11: no client comes to the admin address through the server, by none of the addresses that lead there, not even where
/// everything else is open.
#[tokio::test]
async fn clients_do_not_reach_it() {
    let everywhere = "[admin]\nlisten = '0.0.0.0:0'\ntoken_file = 'DIR/token'\n";
    for (config, workers) in [
        (LOOPBACK, &[][..]),
        (everywhere, &[]),
        (LOOPBACK, &["--workers", "2"]),
    ] {
        let server = Server::start(config, &[&["--allow-private"], workers].concat()).await;
        let mut hosts = vec![
            "127.0.0.1",
            "127.0.0.2",
            "[::1]",
            "[::ffff:127.0.0.1]",
            "localhost",
        ]
        .into_iter()
        .map(str::to_owned)
        .collect::<Vec<_>>();
        hosts.extend(own_addresses());
        for host in hosts {
            let destination = format!("{host}:{}", server.port());
            let refused = anonymous()
                .connect(&destination)
                .expect_reply(2)
                .expect_end();
            refused.run(server.socks).await;
        }
        // It is there for everybody else.
        assert_eq!(status(&server.ask("GET /healthz").await), "200");
    }
}

fn own_addresses() -> Vec<String> {
    let interfaces = if_addrs::get_if_addrs().unwrap();
    let ips = interfaces.iter().map(if_addrs::Interface::ip);
    ips.filter(|ip| ip.is_ipv4() && !ip.is_loopback())
        .map(|ip| ip.to_string())
        .collect()
}

/// A session is seen and ended across the threads that serve it, and its neighbour is not.
#[tokio::test]
async fn a_session_is_ended() {
    let target = Target::echo().await;
    for workers in [&[][..], &["--workers", "2"]] {
        let mut server = Server::start(LOOPBACK, workers).await;
        let script = || {
            anonymous()
                .connect(&target.addr.to_string())
                .expect_reply(0)
        };
        let (_first, mut second) = (
            script().run(server.socks).await,
            script().run(server.socks).await,
        );
        let list = server.ask("GET /sessions").await;
        assert!(list.contains("\"total\":2,"), "{list}");
        let (_, rest) = list.split_once("\"sessions\":[{\"id\":").unwrap();
        let id = rest.split(',').next().unwrap();
        let ended = server.ask(&format!("DELETE /sessions/{id}")).await;
        assert!(ended.ends_with("{\"ended\":1}"), "{ended}");
        server.process.line("end=\"ended\"").await;
        second.send("still").await;
        assert_eq!(second.read(5).await, b"still");
        let list = server.ask("GET /sessions").await;
        assert!(list.contains("\"total\":1,"), "{list}");
        let metrics = server.ask("GET /metrics").await;
        for line in [
            "socks_sessions_open{command=\"connect\"} 1",
            "socks_sessions_total{command=\"connect\",end=\"ended\"} 1",
            "socks_payload_bytes_total{command=\"connect\",direction=\"sent\"} 5",
            "# TYPE socks_dial_seconds histogram",
        ] {
            assert!(metrics.lines().any(|own| own == line), "{line}\n{metrics}");
        }
    }
}

/// The rule that has decided is shown with the session, counted, and explained for requests that nobody has made; SE-11 holds
/// whatever rules say.
#[tokio::test]
async fn rules() {
    let config = "[admin]\nlisten = '127.0.0.1:0'\n\
        [[rules.request]]\nname = 'no mail'\nport = 25\nverdict = 'deny'\n\
        [[rules.request]]\nname = 'the rest'\nverdict = 'allow'\n";
    let target = Target::echo().await;
    let server = Server::start(config, &["--allow-private"]).await;
    let allowed = anonymous().connect(&target.addr.to_string());
    let _peer = allowed.expect_reply(0).run(server.socks).await;
    let mail = anonymous().connect("127.0.0.1:25").expect_reply(2);
    mail.expect_end().run(server.socks).await;
    let own = format!("127.0.0.1:{}", server.port());
    let refused = anonymous().connect(&own).expect_reply(2);
    refused.expect_end().run(server.socks).await;

    let list = server.ask("GET /sessions").await;
    assert!(list.contains("\"rule\":\"the rest\""), "{list}");
    let ask = "GET /rules/explain?destination=mail.example:25&peer=192.0.2.1";
    let answer = server.ask(ask).await;
    assert_eq!(status(&answer), "200", "{answer}");
    assert!(answer.contains("\"rule\":\"no mail\""), "{answer}");
    let answer = server
        .ask(&format!("GET /rules/explain?destination={own}"))
        .await;
    assert!(answer.contains("\"allowed\":false"), "{answer}");
    let metrics = server.ask("GET /metrics").await;
    let line = "socks_rules_total{rule=\"no mail\",verdict=\"refused\"} 1";
    assert!(metrics.lines().any(|own| own == line), "{metrics}");
}

/// While it drains it is alive and not ready; it answers to the end.
#[tokio::test]
async fn drain() {
    let target = Target::echo().await;
    for workers in [&[][..], &["--workers", "2"]] {
        let mut server = Server::start(LOOPBACK, workers).await;
        let script = anonymous().connect(&target.addr.to_string());
        let mut peer = script.expect_reply(0).run(server.socks).await;
        assert_eq!(status(&server.ask("GET /readyz").await), "200");
        server.process.signal("TERM").await;
        while status(&server.ask("GET /readyz").await) == "200" {
            tokio::task::yield_now().await;
        }
        assert_eq!(status(&server.ask("GET /readyz").await), "503");
        assert_eq!(status(&server.ask("GET /healthz").await), "200");
        let list = server.ask("GET /sessions").await;
        assert!(list.contains("\"total\":1,"), "{list}");
        // A page that looks on does not hold it up.
        let addr: SocketAddr = server.admin.parse().unwrap();
        let mut page = TcpStream::connect(addr).await.unwrap();
        page.write_all(b"GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n")
            .await
            .unwrap();
        let mut begin = [0; 12];
        page.read_exact(&mut begin).await.unwrap();
        assert_eq!(&begin, b"HTTP/1.1 200");
        peer.send("still").await;
        assert_eq!(peer.read(5).await, b"still");
        peer.finish().await;
        server.process.line("end=\"closed\"").await;
        let (end, log) = server.process.end().await;
        assert!(end.success(), "{log}");
    }
}

/// The socket is its owner's alone, is gone with the server, and replaces one that was left.
#[tokio::test]
#[cfg(unix)]
async fn unix_socket() {
    use std::os::unix::fs::PermissionsExt;

    let config = "[admin]\nlisten = 'unix:DIR/admin'\n";
    let server = Server::start(config, &[]).await;
    let path = server.dir.path().join("admin");
    assert_eq!(server.admin, format!("unix:{}", path.display()));
    let mode = fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let answer = ask(UnixStream::connect(&path).await.unwrap(), "GET /readyz", "").await;
    assert_eq!(status(&answer), "200");
    let list = ask(
        UnixStream::connect(&path).await.unwrap(),
        "GET /sessions",
        "",
    )
    .await;
    assert!(list.contains("\"total\":0,"), "{list}");

    // Another server does not take it away.
    let (file, config) = file(&server.dir, config);
    fs::write(&file, config).unwrap();
    let args = [
        "--config",
        file.to_str().unwrap(),
        "--listen",
        "127.0.0.1:0",
    ];
    let second = output(SERVER, &args).await;
    let error = String::from_utf8(second.stderr).unwrap();
    assert!(
        !second.status.success() && error.contains("in use"),
        "{error}"
    );

    server.process.signal("KILL").await;
    server.process.end().await;
    assert!(path.exists());
    let mut third = Example::start(SERVER, &args);
    third.line("admin on ").await;
    third.addr().await;
    let answer = ask(UnixStream::connect(&path).await.unwrap(), "GET /readyz", "").await;
    assert_eq!(status(&answer), "200");
    third.signal("TERM").await;
    assert!(third.end().await.0.success());
    assert!(!path.exists());
}

/// SE-34: neither the token nor a guess is in the log, whatever is logged; that others can read it on its way is.
#[tokio::test]
async fn the_token_stays_out_of_the_log() {
    let config = "[admin]\nlisten = '0.0.0.0:0'\ntoken_file = 'DIR/token'\n";
    let server = Server::start(config, &["--log", "trace"]).await;
    let addr = SocketAddr::from(([127, 0, 0, 1], server.port()));
    for (token, expected) in [(TOKEN, "200"), ("guessed-hunter2-token", "401")] {
        let io = TcpStream::connect(addr).await.unwrap();
        let header = format!("Authorization: Bearer {token}\r\n");
        let answer = ask(io, "GET /sessions", &header).await;
        assert_eq!(status(&answer), expected, "{answer}");
    }
    assert_eq!(status(&server.ask("GET /sessions").await), "401");
    server.process.signal("TERM").await;
    let (_, log) = server.process.end().await;
    assert!(log.contains("a wrong token for"), "{log}");
    assert!(!log.contains(TOKEN) && !log.contains("hunter2"), "{log}");

    let path = server.dir.path().join("server.toml");
    let args = [
        "--config",
        path.to_str().unwrap(),
        "--listen",
        "127.0.0.1:0",
    ];
    let mut again = Example::start(SERVER, &args);
    again.line("crosses the network in the clear").await;
}

/// `--check` says where it is, and opens nothing; a configuration that would let everybody in is refused by place and key.
#[tokio::test]
async fn check() {
    let dir = tempfile::tempdir().unwrap();
    for (config, expected) in [
        (LOOPBACK, "admin: 127.0.0.1:0, without a token\n"),
        (
            "[admin]\nlisten = '0.0.0.0:9080'\ntoken_file = 'DIR/token'\n",
            "admin: 0.0.0.0:9080, with a token\n",
        ),
        ("", "admin: none\n"),
        (
            "[admin]\nlisten = '0.0.0.0:9080'\n",
            "server.toml:2:10: admin.listen: ",
        ),
    ] {
        let (path, config) = file(&dir, config);
        fs::write(&path, config).unwrap();
        let told = output(SERVER, &["--config", path.to_str().unwrap(), "--check"]).await;
        let text = [told.stdout, told.stderr].concat();
        let text = String::from_utf8(text).unwrap();
        assert!(text.contains(expected) && !text.contains(TOKEN), "{text}");
        assert_eq!(told.status.success(), !expected.starts_with("server"));
    }
}
