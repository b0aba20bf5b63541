use std::net::SocketAddr;

use proptest::prelude::*;
use proxy_header::{ProxiedAddress, ProxyHeader, SslInfo, Tlv};
use socks_core::message::{Endpoint, TlsPeer};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex},
    time::Instant,
};
use tower_layer::Layer;
use tower_service::Service;
use tower_test::mock;

use super::*;
use crate::{Incoming, SessionEnd, SessionReport};

type Mock = mock::Mock<Incoming<DuplexStream>, SessionReport>;

const CLIENT: &str = "198.51.100.7:50000";
const SERVER: &str = "203.0.113.1:1080";
const BALANCER: &str = "192.0.2.10:40000";

fn addr(addr: &str) -> SocketAddr {
    addr.parse().unwrap()
}

/// What came through: the connection, or the report of its end.
enum Outcome {
    Served(Incoming<DuplexStream>),
    Ended(SessionReport),
}

/// A connection from `peer` that says `octets` and then, if asked to, nothing more for good.
async fn arrive(peer: &str, octets: &[u8], close: bool) -> Outcome {
    let (mock, mut handle): (Mock, _) = mock::pair();
    let from = |peer: &Endpoint, _: Option<&str>| peer.socket_addr() == Some(addr(BALANCER));
    let mut service = ProxyProtocolLayer::new(from).layer(mock);
    handle.allow(1);
    std::future::poll_fn(|cx| service.poll_ready(cx))
        .await
        .unwrap();
    let (mut client, io) = duplex(8192);
    client.write_all(octets).await.unwrap();
    let mut client = Some(client);
    if close {
        client = None;
    }
    let mut incoming = Incoming::new(io, addr(peer), addr("192.0.2.1:1080"));
    // Whoever is at the other end of the connection came over TLS, with a certificate.
    let mut tls = TlsPeer::new();
    tls.names.push("the other end".into());
    incoming.extensions.insert(tls);
    let serving = tokio::spawn(service.call(incoming));
    tokio::select! {
        biased;
        ended = serving => {
            // Not a word is said to a client that goes no further (SE-19).
            if let Some(mut client) = client {
                let mut heard = Vec::new();
                client.read_to_end(&mut heard).await.unwrap();
                assert_eq!(heard, b"");
            }
            Outcome::Ended(ended.unwrap().unwrap())
        }
        request = handle.next_request() => Outcome::Served(request.unwrap().0),
    }
}

async fn served(peer: &str, octets: &[u8]) -> Incoming<DuplexStream> {
    match arrive(peer, octets, true).await {
        Outcome::Served(incoming) => incoming,
        Outcome::Ended(report) => panic!("{report:?}"),
    }
}

async fn ended(octets: &[u8], close: bool) -> SessionEnd {
    match arrive(BALANCER, octets, close).await {
        Outcome::Served(incoming) => panic!("{incoming:?}"),
        Outcome::Ended(report) => {
            assert_eq!(report.peer, Endpoint::from(addr(BALANCER)));
            report.end
        }
    }
}

async fn rest(mut incoming: Incoming<DuplexStream>) -> Vec<u8> {
    let mut rest = Vec::new();
    incoming.io.read_to_end(&mut rest).await.unwrap();
    rest
}

fn v2(header: &ProxyHeader<'_>) -> Vec<u8> {
    let mut octets = Vec::new();
    header.encode_v2(&mut octets).unwrap();
    octets
}

fn proxied() -> ProxyHeader<'static> {
    ProxyHeader::with_address(ProxiedAddress::stream(addr(CLIENT), addr(SERVER)))
}

/// SE-63: the header's addresses count, in both versions and families, and what follows is not
/// touched.
#[tokio::test]
async fn addresses_of_the_header() {
    let six = ("[2001:db8::1]:5", "[2001:db8::2]:1080");
    for (octets, peer, local) in [
        (
            b"PROXY TCP4 198.51.100.7 203.0.113.1 50000 1080\r\n".to_vec(),
            CLIENT,
            SERVER,
        ),
        (
            b"PROXY TCP6 2001:db8::1 2001:db8::2 5 1080\r\n".to_vec(),
            six.0,
            six.1,
        ),
        (
            b"PROXY TCP6 ::ffff:198.51.100.7 ::ffff:203.0.113.1 50000 1080\r\n".to_vec(),
            CLIENT,
            SERVER,
        ),
        (v2(&proxied()), CLIENT, SERVER),
        (
            v2(&ProxyHeader::with_address(ProxiedAddress::stream(
                addr(six.0),
                addr(six.1),
            ))),
            six.0,
            six.1,
        ),
        (v2(&ProxyHeader::with_local()), BALANCER, "192.0.2.1:1080"),
    ] {
        let incoming = served(BALANCER, &[&octets[..], b"\x05\x01\x00"].concat()).await;
        assert_eq!(incoming.peer, Endpoint::from(addr(peer)));
        assert_eq!(incoming.local, Endpoint::from(addr(local)));
        // The balancer's certificate is not the client's.
        let own = incoming.extensions.get::<TlsPeer>().is_some();
        assert_eq!(own, peer == BALANCER);
        assert_eq!(rest(incoming).await, b"\x05\x01\x00");
    }
}

/// ID-3: a connection whose ends a header named is none that ident can be asked about.
#[tokio::test]
async fn proxied_is_not_direct() {
    let (mock, mut handle): (Mock, _) = mock::pair();
    let mut service = ProxyProtocolLayer::new(|_: &Endpoint, _: Option<&str>| true).layer(mock);
    handle.allow(1);
    std::future::poll_fn(|cx| service.poll_ready(cx))
        .await
        .unwrap();
    let (mut client, io) = duplex(512);
    client.write_all(&v2(&proxied())).await.unwrap();
    let incoming = Incoming::accepted(io, addr(BALANCER), addr(SERVER));
    assert!(incoming.is_direct());
    let _serving = tokio::spawn(service.call(incoming));
    let (incoming, _) = handle.next_request().await.unwrap();
    assert!(!incoming.is_direct());
}

/// SE-63: nobody else is asked for a header, and one that is there is not believed.
#[tokio::test]
async fn others_lend_themselves_no_address() {
    for octets in [v2(&proxied()), b"\x05\x01\x00".to_vec()] {
        let incoming = served(CLIENT, &octets).await;
        assert_eq!(incoming.peer, Endpoint::from(addr(CLIENT)));
        assert_eq!(rest(incoming).await, octets);
    }
}

/// SE-63, SE-19: where a header is expected, nothing else will do.
#[tokio::test(start_paused = true)]
async fn a_header_is_mandatory() {
    let datagram = ProxyHeader::with_address(ProxiedAddress::datagram(addr(CLIENT), addr(SERVER)));
    let mut long = v2(&proxied());
    long[14..16].copy_from_slice(&4081_u16.to_be_bytes());
    let mut version = v2(&proxied());
    version[12] = 0x31;
    let mut family = v2(&proxied());
    family[13] = 0x31;
    // Somebody's connection, who is not named: the balancer's own address would be lent to whoever that is.
    let nowhere = b"\r\n\r\n\0\r\nQUIT\n\x21\0\0\0".to_vec();
    let unix = [&b"\r\n\r\n\0\r\nQUIT\n\x21\x31\0\xd8"[..], &[b'/'; 216]].concat();
    for octets in [
        b"\x05\x01\x00\x05\x01\x00\x01\x7f\x00\x00\x01\x00\x50".to_vec(),
        b"GET / HTTP/1.1\r\n\r\n".to_vec(),
        b"PROXY TCP4 198.51.100.7 203.0.113.1 50000\r\n".to_vec(),
        b"PROXY TCP4 198.51.100.7 203.0.113.1 50000 65536\r\n".to_vec(),
        b"PROXY TCP4 2001:db8::1 2001:db8::2 5 1080\r\n".to_vec(),
        b"PROXY TCP5 198.51.100.7 203.0.113.1 5 6\r\n".to_vec(),
        b"PROXY UNKNOWN\n".to_vec(),
        b"PROXY UNKNOWN\r\n".to_vec(),
        b"PROXY UNKNOWN 1 2 3 4\r\n".to_vec(),
        nowhere,
        unix,
        [&b"PROXY UNKNOWN "[..], &[b'x'; 200]].concat(),
        b"\r\n\r\n\0\r\nQUIT\r\x21\x11\0\x0c".to_vec(),
        v2(&datagram),
        long,
        version,
        family,
    ] {
        let end = ended(&octets, false).await;
        assert!(matches!(end, SessionEnd::Io(_)), "{octets:?}: {end:?}");
    }
    let whole = v2(&proxied());
    for length in 0..whole.len() {
        let end = ended(&whole[..length], true).await;
        assert!(matches!(end, SessionEnd::Disconnected), "{end:?}");
    }
}

/// SE-13, SE-14: whoever is to send a header and does not is not waited for longer than 5 s.
#[tokio::test(start_paused = true)]
async fn a_header_has_a_deadline() {
    for length in [0, 5, 20] {
        let began = Instant::now();
        let end = ended(&v2(&proxied())[..length], false).await;
        assert!(matches!(end, SessionEnd::TimedOut), "{end:?}");
        assert_eq!(began.elapsed().as_secs(), 5);
    }
}

/// What the balancer learned of TLS is there for rules; a certificate that did not verify names
/// nobody.
#[tokio::test]
async fn tls_of_the_header() {
    let tls = |certificate: bool, verify: u32| {
        let mut tls = SslInfo::new(true, certificate, false, verify);
        tls.append_tlv(Tlv::SslCn("alice".into()));
        let mut header = proxied();
        header.append_tlv(Tlv::Authority("Proxy.Example.COM".into()));
        header.append_tlv(Tlv::Ssl(tls));
        v2(&header)
    };
    for (certificate, verify, names) in [(true, 0, &["alice"][..]), (true, 1, &[]), (false, 0, &[])]
    {
        let incoming = served(BALANCER, &tls(certificate, verify)).await;
        let peer = incoming.extensions.get::<TlsPeer>().unwrap();
        assert_eq!(peer.server_name.as_deref(), Some("proxy.example.com"));
        let heard: Vec<_> = peer.names.iter().map(AsRef::as_ref).collect();
        assert_eq!(heard, names);
    }
}

proptest! {
    /// SE-24: whatever comes, there is no panic, and nothing is read beyond the header's bounds.
    #[test]
    fn any_octets(
        start in prop_oneof![
            Just(b"PROXY ".to_vec()),
            Just(b"PROXY TCP4 ".to_vec()),
            Just(b"\r\n\r\n\0\r\nQUIT\n".to_vec()),
            Just(b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c".to_vec()),
            Just(b"\r\n\r\n\0\r\nQUIT\n\x21\x21\0\x60".to_vec()),
            Just(Vec::new()),
        ],
        rest in proptest::collection::vec(any::<u8>(), 0..200),
    ) {
        let octets = [start, rest].concat();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            let _ = arrive(BALANCER, &octets, true).await;
        });
    }
}
