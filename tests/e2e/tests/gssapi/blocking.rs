use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    time::Duration,
};

use mechanism::Mechanism;
use socks_core::Address;
use socks_tower::{
    Incoming, SessionEnd,
    client::{Client, ClientErrorKind as Kind},
};
use support::{Peer, Server, Target};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    sync::Semaphore,
};
use tower::ServiceExt;

use crate::{TWO, method, served};

fn destination() -> Address {
    Address::domain("target.example", 80).unwrap()
}

/// A mechanism whose acceptor says when it is asked, and answers when it is told to.
struct Held {
    mechanism: Mechanism,
    asked: Arc<Semaphore>,
    release: mpsc::Sender<()>,
    most: Arc<AtomicUsize>,
}

fn held() -> Held {
    let (release, released) = mpsc::channel();
    let released = Mutex::new(released);
    let asked = Arc::new(Semaphore::new(0));
    let most = Arc::new(AtomicUsize::new(0));
    let (asks, counts, running) = (asked.clone(), most.clone(), AtomicUsize::new(0));
    let mechanism = Mechanism::new().on_step(move || {
        counts.fetch_max(1 + running.fetch_add(1, Ordering::SeqCst), Ordering::SeqCst);
        asks.add_permits(1);
        // Told, or the test is over.
        let _ = released.lock().unwrap().recv();
        running.fetch_sub(1, Ordering::SeqCst);
    });
    Held {
        mechanism,
        asked,
        release,
        most,
    }
}

impl Held {
    async fn asked(&self) {
        self.asked.acquire().await.unwrap().forget();
    }
}

/// The mechanism blocks a thread of its own: on a runtime of one thread others go on meanwhile.
#[tokio::test]
async fn others_go_on() {
    let target = Target::source("hello").await;
    let held = held();
    let server = Server::start(served(target.addr, &held.mechanism, TWO)).await;
    let client = Client::dial_socks5(server.addr).await.unwrap();
    let client = client.method(method(&Mechanism::new(), TWO));
    let connecting = tokio::spawn(client.connect(destination()));
    held.asked().await;

    let other = Server::start(e2e::open(target.addr)).await;
    let client = Client::dial_socks5(other.addr).await.unwrap();
    let mut heard = String::new();
    let mut tunnel = client.connect(destination()).await.unwrap();
    tunnel.read_to_string(&mut heard).await.unwrap();
    assert!(!connecting.is_finished());

    held.release.send(()).unwrap();
    let mut tunnel = connecting.await.unwrap().unwrap();
    heard.clear();
    tunnel.read_to_string(&mut heard).await.unwrap();
    assert_eq!(heard, "hello");
}

/// No more than the service's bound block at once, and who waits gets a turn.
#[tokio::test]
async fn bounded() {
    let target = Target::source("hello").await;
    let held = held();
    let service = served(target.addr, &held.mechanism, TWO).max_blocking(2);
    let server = Server::start(service).await;
    let mut connecting = Vec::new();
    for _ in 0..6 {
        let client = Client::dial_socks5(server.addr).await.unwrap();
        let client = client.method(method(&Mechanism::new(), TWO));
        connecting.push(tokio::spawn(client.connect(destination())));
    }
    for _ in 0..6 {
        held.asked().await;
        held.release.send(()).unwrap();
    }
    for tunnel in connecting {
        tunnel.await.unwrap().unwrap();
    }
    assert_eq!(held.most.load(Ordering::SeqCst), 2);
}

/// GS-9, GS-11, SE-13: a mechanism that does not answer does not outlive the handshake's deadline, on either side; the
/// server's ends with an abort.
#[tokio::test]
async fn deadlines() {
    let held = held();
    let service = served("127.0.0.1:9".parse().unwrap(), &held.mechanism, TWO);
    let (stream, io) = tokio::io::duplex(4096);
    let session = tokio::spawn(service.oneshot(Incoming::unnamed(io)));
    let client = Client::socks5(stream).method(method(&Mechanism::new(), TWO));
    let client = client.timeout(Duration::from_secs(3600));
    let connecting = tokio::spawn(client.connect(destination()));
    held.asked().await;
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(31)).await;
    let report = session.await.unwrap().unwrap();
    assert!(matches!(report.end, SessionEnd::TimedOut));
    let error = connecting.await.unwrap().unwrap_err();
    assert_eq!(error.kind(), Kind::Authentication);
    tokio::time::resume();

    let (stream, io) = tokio::io::duplex(4096);
    let service = served("127.0.0.1:9".parse().unwrap(), &Mechanism::new(), TWO);
    let mechanism = self::held();
    tokio::spawn(service.oneshot(Incoming::unnamed(io)));
    let client = Client::socks5(stream).method(method(&mechanism.mechanism, TWO));
    let client = client.timeout(Duration::from_secs(5));
    let connecting = tokio::spawn(client.connect(destination()));
    mechanism.asked().await;
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(6)).await;
    let error = connecting.await.unwrap().unwrap_err();
    assert_eq!(error.kind(), Kind::TimedOut);
}

/// GS-9: nor does a client that says nothing, and it gets the abort too.
#[tokio::test(start_paused = true)]
async fn silent_clients() {
    let service = served("127.0.0.1:9".parse().unwrap(), &Mechanism::new(), TWO);
    let (mut stream, io) = tokio::io::duplex(4096);
    let session = tokio::spawn(service.oneshot(Incoming::unnamed(io)));
    stream.write_all(b"\x05\x01\x01").await.unwrap();
    let mut heard = Vec::new();
    stream.read_to_end(&mut heard).await.unwrap();
    assert_eq!(heard, b"\x05\x01\x01\xff");
    drop(stream);
    let report = session.await.unwrap().unwrap();
    assert!(matches!(report.end, SessionEnd::TimedOut));
}

/// A client that resets its connection is not waited for.
#[tokio::test]
async fn gone_clients() {
    let held = held();
    let service = served("127.0.0.1:9".parse().unwrap(), &held.mechanism, TWO);
    let mut server = Server::start(service).await;
    let script = Peer::script().greet([1]).expect_method(1);
    let mut peer = script.run(server.addr).await;
    peer.send(b"\x01\x01\x00\x03I\x01a").await;
    held.asked().await;
    peer.stream.set_zero_linger().unwrap();
    drop(peer);
    let report = server.report().await;
    assert!(matches!(report.end, SessionEnd::Disconnected));
}
