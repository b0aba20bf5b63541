//! When a connection stops being half-open, for each way a handshake can go.

use e2e::{open, with_login};
use socks_tower::{
    HalfOpenLayer, SessionEnd, TcpBinder, Throttle, UdpRelay, half_open::HalfOpenHandle,
};
use support::{Peer, Script, Server, Target};
use tokio::{io::AsyncReadExt, net::TcpStream, task::yield_now};
use tower::Layer;

fn greeting() -> Script {
    Peer::script().greet([0]).expect_method(0)
}

/// The server's task does what it has to do.
async fn until(half_open: &HalfOpenHandle, len: u32) {
    for _ in 0..1000 {
        if half_open.len() == len {
            return;
        }
        yield_now().await;
    }
    panic!("{} half-open, not {len}", half_open.len());
}

/// SE-15: not any more once the request was answered with a success, for each command, while the session goes on.
#[tokio::test]
async fn until_the_request_is_answered() {
    let target = Target::echo().await;
    let destination = target.addr.to_string();
    let socks = open(target.addr)
        .binder(TcpBinder::new())
        .udp_relayer(UdpRelay::new());
    let layer = HalfOpenLayer::new(None);
    let half_open = layer.handle();
    let mut server = Server::start(layer.layer(socks)).await;
    for request in [
        greeting().connect(&destination).expect_reply(0),
        greeting().bind("127.0.0.1:9").expect_reply(0),
        greeting().udp_associate("0.0.0.0:0").expect_reply(0),
        Peer::script()
            .request4(1, &destination, "")
            .expect_reply4(0x5a),
        Peer::script()
            .request4(2, "127.0.0.1:9", "")
            .expect_reply4(0x5a),
    ] {
        let idle = TcpStream::connect(server.addr).await.unwrap();
        until(&half_open, 1).await;
        let greeted = greeting().run(server.addr).await;
        until(&half_open, 2).await;
        let served = request.run(server.addr).await;
        until(&half_open, 2).await;
        drop((idle, greeted));
        until(&half_open, 0).await;
        for _ in 0..2 {
            let report = server.report().await;
            assert!(matches!(report.end, SessionEnd::Disconnected));
        }
        drop(served);
        server.report().await;
        until(&half_open, 0).await;
    }
}

/// SE-15: a session that ends without a success counts until it is over.
#[tokio::test]
async fn until_the_session_is_over() {
    let layer = HalfOpenLayer::new(None);
    let half_open = layer.handle();
    let nowhere = "127.0.0.1:9".parse().unwrap();
    let mut server = Server::start(layer.layer(with_login(nowhere))).await;
    let login = |password| {
        let script = Peer::script().greet([2]).expect_method(2);
        script.login("user", password)
    };
    for refused in [
        Peer::script().greet([0]).expect_method(0xff).expect_end(),
        login("wrong").expect_login(false).expect_end(),
        login("pass")
            .expect_login(true)
            .bind("127.0.0.1:9")
            .expect_reply(7)
            .expect_end(),
    ] {
        refused.run(server.addr).await;
        server.report().await;
        until(&half_open, 0).await;
    }
    assert_eq!(half_open.refused(), 0);
}

/// SE-15, SE-19: a client with as many half-open connections as it may have gets no further one, not even a SOCKS
/// answer, until one of them is a tunnel.
#[tokio::test]
async fn one_too_many() {
    let target = Target::silent().await;
    let destination = target.addr.to_string();
    let layer = HalfOpenLayer::new(None).per_client(Throttle::at_most(1));
    let half_open = layer.handle();
    let mut server = Server::start(layer.layer(open(target.addr))).await;
    let first = greeting().run(server.addr).await;
    let mut second = TcpStream::connect(server.addr).await.unwrap();
    assert!(second.read(&mut [0]).await.is_err(), "reset");
    let report = server.report().await;
    assert!(matches!(report.end, SessionEnd::NotAdmitted));
    assert_eq!(report.limit.as_deref(), Some("half-open"));
    assert_eq!(report.peer, second.local_addr().unwrap().into());
    assert_eq!(half_open.refused(), 1);

    let request = Script::new().connect(&destination).expect_reply(0);
    let _tunnel = request.run_over(first.stream).await;
    let script = greeting().connect(&destination).expect_reply(0);
    let _another = script.run(server.addr).await;
}
