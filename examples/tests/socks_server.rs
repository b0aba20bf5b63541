//! `socks-server` as a process, driven by raw sockets.

mod common;

use std::{fs, net::SocketAddr};

use common::{Example, output, within};
use support::{Peer, Script, Target, UdpEcho, UdpPeer};
use tokio::{
    io::AsyncWriteExt,
    net::{TcpListener, TcpStream},
};

const SERVER: &str = env!("CARGO_BIN_EXE_socks-server");

fn start(args: &[&str]) -> Example {
    Example::start(SERVER, args)
}

fn anonymous() -> Script {
    Peer::script().greet([0]).expect_method(0)
}

async fn echoes(peer: &mut Peer) {
    peer.send("hello").await;
    assert_eq!(peer.read(5).await, b"hello");
}

#[tokio::test]
async fn without_users() {
    let target = Target::echo().await;
    let destination = target.addr.to_string();
    let name = format!("localhost:{}", target.addr.port());
    let mut server = start(&["--listen", "127.0.0.1:0"]);
    let addr = server.addr().await;
    assert_ne!(addr.port(), 0);
    for script in [
        Peer::script()
            .request4(1, &destination, "me")
            .expect_reply4(0x5a),
        Peer::script().request4(1, &name, "").expect_reply4(0x5a),
        anonymous().connect(&destination).expect_reply(0),
        anonymous().connect(&name).expect_reply(0),
    ] {
        let mut peer = script.run(addr).await;
        echoes(&mut peer).await;
        peer.finish().await;
    }
    let line = server.line("end=\"closed\"").await;
    assert!(line.contains("command=connect"), "{line}");
    Peer::script()
        .greet([2])
        .expect_method(0xff)
        .expect_end()
        .run(addr)
        .await;
}

/// UP-16, S4-2, SE-36: a password may hold colons, and there is no way around it.
#[tokio::test]
async fn with_users() {
    let target = Target::echo().await;
    let destination = target.addr.to_string();
    let users = [
        "--user",
        "alice:sec:ret",
        "--user",
        "bob:x",
        "--log",
        "trace",
    ];
    let mut server = start(&[&["--listen", "127.0.0.1:0"], &users[..]].concat());
    let addr = server.addr().await;
    let login = |name, password| {
        Peer::script()
            .greet([0, 2])
            .expect_method(2)
            .login(name, password)
    };
    for (name, password) in [("alice", "sec:ret"), ("bob", "x")] {
        let script = login(name, password).expect_login(true);
        let mut peer = script.connect(&destination).expect_reply(0).run(addr).await;
        echoes(&mut peer).await;
    }
    for (name, password) in [("alice", "sec"), ("alice:sec", "ret"), ("bob", "sec:ret")] {
        login(name, password)
            .expect_login(false)
            .expect_end()
            .run(addr)
            .await;
    }
    Peer::script()
        .greet([0])
        .expect_method(0xff)
        .expect_end()
        .run(addr)
        .await;
    let four = Peer::script().request4(1, &destination, "alice");
    four.expect_reply4(0x5b).expect_end().run(addr).await;

    server.signal("TERM").await;
    let (_, log) = server.end().await;
    assert!(
        log.contains("user=alice") && !log.contains("sec:ret"),
        "{log}"
    );
}

/// R5-14, R5-18, S4-2, SE-36: which methods there are depends on the listener and on the client.
#[tokio::test]
async fn methods_by_listener_and_client() {
    let target = Target::echo().await;
    let destination = target.addr.to_string();
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("socks.toml");
    let file = "listen = ['127.0.0.1:0']\n\
        [[user]]\nname = 'alice'\npassword = 'secret'\n\
        [[listener]]\naddress = '127.0.0.2:0'\nname = 'open'\nmethods = ['no-authentication', 'username-password']\n\
        [[auth.client]]\nnetworks = ['127.0.0.7/32']\nlistener = 'open'\nmethods = ['username-password']\n";
    fs::write(&path, file).unwrap();
    for workers in [&[][..], &["--workers", "2"]] {
        let config = ["--config", path.to_str().unwrap()];
        let mut server = start(&[&config, workers].concat());
        let (closed, open) = (server.addr().await, server.addr().await);
        let offers =
            |methods: &[u8], selected| Peer::script().greet(methods).expect_method(selected);
        let login = |script: Script| script.login("alice", "secret").expect_login(true);
        for (addr, from, script) in [
            (closed, "127.0.0.1", login(offers(&[0, 2], 2))),
            (closed, "127.0.0.1", offers(&[0], 0xff).expect_end()),
            (open, "127.0.0.1", offers(&[2, 0], 0)),
            (open, "127.0.0.1", login(offers(&[2], 2))),
            (open, "127.0.0.7", login(offers(&[0, 2], 2))),
            (open, "127.0.0.7", offers(&[0], 0xff).expect_end()),
        ] {
            script.run_from(from.parse().unwrap(), addr).await;
        }
        for (addr, from, code) in [
            (closed, "127.0.0.1", 0x5b),
            (open, "127.0.0.1", 0x5a),
            (open, "127.0.0.7", 0x5b),
        ] {
            let script = Peer::script().request4(1, &destination, "alice");
            let script = script.expect_reply4(code);
            script.run_from(from.parse().unwrap(), addr).await;
        }
    }
}

/// SE-9, SE-36: a client of an IPv4 network is of it on a listener for both families too, however the
/// network is written.
#[tokio::test]
async fn mapped_clients_have_the_methods_of_their_network() {
    if std::net::TcpListener::bind("[::]:0").is_err() {
        return;
    }
    let target = Target::echo().await;
    let destination = target.addr.to_string();
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("socks.toml");
    let file = "[[listener]]\naddress = '[::]:0'\nmethods = ['no-authentication']\n\
        [[user]]\nname = 'alice'\npassword = 'secret'\n\
        [[auth.client]]\nnetworks = ['127.0.0.7/32']\nmethods = ['username-password']\n\
        [[auth.client]]\nnetworks = ['::ffff:127.0.0.8/128']\nmethods = ['username-password']\n";
    fs::write(&path, file).unwrap();
    let mut server = start(&["--allow-private", "--config", path.to_str().unwrap()]);
    let addr = ([127, 0, 0, 1], server.addr().await.port()).into();
    for (from, method, code) in [
        ("127.0.0.1", 0, 0x5a),
        ("127.0.0.7", 0xff, 0x5b),
        ("127.0.0.8", 0xff, 0x5b),
    ] {
        let from = from.parse().unwrap();
        let script = Peer::script().greet([0]).expect_method(method);
        script.run_from(from, addr).await;
        let script = Peer::script().request4(1, &destination, "alice");
        script.expect_reply4(code).run_from(from, addr).await;
    }
}

/// R5-28, UD-12: what is switched off for everybody is 07.
#[tokio::test]
async fn bind_and_udp() {
    let echo = UdpEcho::start("127.0.0.1:0").await;
    for (flags, served) in [
        (&["--bind", "--udp"][..], true),
        (&["--no-bind", "--no-udp"], false),
        (&[], true),
    ] {
        let mut server = start(&[&["--listen", "127.0.0.1:0"], flags].concat());
        let addr = server.addr().await;
        let code = if served { 0 } else { 7 };
        let script = anonymous().bind("127.0.0.1:9").expect_reply(code);
        script.run(addr).await;
        let script = anonymous().udp_associate("0.0.0.0:0").expect_reply(code);
        let control = script.run(addr).await;
        if served {
            let client = UdpPeer::new("127.0.0.1:0", control.bound.unwrap()).await;
            client.echoes(&echo.addr.to_string(), echo.addr, b"x").await;
        }
    }
}

/// BI-4, BI-9, BI-10, BI-12, BI-21, SE-20, SE-59: BIND by default, and by every key of its table.
#[tokio::test]
async fn bind() {
    let mut server = start(&["--listen", "127.0.0.1:0"]);
    let addr = server.addr().await;
    let script = anonymous().bind("127.0.0.1:0").expect_reply(0);
    let mut client = script.run(addr).await;
    let bound = client.bound.unwrap();
    let mut peer = TcpStream::connect(bound).await.unwrap();
    assert_eq!(client.read(10).await[..2], [5, 0]);
    peer.write_all(b"220").await.unwrap();
    assert_eq!(client.read(3).await, b"220");
    let script = anonymous().bind("0.0.0.0:0").expect_reply(2);
    script.expect_end().run(addr).await;

    let dir = tempfile::tempdir().unwrap();
    let config = dir.path().join("socks.toml");
    let keys = "[bind]\nany_peer = true\nstrangers = 'refuse'\nports = '20000-29999'\n\
                external_ipv4 = '127.0.0.9'\nadvertised_ipv4 = '192.0.2.80'\n\
                excluded_ports = [20000]\nlisteners = 2\nlisteners_per_client = 1\n";
    fs::write(&config, keys).unwrap();
    let config = ["--config", config.to_str().unwrap()];
    let mut server = start(&[&["--listen", "127.0.0.1:0"], &config[..]].concat());
    let addr = server.addr().await;
    for (expected, code) in [("127.0.0.2:0", 2), ("0.0.0.0:0", 0)] {
        let script = anonymous().bind(expected).expect_reply(0);
        let mut client = script.run(addr).await;
        let bound = client.bound.unwrap();
        assert_eq!(bound.ip().to_string(), "192.0.2.80");
        assert!((20_001..30_000).contains(&bound.port()), "{bound}");
        let more = anonymous().bind(expected).expect_reply(2);
        more.expect_end().run(addr).await;
        let inside = SocketAddr::new("127.0.0.9".parse().unwrap(), bound.port());
        let _peer = TcpStream::connect(inside).await.unwrap();
        assert_eq!(client.read(10).await[..2], [5, code], "{expected}");
    }
}

/// SE-11: the server does not connect to itself, whichever of its listeners is asked.
#[tokio::test]
async fn no_loops() {
    if !support::has_ipv6().await {
        return;
    }
    let mut server = start(&["--listen", "127.0.0.1:0", "--listen", "[::1]:0"]);
    let (v4, v6) = (server.addr().await, server.addr().await);
    for (by, to) in [(v4, v4), (v4, v6), (v6, v4), (v6, v6)] {
        let script = anonymous().connect(&to.to_string());
        script.expect_reply(2).expect_end().run(by).await;
    }
}

#[tokio::test]
async fn workers_share_a_port() {
    let target = Target::echo().await;
    let destination = target.addr.to_string();
    for workers in ["1", "3"] {
        let mut server = start(&["--listen", "127.0.0.1:0", "--workers", workers]);
        let addr = server.addr().await;
        for _ in 0..16 {
            let script = anonymous().connect(&destination).expect_reply(0);
            let mut peer = script.run(addr).await;
            echoes(&mut peer).await;
            peer.finish().await;
        }
        server.signal("TERM").await;
        let (status, log) = server.end().await;
        assert!(status.success(), "{log}");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn unix_sockets() {
    let target = Target::echo().await;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("socks");
    let listen = format!("unix:{}", path.display());
    for flags in [&[][..], &["--workers", "2"]] {
        let mut server =
            start(&[&["--listen", &listen, "--listen", "127.0.0.1:0"], flags].concat());
        let tcp = server.addr().await;
        assert_eq!(server.listening().await, listen);
        let stream = tokio::net::UnixStream::connect(&path).await.unwrap();
        let script = || {
            anonymous()
                .connect(&target.addr.to_string())
                .expect_reply(0)
        };
        let mut peer = script().run_over(stream).await;
        peer.send("hello").await;
        assert_eq!(peer.finish().await, b"hello");
        assert_eq!(script().run(tcp).await.finish().await, b"");

        // Somebody listens there, so a second server does not take it over.
        let second = output(SERVER, &["--listen", &listen]).await;
        assert!(!second.status.success());
        server.signal("INT").await;
        assert!(server.end().await.0.success());
        assert!(!path.exists());
    }

    // What a killed server leaves behind is replaced; another file is not.
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    assert!(path.exists());
    assert_eq!(start(&["--listen", &listen]).listening().await, listen);
    let file = dir.path().join("file");
    fs::write(&file, "precious").unwrap();
    let refused = output(SERVER, &["--listen", &format!("unix:{}", file.display())]).await;
    assert!(!refused.status.success());
    assert_eq!(fs::read(&file).unwrap(), b"precious");
}

/// SE-54: the first signal closes the listener and lets the tunnel end; then the server exits 0.
#[tokio::test]
async fn drain() {
    let target = Target::echo().await;
    for flags in [&[][..], &["--workers", "1"]] {
        let mut server = start(&[&["--listen", "127.0.0.1:0"], flags].concat());
        let addr = server.addr().await;
        let script = anonymous()
            .connect(&target.addr.to_string())
            .expect_reply(0);
        let mut peer = script.run(addr).await;
        server.signal("TERM").await;
        server.line("draining").await;
        assert!(TcpStream::connect(addr).await.is_err());
        echoes(&mut peer).await;
        assert_eq!(peer.finish().await, b"");
        let (status, log) = server.end().await;
        assert_eq!(status.code(), Some(0), "{log}");
    }
}

#[tokio::test]
async fn a_second_signal_ends_at_once() {
    let target = Target::echo().await;
    let mut server = start(&["--listen", "127.0.0.1:0"]);
    let addr = server.addr().await;
    let script = anonymous()
        .connect(&target.addr.to_string())
        .expect_reply(0);
    let mut peer = script.run(addr).await;
    echoes(&mut peer).await;
    server.signal("TERM").await;
    server.line("draining").await;
    server.signal("INT").await;
    assert_eq!(server.end().await.0.code(), Some(1));
}

/// More clients than sessions wait until one is free.
#[tokio::test]
async fn session_limit() {
    let target = Target::echo().await;
    let dir = tempfile::tempdir().unwrap();
    let config = dir.path().join("socks.toml");
    fs::write(
        &config,
        "listen = [\"127.0.0.1:0\"]\n[limits]\nsessions = 1\n",
    )
    .unwrap();
    let mut server = start(&["--config", config.to_str().unwrap()]);
    let addr = server.addr().await;
    let script = || {
        anonymous()
            .connect(&target.addr.to_string())
            .expect_reply(0)
    };
    let mut first = script().run(addr).await;
    let second = tokio::spawn(script().run(addr));
    echoes(&mut first).await;
    assert!(!second.is_finished());
    first.finish().await;
    echoes(&mut within("second", second).await.unwrap()).await;
}

/// UP-18, SE-2, SE-35.
#[tokio::test]
async fn warnings_about_open_listeners() {
    let mut server = start(&["--listen", "0.0.0.0:0"]);
    server.addr().await;
    assert!(server.line("no authentication").await.contains("WARN"));
    let mut server = start(&["--listen", "0.0.0.0:0", "--user", "alice:secret"]);
    server.addr().await;
    let line = server.line("in the clear").await;
    assert!(line.contains("WARN") && !line.contains("secret"), "{line}");
    let server = start(&["--listen", "127.0.0.1:0"]);
    quiet(server).await;
    let server = start(&["--listen", "0.0.0.0:0", "--log", "error"]);
    quiet(server).await;
}

async fn quiet(mut server: Example) {
    server.addr().await;
    server.signal("TERM").await;
    let (status, log) = server.end().await;
    assert!(status.success() && !log.contains("WARN"), "{log}");
}

/// SE-5, SE-11: clients of a listener that others reach do not reach the machine itself unless
/// `--allow-private` says so, and the server's own listener never.
#[tokio::test]
async fn a_listener_that_others_reach() {
    let Some(ip) = own_address().await else {
        println!("skipped: this machine has no address but loopback");
        return;
    };
    let own_listener = TcpListener::bind(SocketAddr::new(ip, 0)).await.unwrap();
    let own = own_listener.local_addr().unwrap().to_string();
    let target = Target::echo().await;
    let loopback = target.addr.to_string();
    let listen = SocketAddr::new(ip, 0).to_string();
    for (flags, code) in [(&[][..], 2), (&["--allow-private"], 0)] {
        let mut server = start(&[&["--listen", &listen], flags].concat());
        let addr = server.addr().await;
        for destination in [&own, &loopback] {
            let script = anonymous().connect(destination).expect_reply(code);
            script.run(addr).await;
        }
        let script = anonymous().connect(&addr.to_string()).expect_reply(2);
        script.expect_end().run(addr).await;
    }
}

/// The address from which this machine would reach a documentation address; nothing is sent.
async fn own_address() -> Option<std::net::IpAddr> {
    let socket = tokio::net::UdpSocket::bind("0.0.0.0:0").await.ok()?;
    socket.connect("198.51.100.1:9").await.ok()?;
    let ip = socket.local_addr().ok()?.ip();
    (!ip.is_loopback() && !ip.is_unspecified()).then_some(ip)
}

#[tokio::test]
async fn check() {
    let sample = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/socks-server/socks-server.toml"
    );
    let flags = [
        "--check",
        "--config",
        sample,
        "--user",
        "alice:hunter2",
        "--no-udp",
    ];
    let good = output(SERVER, &flags).await;
    assert!(good.status.success(), "{good:?}");
    let printed = String::from_utf8(good.stdout).unwrap();
    for line in [
        "listen: 127.0.0.1:1080",
        "users alice",
        "udp: false",
        "bind: Bind { any_peer: false",
        "workers: none",
    ] {
        assert!(printed.contains(line), "{line} in {printed}");
    }
    assert!(!printed.contains("hunter2"));

    let dir = tempfile::tempdir().unwrap();
    let config = dir.path().join("bad.toml");
    fs::write(&config, "[[user]]\nname = 'a'\npassword = 12345\n").unwrap();
    let path = config.to_str().unwrap();
    for (flags, expected) in [
        (
            ["--config", path],
            format!("{path}:3:12: user.password: wrong value, expected a string"),
        ),
        (["--config", "/"], "/: Is a directory".to_owned()),
        (
            ["--config", "/nowhere"],
            "/nowhere: No such file".to_owned(),
        ),
        (
            ["--user", "alice"],
            "--user: expected NAME:PASSWORD".to_owned(),
        ),
        (
            ["--listen", "localhost"],
            "expected IP:PORT or unix:/PATH".to_owned(),
        ),
        (["--workers", "0"], "--workers".to_owned()),
    ] {
        for check in [&["--check"][..], &[]] {
            let bad = output(SERVER, &[check, &flags].concat()).await;
            assert!(!bad.status.success());
            let message = String::from_utf8(bad.stderr).unwrap();
            assert!(message.contains(&expected), "{expected} in {message}");
            assert!(!message.contains("12345"), "{message}");
        }
    }
}

#[tokio::test]
async fn help_tells_what_to_know() {
    let help = output(SERVER, &["--help"]).await;
    let help = String::from_utf8(help.stdout).unwrap();
    for part in ["process list", "07", "unix:/PATH", "--no-bind"] {
        assert!(help.contains(part), "{part} in {help}");
    }
}

/// A port in use is an error that names it.
#[tokio::test]
async fn an_address_in_use() {
    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = taken.local_addr().unwrap().to_string();
    for flags in [&[][..], &["--workers", "2"]] {
        let failed = output(SERVER, &[&["--listen", &addr], flags].concat()).await;
        assert!(!failed.status.success());
        let message = String::from_utf8(failed.stderr).unwrap();
        assert!(
            message.starts_with(&format!("socks-server: {addr}: ")),
            "{message}"
        );
    }
}
