use std::{io::Write, net::SocketAddr, ops::RangeInclusive, sync::Arc, time::Duration};

use socket2::SockRef;
use socks_core::message::{Bind, ConnInfo, Endpoint, Identity, Permit, SessionId, Version};
use tokio::{io::AsyncReadExt, net::TcpStream};
use tower::ServiceExt;

use super::{
    BindErrorKind, TcpBinder,
    limit::{Limit, Listeners},
    ports::Ports,
};
use crate::Binder;

fn bind(destination: &str) -> Bind {
    let endpoint = |addr: &str| Endpoint::from(addr.parse::<SocketAddr>().unwrap());
    let (peer, local) = (endpoint("127.0.0.1:50000"), endpoint("127.0.0.1:1080"));
    let conn = ConnInfo::new(SessionId(1), Version::Socks5, peer, local);
    let destination: SocketAddr = destination.parse().unwrap();
    let identity = Arc::new(Identity::anonymous());
    Bind::new(Arc::new(conn), identity, destination.into(), Permit::new())
}

/// BI-8: when the address is known to anybody the socket listens, whether or not somebody waits for
/// the peer already; and it waits in the backlog, with what it says (`BI-10`).
#[tokio::test]
async fn it_listens_before_it_answers() {
    let bound = TcpBinder::new().oneshot(bind("127.0.0.1:0")).await.unwrap();
    let mut peer = std::net::TcpStream::connect(bound.addr).unwrap();
    peer.write_all(b"220").unwrap();
    let mut accepted = bound.accept.await.unwrap();
    let mut heard = [0; 3];
    accepted.stream.read_exact(&mut heard).await.unwrap();
    assert_eq!(&heard, b"220");
}

/// SE-52: the accepted socket has keepalive, and `TCP_NODELAY`.
#[tokio::test]
async fn the_accepted_socket() {
    for (binder, keepalive) in [
        (TcpBinder::new(), Some(60)),
        (TcpBinder::new().keepalive(Duration::from_secs(7)), Some(7)),
        (TcpBinder::new().keepalive(None), None),
    ] {
        let bound = binder.oneshot(bind("127.0.0.1:0")).await.unwrap();
        let peer = TcpStream::connect(bound.addr).await.unwrap();
        let accepted = bound.accept.await.unwrap();
        assert_eq!(accepted.peer, peer.local_addr().unwrap());
        assert!(accepted.stream.nodelay().unwrap());
        let socket = SockRef::from(&accepted.stream);
        assert_eq!(socket.keepalive().unwrap(), keepalive.is_some());
        if let Some(seconds) = keepalive {
            let idle = socket.tcp_keepalive_time().unwrap();
            assert_eq!(idle, Duration::from_secs(seconds));
        }
    }
}

/// SE-59: listeners count for their client's address, an IPv6 client's for its network, and no
/// longer than they live.
#[test]
fn limits() {
    let listeners = Listeners::default();
    let limit = Limit {
        per_client: 2,
        total: 5,
    };
    let take = |ip: &str| listeners.take(ip.parse().ok(), limit);
    let kind = |ip: &str| take(ip).map_err(|error| error.kind()).err();
    let over = Some(BindErrorKind::ClientLimit);

    let mut held = vec![
        take("192.0.2.1").unwrap(),
        take("::ffff:192.0.2.1").unwrap(),
    ];
    assert_eq!(kind("192.0.2.1"), over);
    assert_eq!(kind("192.0.2.2"), None);
    held.push(take("2001:db8::1").unwrap());
    held.push(take("2001:db8::2:0:0:1").unwrap());
    assert_eq!(kind("2001:db8::3"), over);
    assert_eq!(kind("2001:db8:0:1::1"), None);
    held.push(take("no address").unwrap());
    assert_eq!(kind("192.0.2.3"), Some(BindErrorKind::TotalLimit));
    held.remove(0);
    assert_eq!(kind("192.0.2.1"), None);
    drop(held);
    assert_eq!(format!("{listeners:?}").matches("clients: {}").count(), 1);
}

/// BI-3, BI-21, SE-60: which wishes are granted, and what is tried without one.
#[test]
fn ports() {
    let any = Ports {
        range: None,
        excluded: [8080].into(),
    };
    let wish = |ports: &Ports, wish| ports.candidates(wish).next();
    for (port, first) in [(2000, 2000), (0, 0), (80, 0), (1023, 0), (8080, 0)] {
        assert_eq!(wish(&any, port), Some(first), "{port}");
    }
    let few = Ports {
        range: Some(1020..=1027),
        excluded: [1026].into(),
    };
    for port in [80, 1020, 1026, 1028] {
        assert_ne!(wish(&few, port), Some(port));
    }
    assert_eq!(wish(&few, 1025), Some(1025));
    let mut all: Vec<_> = few.candidates(0).collect();
    all.sort_unstable();
    assert_eq!(all, [1024, 1025, 1027]);
    for empty in [1..=1023, 0..=0, RangeInclusive::new(3000, 2000)] {
        let none = Ports {
            range: Some(empty),
            ..Ports::default()
        };
        assert_eq!(wish(&none, 0), None, "{none:?}");
    }
    let wide = Ports {
        range: Some(1024..=u16::MAX),
        ..Ports::default()
    };
    assert_eq!(wide.candidates(0).count(), 64);
    let firsts: Vec<_> = (0..8).map(|_| wish(&wide, 0)).collect();
    assert!(firsts.iter().any(|first| *first != firsts[0]), "SE-29");
}

#[test]
fn it_is_a_binder() {
    fn is_binder(_: impl Binder<TcpStream>) {}
    is_binder(TcpBinder::new());
}
