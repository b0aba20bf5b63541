use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use mechanism::{Mechanism, OVERHEAD};
use socks_core::{Address, ReplyCode, gssapi::Services, message::ConnInfo};
use socks_tower::{
    Association, UdpRelay,
    client::{Client, Socks5Client},
    udp::{DropReason, UdpCounters},
};
use support::{Server, UdpEcho, udp_datagram};
use tokio::{
    net::{TcpStream, UdpSocket},
    sync::mpsc,
};
use tower::ServiceExt;

use crate::{ONE, TWO, holds, method, served, tap::Tap};

const NOWHERE: &str = "127.0.0.1:9";

async fn dial(server: &Server, mechanism: &Mechanism) -> Socks5Client<TcpStream> {
    let client = Client::dial_socks5(server.addr).await.unwrap();
    client.method(method(mechanism, ONE.or(TWO)))
}

/// UD-19, GS-24: header and data are wrapped together, both ways, and with confidentiality neither is on
/// the wire in clear.
#[tokio::test]
async fn echoes() {
    for (levels, in_clear) in [(TWO, false), (ONE, true)] {
        let echo = UdpEcho::start("127.0.0.1:0").await;
        let (tap, relay) = Tap::udp().await;
        let (tapped, relay) = (tap.addr, Mutex::new(Some(relay)));
        let udp = UdpRelay::new().advertise(move |_: &ConnInfo, bound: SocketAddr| {
            let told = relay.lock().unwrap().take().unwrap();
            told.send(bound).unwrap();
            tapped
        });
        let mechanism = Mechanism::new();
        let service = served(NOWHERE.parse().unwrap(), &mechanism, levels);
        let server = Server::start(service.udp_relayer(udp)).await;
        let mut client = dial(&server, &mechanism)
            .await
            .udp_associate()
            .await
            .unwrap();
        let mut heard = [0; 2000];
        for size in [0, 1, 1400] {
            let data = [&b"a payload "[..], &vec![7; size]].concat();
            client.send_to(&data, echo.addr).await.unwrap();
            let (len, from) = client.recv_from(&mut heard).await.unwrap();
            assert_eq!((&heard[..len], from), (&data[..], echo.addr.into()));
        }
        let wire = tap.heard();
        let header = udp_datagram(0, &echo.addr.to_string(), b"");
        for part in [&b"a payload"[..], &header] {
            assert_eq!(holds(&wire, part), in_clear);
        }
    }
}

/// UD-35, GS-25: the space that is told shrinks by header, frame and mechanism, is all there, and is
/// all there is.
#[tokio::test]
async fn sizes() {
    let echo = UdpEcho::start("127.0.0.1:0").await;
    let mechanism = Mechanism::new();
    let service = served(NOWHERE.parse().unwrap(), &mechanism, TWO);
    let server = Server::start(service.udp_relayer(UdpRelay::new())).await;
    let mut client = dial(&server, &mechanism)
        .await
        .udp_associate()
        .await
        .unwrap();
    let to: Address = echo.addr.into();
    let most = client.max_payload(&to);
    assert_eq!(most, 65_507 - 4 - OVERHEAD - 10);
    let data = vec![7; most];
    assert_eq!(client.send_to(&data, to.clone()).await.unwrap(), most);
    let mut heard = vec![0; 66_000];
    let (len, _) = client.recv_from(&mut heard).await.unwrap();
    assert!(heard[..len] == data);
    let error = client.send_to(&vec![7; most + 1], to).await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput);
}

/// A relay whose counters arrive here.
fn counted() -> (
    impl socks_tower::UdpRelayer,
    mpsc::UnboundedReceiver<Arc<UdpCounters>>,
) {
    let (sender, counters) = mpsc::unbounded_channel();
    let udp = UdpRelay::new().map_response(move |association: Association| {
        let _ = sender.send(association.datagrams.clone());
        association
    });
    (udp, counters)
}

/// UD-15, UD-19, GS-24, GS-26: nothing in clear is relayed, nothing damaged and nothing twice; it is
/// dropped without a word, and the association goes on.
#[tokio::test]
async fn dropped_silently() {
    let echo = UdpEcho::start("127.0.0.1:0").await;
    let mechanism = Mechanism::new();
    let (udp, mut counters) = counted();
    let service = served(NOWHERE.parse().unwrap(), &mechanism, TWO);
    let server = Server::start(service.udp_relayer(udp)).await;
    let socket = Arc::new(UdpSocket::bind("127.0.0.1:0").await.unwrap());
    let client = dial(&server, &mechanism).await;
    let associated = client.udp_associate().await.unwrap();
    let counters = counters.recv().await.unwrap();
    let relay = associated.relay_addr();

    // The stand-in's contexts are all alike, so that a test can say what the client would.
    let (context, _) = mechanism.contexts("alice@EXAMPLE.ORG");
    let wrapped = |confidential, data: &[u8]| {
        let clear = udp_datagram(0, &echo.addr.to_string(), data);
        let mut token = Vec::new();
        context.wrap(confidential, &clear, &mut token).unwrap();
        let len = u16::try_from(token.len()).unwrap().to_be_bytes();
        [&[1, 3, len[0], len[1]], &token[..]].concat()
    };
    // Numbers 0 and 1 are the level's and the request's.
    for _ in 0..2 {
        context.wrap(true, b"", &mut Vec::new()).unwrap();
    }
    let good = wrapped(true, b"first");
    let mut damaged = wrapped(true, b"damaged");
    *damaged.last_mut().unwrap() ^= 1;
    let unencrypted = wrapped(false, b"not confidential");
    let last = wrapped(true, b"last");
    let clear = udp_datagram(0, &echo.addr.to_string(), b"in clear");
    for datagram in [&clear, &damaged, &unencrypted, &good, &good, &good, &last] {
        socket.send_to(datagram, relay).await.unwrap();
    }
    let mut heard = [0; 200];
    for data in [&b"first"[..], b"last"] {
        let (len, _) = socket.recv_from(&mut heard).await.unwrap();
        let mut plain = Vec::new();
        context.unwrap(&heard[4..len], &mut plain).unwrap();
        assert!(plain.ends_with(data));
    }
    assert_eq!(counters.dropped(DropReason::Protection), 5);
}

/// GS-26: the client discards what comes twice, in clear or damaged, from the relay's own address.
#[tokio::test]
async fn a_client_discards_silently() {
    let mechanism = Mechanism::new();
    let (control, io) = tokio::io::duplex(4096);
    let relay = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let addr = relay.local_addr().unwrap();
    // A relayer that leaves the relaying to this test, and says that it protects.
    let told = tower::service_fn(move |_: socks_core::message::Associate| async move {
        let relaying = std::future::pending();
        let association = Association::new(addr, Arc::default(), relaying);
        Ok::<_, socks_tower::BoxError>(association.protected(true))
    });
    let service = served(NOWHERE.parse().unwrap(), &mechanism, TWO).udp_relayer(told);
    tokio::spawn(service.oneshot(socks_tower::Incoming::unnamed(io)));
    let client = Client::socks5(control).method(method(&mechanism, TWO));
    let mut client = client.udp_associate().await.unwrap();
    client.send_to(b"hello", addr).await.unwrap();
    let (_, client_addr) = relay.recv_from(&mut [0; 200]).await.unwrap();

    let (_, context) = mechanism.contexts("alice@EXAMPLE.ORG");
    for _ in 0..2 {
        context.wrap(true, b"", &mut Vec::new()).unwrap();
    }
    let wrapped = |data: &[u8]| {
        let mut token = Vec::new();
        let clear = udp_datagram(0, NOWHERE, data);
        context.wrap(true, &clear, &mut token).unwrap();
        let len = u16::try_from(token.len()).unwrap().to_be_bytes();
        [&[1, 3, len[0], len[1]], &token[..]].concat()
    };
    let (first, mut damaged, last) = (wrapped(b"first"), wrapped(b"damaged"), wrapped(b"last"));
    damaged[10] ^= 1;
    let clear = udp_datagram(0, NOWHERE, b"in clear");
    for datagram in [&clear, &first, &first, &damaged, &last, &first] {
        relay.send_to(datagram, client_addr).await.unwrap();
    }
    let mut heard = [0; 200];
    for data in [&b"first"[..], b"last"] {
        let (len, _) = client.recv_from(&mut heard).await.unwrap();
        assert_eq!(&heard[..len], data);
    }
}

/// UD-19, GS-26: behind a protection that has none for datagrams, or with a relayer that does not
/// use it, there is no association; never one in clear.
#[tokio::test]
async fn refused_without_protection() {
    let no_replay_detection = Mechanism::new().services(Services {
        integrity: true,
        confidentiality: true,
        replay_detection: false,
    });
    let service = served(NOWHERE.parse().unwrap(), &no_replay_detection, TWO);
    let server = Server::start(service.udp_relayer(UdpRelay::new())).await;
    let client = dial(&server, &no_replay_detection).await;
    let error = client.udp_associate().await.unwrap_err();
    assert_eq!(error.reply_code(), Some(ReplyCode::GENERAL_FAILURE));

    let mechanism = Mechanism::new();
    let forgetful = UdpRelay::new().map_response(|association: Association| {
        assert!(association.protected, "the relay itself does");
        association.protected(false)
    });
    let service = served(NOWHERE.parse().unwrap(), &mechanism, TWO).udp_relayer(forgetful);
    let mut server = Server::start(service).await;
    let error = dial(&server, &mechanism)
        .await
        .udp_associate()
        .await
        .unwrap_err();
    assert_eq!(error.reply_code(), Some(ReplyCode::GENERAL_FAILURE));
    let report = server.report().await;
    assert_eq!(report.end.code(), Some(ReplyCode::GENERAL_FAILURE));
}
