//! Failed logins are limited, over whole sessions.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use e2e::open;
use socks_auth::{AttemptLimitLayer, StaticUsers, SuccessCacheLayer};
use socks_core::message::AuthRequest;
use socks_tower::{Authenticator, Deadlines, Incoming, SessionEnd, SocksService};
use support::{Peer, Script, Server, Target};
use tokio::{
    io::duplex,
    net::{TcpSocket, TcpStream},
    time::{Instant, sleep},
};
use tower::{Layer, ServiceBuilder, ServiceExt, service_fn};

/// Users, how often they were verified, and how long that takes.
fn counted(takes: Duration) -> (Arc<AtomicUsize>, impl Authenticator) {
    let users = StaticUsers::from_iter([("alice", "right"), ("bob", "right")]);
    let verified = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&verified);
    let store = service_fn(move |request: AuthRequest| {
        counter.fetch_add(1, SeqCst);
        let users = users.clone();
        async move {
            sleep(takes).await;
            users.oneshot(request).await
        }
    });
    (verified, store)
}

fn logging_in(user: &str, password: &str, success: bool) -> Script {
    let script = Peer::script().greet([2]).expect_method(2);
    let script = script.login(user, password).expect_login(success);
    match success {
        true => script,
        false => script.expect_end(),
    }
}

/// A connection to `server` from another loopback address.
async fn from(last: u8, server: SocketAddr) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket
        .bind(SocketAddr::from(([127, 0, 0, last], 0)))
        .unwrap();
    socket.connect(server).await.unwrap()
}

/// UP-22, SE-33, UP-13: a thousand wrong tries from one address are cut off after ten verifications,
/// with the same answer to each, while another address logs in.
#[tokio::test]
async fn one_address_is_cut_off_while_another_logs_in() {
    let target = Target::echo().await;
    let (verified, store) = counted(Duration::ZERO);
    let limited = AttemptLimitLayer::new().layer(store);
    let server = Server::start(open(target.addr).authenticator(limited)).await;
    for attempt in 0..1000 {
        let user = ["alice", "nobody"][attempt % 2];
        let stream = from(2, server.addr).await;
        logging_in(user, "wrong", false).run_over(stream).await;
        if attempt % 100 == 50 {
            let before = verified.load(SeqCst);
            let stream = from(3, server.addr).await;
            let script = logging_in("bob", "right", true);
            let script = script.connect("example.com:80").expect_reply(0);
            let mut peer = script.run_over(stream).await;
            peer.send("hello").await;
            assert_eq!(peer.finish().await, b"hello");
            assert_eq!(verified.load(SeqCst), before + 1);
        }
    }
    assert_eq!(
        verified.load(SeqCst),
        10 + 10,
        "ten wrong ones and ten of bob's"
    );
    let stream = from(2, server.addr).await;
    logging_in("alice", "right", false).run_over(stream).await;
    let stream = from(3, server.addr).await;
    logging_in("alice", "right", true).run_over(stream).await;
}

/// UP-22: 64 guesses at once, before the first is answered, are no more than ten verifications; 64
/// right logins at once all get in.
#[tokio::test]
async fn at_once() {
    let target = Target::echo().await;
    for success in [false, true] {
        let (verified, store) = counted(Duration::from_millis(20));
        let limited = AttemptLimitLayer::new().layer(store);
        let server = Server::start(open(target.addr).authenticator(limited)).await;
        let password = if success { "right" } else { "wrong" };
        let logins: Vec<_> = (0..64)
            .map(|_| tokio::spawn(logging_in("alice", password, success).run(server.addr)))
            .collect();
        for login in logins {
            login.await.unwrap();
        }
        assert_eq!(verified.load(SeqCst), if success { 64 } else { 10 });
    }
}

/// A browser's worth of connections is one verification, and no wrong password gets in on it.
#[tokio::test]
async fn logins_are_remembered() {
    let target = Target::echo().await;
    let (verified, store) = counted(Duration::ZERO);
    let cache = SuccessCacheLayer::new();
    let authenticator = ServiceBuilder::new()
        .layer(AttemptLimitLayer::new())
        .layer(cache.clone())
        .service(store);
    let server = Server::start(open(target.addr).authenticator(authenticator)).await;
    for _ in 0..20 {
        logging_in("alice", "right", true).run(server.addr).await;
    }
    assert_eq!(verified.load(SeqCst), 1);
    let elsewhere = from(2, server.addr).await;
    logging_in("alice", "right", true).run_over(elsewhere).await;
    logging_in("alice", "wrong", false).run(server.addr).await;
    assert_eq!(verified.load(SeqCst), 3);
    cache.clear();
    logging_in("alice", "right", true).run(server.addr).await;
    assert_eq!(verified.load(SeqCst), 4);
}

/// UP-13: guesses at a password that is remembered are limited like others.
#[tokio::test]
async fn remembered_logins_cannot_be_guessed_without_limit() {
    let target = Target::echo().await;
    let (_, store) = counted(Duration::ZERO);
    let authenticator = ServiceBuilder::new()
        .layer(AttemptLimitLayer::new())
        .layer(SuccessCacheLayer::new())
        .service(store);
    let server = Server::start(open(target.addr).authenticator(authenticator)).await;
    logging_in("alice", "right", true).run(server.addr).await;
    for _ in 0..10 {
        logging_in("alice", "wrong", false).run(server.addr).await;
    }
    logging_in("alice", "right", false).run(server.addr).await;
}

/// A session of `socks` for a client at 10.0.0.`last`, and its end.
async fn session(socks: SocksService, last: u8, script: Script) -> SessionEnd {
    let (client, server) = duplex(4096);
    let peer = SocketAddr::from(([10, 0, 0, last], 40_000));
    let local = SocketAddr::from(([10, 0, 0, 0], 1080));
    let session = tokio::spawn(socks.oneshot(Incoming::new(server, peer, local)));
    drop(script.run_over(client).await);
    session.await.unwrap().unwrap().end
}

/// UP-22, SE-13: a delayed attempt ends with the handshake's deadline, in the words of a failed login,
/// and others are served meanwhile.
#[tokio::test(start_paused = true)]
async fn a_delay_ends_with_the_handshake() {
    let (verified, store) = counted(Duration::ZERO);
    let limited = AttemptLimitLayer::new().layer(store);
    let patient = open("127.0.0.1:9".parse().unwrap()).authenticator(limited);
    let hasty = Deadlines::default().handshake(Duration::from_secs(2));
    let hasty = patient.clone().deadlines(hasty);
    for last in 1..=20 {
        session(patient.clone(), last, logging_in("alice", "wrong", false)).await;
    }
    assert_eq!(verified.load(SeqCst), 20);

    let since = Instant::now();
    let delayed = tokio::spawn(session(hasty, 100, logging_in("alice", "right", false)));
    session(patient.clone(), 101, logging_in("bob", "right", true)).await;
    assert!(since.elapsed() < Duration::from_millis(100));
    let end = delayed.await.unwrap();
    assert!(matches!(end, SessionEnd::Authenticator(_)), "{end:?}");
    assert_eq!(since.elapsed().as_secs(), 2);
    assert_eq!(verified.load(SeqCst), 21, "bob alone");

    let since = Instant::now();
    session(patient, 100, logging_in("alice", "right", true)).await;
    assert_eq!(since.elapsed().as_secs(), 3);
}
