use std::{
    convert::Infallible,
    future::{Future, pending},
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll, Waker},
    time::Duration,
};

use socks_core::{
    UserId,
    message::{
        AuthRequest, Authentication, ConnInfo, Credentials, Endpoint, Identity, Rejection,
        SessionId, Version,
    },
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::{Instant, interval},
};
use tower::{ServiceExt, service_fn};
use tower_layer::Layer;

use super::{IdentLayer, IdentPolicy, slots::Slots, started::Running};

/// A SOCKS4 client on loopback, whose host is `identd`, asked with `policy`.
async fn ask(identd: &TcpListener, policy: IdentPolicy, layer: IdentLayer) -> Authentication {
    let port = identd.local_addr().unwrap().port();
    let layer = layer.loopback(true).port(port).policy(move |_| policy);
    let peer: Endpoint = Endpoint::from(std::net::SocketAddr::from(([127, 0, 0, 1], 6191)));
    let local = Endpoint::from(std::net::SocketAddr::from(([127, 0, 0, 1], 1080)));
    let mut conn = ConnInfo::new(SessionId(1), Version::Socks4, peer, local);
    conn.direct = true;
    let claim = Credentials::UserId(UserId::new(b"fred").unwrap());
    let request = AuthRequest::new(Arc::new(conn), socks_core::Method(0), claim);
    let everybody = service_fn(|request: AuthRequest| async move {
        let identity = Identity::claimed(&request.credentials);
        Ok::<_, Infallible>(Authentication::Accepted(identity))
    });
    layer.layer(everybody).oneshot(request).await.unwrap()
}

async fn identd() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").await.unwrap()
}

fn unreachable(authentication: &Authentication) -> bool {
    let rejection = Rejection::IdentUnreachable;
    matches!(authentication, Authentication::Rejected(found) if *found == rejection)
}

/// ID-19, ID-21, ID-22: an ident server that says nothing holds a session up for 5 seconds, or for
/// as long as was set; then it is unidentified where ident is optional and rejected where it is
/// required.
#[tokio::test(start_paused = true)]
async fn a_silent_server_is_given_up() {
    let identd = identd().await;
    for (layer, seconds) in [
        (IdentLayer::new(), 5),
        (IdentLayer::new().timeout(Duration::from_secs(30)), 30),
    ] {
        let start = Instant::now();
        let answer = ask(&identd, IdentPolicy::Required, layer.clone()).await;
        assert!(unreachable(&answer), "{answer:?}");
        assert_eq!(start.elapsed().as_secs(), seconds);

        let start = Instant::now();
        match ask(&identd, IdentPolicy::Optional, layer).await {
            Authentication::Accepted(identity) => assert_eq!(identity.ident, None),
            rejected => panic!("{rejected:?}"),
        }
        assert_eq!(start.elapsed().as_secs(), seconds);
    }
}

/// ID-22: the deadline is for the whole lookup, however often an octet comes.
#[tokio::test(start_paused = true)]
async fn a_slow_server_is_given_up() {
    let identd = identd().await;
    let start = Instant::now();
    let asked = ask(&identd, IdentPolicy::Required, IdentLayer::new());
    let drip = async {
        let (mut stream, _) = identd.accept().await.unwrap();
        let mut second = interval(Duration::from_secs(1));
        let mut octets = 0;
        loop {
            second.tick().await;
            if stream.write_all(b"6").await.is_err() {
                break;
            }
            octets += 1;
            assert!(octets < 100);
        }
        pending::<()>().await;
    };
    let answer = tokio::select! {
        answer = asked => answer,
        () = drip => unreachable!(),
    };
    assert!(unreachable(&answer), "{answer:?}");
    assert_eq!(start.elapsed().as_secs(), 5);
}

/// ID-22, ID-23: the wait for a slot counts against the same deadline.
#[tokio::test(start_paused = true)]
async fn the_queue_has_the_same_deadline() {
    let identd = identd().await;
    let layer = IdentLayer::new().max_lookups_per_client(1);
    let start = Instant::now();
    let ask = || ask(&identd, IdentPolicy::Required, layer.clone());
    let answers = tokio::join!(ask(), ask(), ask());
    assert!(unreachable(&answers.0) && unreachable(&answers.1) && unreachable(&answers.2));
    assert_eq!(start.elapsed().as_secs(), 5);
}

/// ID-16: a host that sends without end is heard for 1000 octets, and then the connection is gone.
#[tokio::test]
async fn a_flood_is_not_heard_out() {
    let identd = identd().await;
    let asked = ask(&identd, IdentPolicy::Required, IdentLayer::new());
    let flood = async {
        let (mut stream, _) = identd.accept().await.unwrap();
        let mut query = [0; 11];
        stream.read_exact(&mut query).await.unwrap();
        assert_eq!(&query, b"6191,1080\r\n");
        while stream.write_all(&[b'u'; 4096]).await.is_ok() {}
    };
    let (answer, ()) = tokio::join!(asked, flood);
    assert!(unreachable(&answer), "{answer:?}");
}

fn poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// ID-23: a client has its slots, all have theirs, and whoever is over the limit gets the next that
/// is free.
#[test]
fn slots() {
    let slots = Arc::new(Slots::new(2, 1));
    let [one, other, third] = ["192.0.2.1", "192.0.2.2", "192.0.2.3"].map(|ip| ip.parse().unwrap());
    let ready = |ip| match poll(pin!(slots.take(ip))) {
        Poll::Ready(slot) => slot,
        Poll::Pending => None,
    };
    let first = ready(one);
    assert!(first.is_some());
    assert!(ready(one).is_none(), "the client has one");
    let second = ready(other);
    assert!(second.is_some());
    assert!(ready(third).is_none(), "two in all");

    let mut waiting = pin!(slots.take(one));
    assert!(poll(waiting.as_mut()).is_pending());
    drop(first);
    assert!(poll(waiting.as_mut()).is_ready());
    drop(second);
    // A client whose lookups are over, or were given up in the queue, is forgotten.
    assert_eq!(slots.clients(), 0);
}

/// ID-23: a host that has many addresses of one IPv6 network counts once.
#[test]
fn a_network_of_ipv6_is_one_client() {
    let slots = Arc::new(Slots::new(9, 1));
    let first = poll(pin!(slots.take("2001:db8::1".parse().unwrap())));
    assert!(first.is_ready());
    assert!(poll(pin!(slots.take("2001:db8::2".parse().unwrap()))).is_pending());
    assert!(poll(pin!(slots.take("2001:db8:0:1::2".parse().unwrap()))).is_ready());
    assert_eq!(slots.clients(), 1);
}

/// ID-4: who waits for a lookup of a session that is over does not wait for ever.
#[tokio::test]
async fn a_lookup_that_was_dropped_names_nobody() {
    let (running, started) = Running::new(pending());
    drop(running);
    assert_eq!(started.answer().await, None);
}

/// ID-3: what a listener, or a socket itself, says is the connection's own; what is put in its
/// place is not.
#[tokio::test]
async fn direct_connections() {
    use crate::{Incoming, Listener};

    let mut listener = identd().await;
    let addr = listener.local_addr().unwrap();
    let _client = TcpStream::connect(addr).await.unwrap();
    let accepted = std::future::poll_fn(|cx| Listener::poll_accept(&mut listener, cx));
    let incoming = accepted.await.unwrap();
    assert!(incoming.is_direct());
    let (stream, incoming) = incoming.into_parts();
    let mut incoming = incoming.map_io(|()| stream).listener("name");
    assert!(incoming.is_direct());
    let peer = incoming.peer.clone();
    incoming.peer = Endpoint::Unnamed;
    assert!(!incoming.is_direct());
    incoming.peer = peer.clone();
    incoming.local = std::net::SocketAddr::from(([127, 0, 0, 1], 1)).into();
    assert!(!incoming.is_direct());

    let peer = peer.socket_addr().unwrap();
    let again = Incoming::tcp(incoming.io, peer).unwrap();
    assert!(again.is_direct());
    assert!(!Incoming::new(again.io, again.peer, again.local).is_direct());
}
