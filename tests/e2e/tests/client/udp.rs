//! UDP ASSOCIATE: against a relay that a test wrote, and against our server with a simple relayer.

use std::{
    io::ErrorKind,
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
};

use e2e::open;
use socks_core::{Address, message::Associate};
use socks_tower::{
    Association, BoxError, Traffic,
    client::{Client, ClientErrorKind as Kind, UdpAssociation},
};
use support::Server;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, DuplexStream},
    net::UdpSocket,
};
use tokio_test::io::Mock;
use tower::service_fn;

use crate::{GREETING, destination, server};

const ASSOCIATE: &[u8] = b"\x05\x03\x00\x01\0\0\0\0\0\0";
/// In front of what goes to or comes from `192.0.2.53:53`.
const HEADER: &[u8] = b"\x00\x00\x00\x01\xc0\x00\x02\x35\x00\x35";

fn remote() -> SocketAddr {
    "192.0.2.53:53".parse().unwrap()
}

fn granted(bound: SocketAddr) -> Vec<u8> {
    let port = bound.port().to_be_bytes();
    let SocketAddr::V4(addr) = bound else {
        panic!()
    };
    [&[5, 0, 0, 1][..], &addr.ip().octets(), &port].concat()
}

/// A relay's socket, and a client associated with it. The other end of its control connection.
async fn associated() -> (UdpSocket, UdpAssociation<DuplexStream>, DuplexStream) {
    let relay = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let (stream, mut control) = tokio::io::duplex(1024);
    let says = [b"\x05\x00", &granted(relay.local_addr().unwrap())[..]].concat();
    control.write_all(&says).await.unwrap();
    let client = Client::socks5(stream).udp_associate().await.unwrap();
    let mut heard = vec![0; GREETING.len() + ASSOCIATE.len()];
    control.read_exact(&mut heard).await.unwrap();
    assert_eq!(heard, [GREETING, ASSOCIATE].concat());
    (relay, client, control)
}

fn local(client: &UdpAssociation<DuplexStream>) -> SocketAddr {
    (Ipv4Addr::LOCALHOST, client.local_addr().unwrap().port()).into()
}

/// UD-3, UD-11, UD-13, UD-30, UD-42: zeros for an address that is not known; the client sends
/// first, to the relay, behind a header; names as names; empty datagrams too.
#[tokio::test]
async fn sends_first() {
    let (relay, mut client, _control) = associated().await;
    let mut heard = [0; 512];
    for (to, header) in [
        (remote().into(), HEADER),
        (
            destination(),
            &b"\x00\x00\x00\x03\x0bexample.com\x00\x50"[..],
        ),
    ] {
        for data in [&b"hello"[..], b""] {
            assert_eq!(client.send_to(data, to.clone()).await.unwrap(), data.len());
            let (len, source) = relay.recv_from(&mut heard).await.unwrap();
            assert_eq!(source, local(&client));
            assert_eq!(heard[..len], [header, data].concat());
            relay.send_to(&heard[..len], source).await.unwrap();
            let (len, from) = client.recv_from(&mut heard).await.unwrap();
            assert_eq!((&heard[..len], from), (data, to.clone()));
        }
    }
}

/// UD-3: a socket that is bound to an address names it.
#[tokio::test]
async fn a_bound_socket() {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let request = [&ASSOCIATE[..3], &granted(socket.local_addr().unwrap())[3..]].concat();
    let says = granted("127.0.0.1:4000".parse().unwrap());
    let stream = server(&[(GREETING, b"\x05\x00"), (&request, &says)]);
    Client::socks5(stream)
        .udp_associate_from(socket)
        .await
        .unwrap();
}

/// UD-10: an unspecified address is the proxy's, with the port of the reply; if that is not known
/// there is nowhere to send to.
#[tokio::test]
async fn unspecified_relays() {
    let stream = || -> Mock {
        let says = granted("0.0.0.0:4000".parse().unwrap());
        server(&[(GREETING, b"\x05\x00"), (ASSOCIATE, &says)])
    };
    let client = Client::socks5(stream()).server("127.0.0.9:1080".parse().unwrap());
    let client = client.udp_associate().await.unwrap();
    assert_eq!(client.relay_addr().to_string(), "127.0.0.9:4000");
    let error = Client::socks5(stream()).udp_associate().await.unwrap_err();
    assert_eq!(error.kind(), Kind::InvalidInput);
}

/// UD-25, UD-43: what is not the relay's, has no whole header or is a fragment is discarded; what
/// comes behind it is received.
#[tokio::test]
async fn discards() {
    let (relay, mut client, _control) = associated().await;
    let stranger = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let to = local(&client);
    let good = [HEADER, b"good"].concat();
    stranger.send_to(&good, to).await.unwrap();
    let mut bad: Vec<_> = (0..HEADER.len())
        .map(|len| HEADER[..len].to_vec())
        .collect();
    bad.extend(
        [b"\x00\x00\x01".to_vec(), b"\x00\x00\x81".to_vec()].map(|mut fragment| {
            fragment.extend(&good[3..]);
            fragment
        }),
    );
    bad.push(b"\x00\x00\x00\x02\xc0\x00\x02\x35\x00\x35bad".to_vec());
    bad.push(b"\x00\x00\x00\x03\x00\x00\x35bad".to_vec());
    for datagram in bad {
        relay.send_to(&datagram, to).await.unwrap();
    }
    relay.send_to(&good, to).await.unwrap();
    let mut heard = [0; 512];
    let (len, from) = client.recv_from(&mut heard).await.unwrap();
    assert_eq!((&heard[..len], from), (&b"good"[..], remote().into()));
}

/// UD-35: what a datagram can carry is less by the header; all of that goes, and no octet more.
#[tokio::test]
async fn payload_sizes() {
    let (relay, client, _control) = associated().await;
    let v6: SocketAddr = "[2001:db8::1]:53".parse().unwrap();
    let name = Address::domain([b'a'; 255], 53).unwrap();
    let mut heard = vec![0; 65_536];
    for (to, header) in [(remote().into(), 10), (v6.into(), 22), (name, 262)] {
        let most = client.max_payload(&to);
        assert_eq!(most, 65_507 - header);
        client.send_to(&vec![7; most], to.clone()).await.unwrap();
        let (len, _) = relay.recv_from(&mut heard).await.unwrap();
        assert_eq!(len, 65_507);
        let error = client.send_to(&vec![7; most + 1], to).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
    }
}

/// UD-2: the association lasts as long as the control connection, whatever that says, and no
/// longer.
#[tokio::test]
async fn the_control_connection_ends_it() {
    let (relay, mut client, mut control) = associated().await;
    let sender = client.sender();
    let good = [HEADER, b"good"].concat();
    control.write_all(&[0; 900]).await.unwrap();
    relay.send_to(&good, local(&client)).await.unwrap();
    let mut heard = [0; 2];
    assert_eq!(
        client.recv_from(&mut heard).await.unwrap().0,
        2,
        "what fits"
    );
    drop(control);
    let error = client.recv_from(&mut heard).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionAborted);
    let error = sender.send_to(b"late", remote()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionAborted);
    client.closed().await;

    let (_relay, client, mut control) = associated().await;
    drop(client);
    assert_eq!(
        control.read(&mut heard).await.unwrap(),
        0,
        "and the other way round"
    );
}

/// A relayer that sends everything back to whoever sent it.
async fn echo(_: Associate) -> Result<Association, BoxError> {
    let socket = UdpSocket::bind("127.0.0.1:0").await?;
    let addr = socket.local_addr()?;
    let relay = async move {
        let mut datagram = vec![0; 65_536];
        loop {
            let (len, source) = socket.recv_from(&mut datagram).await?;
            socket.send_to(&datagram[..len], source).await?;
        }
    };
    Ok(Association::new(addr, Arc::<Traffic>::default(), relay))
}

/// UD-2: through our server; the association ends with the client's end of it.
#[tokio::test]
async fn through_a_server() {
    let socks = open("127.0.0.1:9".parse().unwrap()).udp_relayer(service_fn(echo));
    let mut server = Server::start(socks).await;
    let client = Client::dial_socks5(server.addr).await.unwrap();
    let mut client = client.udp_associate().await.unwrap();
    client.send_to(b"hello", remote()).await.unwrap();
    let mut heard = [0; 512];
    let (len, from) = client.recv_from(&mut heard).await.unwrap();
    assert_eq!((&heard[..len], from), (&b"hello"[..], remote().into()));
    drop(client);
    server.report().await;
}
