//! The small examples.

mod common;

use common::{Example, output};
use support::{Pace, Peer, Script, Target};

const MINIMAL: &str = env!("CARGO_BIN_EXE_minimal");
const CUSTOM_AUTH: &str = env!("CARGO_BIN_EXE_custom_auth");
const CUSTOM_CONNECTOR: &str = env!("CARGO_BIN_EXE_custom_connector");
const BLOCKING_SERVER: &str = env!("CARGO_BIN_EXE_blocking_server");

fn anonymous() -> Script {
    Peer::script().greet([0]).expect_method(0)
}

async fn echoes(script: Script, server: &mut Example) {
    let mut peer = script.run(server.addr().await).await;
    peer.send("hello").await;
    assert_eq!(peer.finish().await, b"hello");
}

#[tokio::test]
async fn minimal() {
    let target = Target::echo().await;
    let mut server = Example::start(MINIMAL, &["127.0.0.1:0"]);
    let script = anonymous()
        .connect(&target.addr.to_string())
        .expect_reply(0);
    echoes(script, &mut server).await;
}

/// The group decides: staff goes where a guest does not.
#[tokio::test]
async fn custom_auth() {
    let target = Target::echo().await;
    let mut server = Example::start(CUSTOM_AUTH, &["127.0.0.1:0"]);
    let addr = server.addr().await;
    let login = |name, password| {
        Peer::script()
            .greet([0, 2])
            .expect_method(2)
            .login(name, password)
    };
    let destination = target.addr.to_string();
    let staff = login("alice", "wonderland").expect_login(true);
    let mut peer = staff.connect(&destination).expect_reply(0).run(addr).await;
    peer.send("hello").await;
    assert_eq!(peer.finish().await, b"hello");

    let guest = login("bob", "builder").expect_login(true);
    guest
        .connect(&destination)
        .expect_reply(2)
        .expect_end()
        .run(addr)
        .await;
    for (name, password) in [("alice", "builder"), ("carol", "wonderland"), ("alice", "")] {
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
}

#[tokio::test]
async fn custom_connector() {
    let (home, other) = (Target::source("home").await, Target::source("other").await);
    let home = home.addr.to_string();
    let mut server = Example::start(CUSTOM_CONNECTOR, &["127.0.0.1:0", &home]);
    let addr = server.addr().await;
    for (destination, said) in [
        ("home.test:80", &b"home"[..]),
        (&other.addr.to_string(), b"other"),
    ] {
        let mut peer = anonymous()
            .connect(destination)
            .expect_reply(0)
            .run(addr)
            .await;
        assert_eq!(peer.finish().await, said);
    }
}

#[tokio::test]
async fn blocking_server() {
    let mut target = Target::silent().await;
    let destination = target.addr.to_string();
    let mut server = Example::start(BLOCKING_SERVER, &["127.0.0.1:0"]);
    let addr = server.addr().await;
    let five = |pace| {
        anonymous()
            .connect(&destination)
            .send("early")
            .expect_reply(0)
            .pace(pace)
    };
    for script in [
        five(Pace::AtOnce),
        five(Pace::OctetByOctet),
        Peer::script()
            .request4(1, &destination, "me")
            .send("early")
            .expect_reply4(0x5a),
    ] {
        let mut peer = script.run(addr).await;
        let accepted = target.accepted().await;
        let mut end = Peer {
            stream: accepted,
            bound: None,
        };
        assert_eq!(end.read(5).await, b"early");
        // The target ends first, and still hears what the client says afterwards.
        tokio::io::AsyncWriteExt::shutdown(&mut end.stream)
            .await
            .unwrap();
        assert_eq!(peer.rest().await, b"");
        peer.send("late").await;
        drop(peer);
        assert_eq!(end.rest().await, b"late");
    }

    let name = format!("localhost:{}", target.addr.port());
    Peer::script()
        .request4(1, &name, "")
        .expect_reply4(0x5a)
        .run(addr)
        .await;
    let refused = [
        anonymous().connect("127.0.0.1:1").expect_reply(5),
        anonymous().bind(&destination).expect_reply(7),
        Peer::script().greet([2]).expect_method(0xff),
        Peer::script().send("GET / HTTP/1.1\r\n\r\n"),
    ];
    for script in refused {
        script.expect_end().run(addr).await;
    }
}

/// Without access rules it is for this machine only.
#[tokio::test]
async fn blocking_server_stays_on_loopback() {
    let output = output(BLOCKING_SERVER, &["0.0.0.0:0"]).await;
    assert!(!output.status.success());
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(message.contains("listens on loopback only"), "{message}");
}
