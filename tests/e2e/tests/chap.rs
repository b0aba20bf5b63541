//! CHAP over sockets: our client and our server, and each against octets that a test wrote.

use std::net::SocketAddr;

use e2e::open;
use socks_auth::chap::{self, ChapAuthenticator, ChapKey, StaticChapSecrets};
use socks_core::{
    Address, Method, Secret,
    chap::{Algorithm, Challenge, Prover},
    client,
    message::Rejection,
    subnegotiation,
};
use socks_tower::{
    SessionEnd, SocksService,
    client::{Client, ClientError, ClientErrorKind as Kind, ClientTunnel},
};
use support::{Pace, Peer, Script, Server, Target};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

const JEFE: &[u8] = b"what do ya want for nothing?";

// The vectors' messages, by the names that they have there.
const ALGORITHMS: &[u8] = b"\x01\x01\x11\x01\x85";
const STATUS_OK: &[u8] = b"\x01\x01\x00\x01\x00";
const STATUS_FAIL: &[u8] = b"\x01\x01\x00\x01\x01";
const NONE_COMMON: &[u8] = b"\x01\x01\x11\x01\x05";
const REQUEST: &[u8] = b"\x05\x01\x00\x03\x01t\x00\x50";
const GRANTED: &[u8] = b"\x05\x00\x00\x01\0\0\0\0\0\0";

/// `chap-challenge`, `chap-algo-and-challenge`.
fn challenge() -> [Vec<u8>; 2] {
    let attribute = [&[0x03, 28][..], JEFE].concat();
    let apart = [&[0x01, 0x01][..], &attribute].concat();
    [apart, [&b"\x01\x02\x11\x01\x85"[..], &attribute].concat()]
}

/// `chap-response`.
fn response() -> Vec<u8> {
    let digest = b"\x75\x0c\x78\x3e\x6a\xb0\xb5\x03\xea\xa8\x6e\x31\x0a\x5d\xb7\x38";
    [&b"\x01\x02\x02\x04user\x04\x10"[..], digest].concat()
}

fn users() -> ChapAuthenticator<StaticChapSecrets> {
    ChapAuthenticator::new(StaticChapSecrets::from_iter([("user", "Jefe")]))
}

/// A server that asks what a session is to be asked by `chap`.
fn server(
    target: SocketAddr,
    chap: impl Fn() -> subnegotiation::Chap + Send + Sync + 'static,
) -> SocksService {
    open(target)
        .authenticator(users())
        .method((Method::CHAP, chap))
}

/// Asks the vectors' challenge.
fn jefe() -> subnegotiation::Chap {
    subnegotiation::Chap::new(Some(Secret::new(JEFE)), 0x2a)
}

async fn connect(
    server: SocketAddr,
    chap: client::Chap<ChapKey>,
) -> Result<ClientTunnel<TcpStream>, ClientError> {
    let client = Client::dial_socks5(server).await?;
    let destination = Address::domain("t", 80).unwrap();
    client.method(chap).connect(destination).await
}

/// The tunnel leads to an echo.
async fn echoes(mut tunnel: ClientTunnel<TcpStream>) {
    tunnel.write_all(b"hello").await.unwrap();
    let mut heard = [0; 5];
    tunnel.read_exact(&mut heard).await.unwrap();
    assert_eq!(&heard, b"hello");
}

fn login(secret: &str) -> client::Chap<ChapKey> {
    chap::client("user", secret).unwrap()
}

/// CH-1, CH-12, CH-16, CH-19: our client at our server, in every form that both have.
#[tokio::test]
async fn our_client_at_our_server() {
    type Change = fn(subnegotiation::Chap) -> subnegotiation::Chap;
    let target = Target::echo().await;
    let forms: [Change; 3] = [
        |chap| chap,
        |chap| chap.separate(true),
        |chap| chap.md5(true),
    ];
    for form in forms {
        let chap = move || form(chap::subnegotiation());
        let mut server = Server::start(server(target.addr, chap)).await;
        for client in [
            login("Jefe"),
            login("Jefe").mutual(),
            login("Jefe").mutual_if_supported(),
            login("Jefe").md5(true).mutual(),
        ] {
            echoes(connect(server.addr, client).await.unwrap()).await;
            let report = server.report().await;
            let identity = report.identity.unwrap();
            assert_eq!(identity.user, Some("user".into()));
            assert_eq!(identity.method, Method::CHAP);
        }
    }
}

/// CH-14, CH-23: a wrong secret and an unknown user end alike.
#[tokio::test]
async fn a_refused_login() {
    let target = Target::silent().await;
    let mut server = Server::start(server(target.addr, chap::subnegotiation)).await;
    for client in [login("Jeff"), chap::client("carol", "Jefe").unwrap()] {
        let error = connect(server.addr, client.mutual()).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Authentication);
        let end = server.report().await.end;
        assert!(
            matches!(end, SessionEnd::Rejected(Rejection::Credentials)),
            "{end:?}"
        );
    }
    let mut octets = Vec::new();
    for (name, digest) in [("user", [7; 16]), ("carol", [7; 16])] {
        let answer = [
            &[1, 2, 2, name.len() as u8],
            name.as_bytes(),
            &[4, 16],
            &digest,
        ]
        .concat();
        let mut peer = opening().run(server.addr).await;
        let asked = peer.read(2 + 3 + 2 + 32).await;
        assert_eq!(asked[..7], *b"\x01\x02\x11\x01\x85\x03\x20");
        peer.send(answer).await;
        octets.push(peer.rest().await);
    }
    assert_eq!(octets, [STATUS_FAIL, STATUS_FAIL]);
}

/// Greets and says which algorithms there are.
fn opening() -> Script {
    Peer::script().greet([3]).expect_method(3).send(ALGORITHMS)
}

/// CH-1, CH-2, CH-6, CH-13, CH-14: the vectors' octets at every split, up to a tunnel.
#[tokio::test]
async fn a_scripted_client_at_every_split() {
    let target = Target::echo().await;
    let server = Server::start(server(target.addr, jefe)).await;
    let [_, asked] = challenge();
    let said = [
        &b"\x05\x01\x03"[..],
        ALGORITHMS,
        &response(),
        REQUEST,
        b"hello",
    ]
    .concat();
    let heard = [&b"\x05\x03"[..], &asked, STATUS_OK].concat();
    for cut in 1..said.len() {
        let mut peer = Peer::script().send(&said[..cut]).run(server.addr).await;
        tokio::task::yield_now().await;
        peer.send(&said[cut..]).await;
        assert_eq!(peer.read(heard.len()).await, heard, "{cut}");
        assert_eq!(peer.read(10).await[..2], [5, 0]);
        assert_eq!(peer.finish().await, b"hello");
    }
}

/// CH-12, CH-14: all in one segment, and octet by octet, in both forms of the challenge.
#[tokio::test]
async fn a_pipelining_client() {
    let target = Target::echo().await;
    for separate in [false, true] {
        let server = server(target.addr, move || jefe().separate(separate));
        let server = Server::start(server).await;
        let [apart, together] = challenge();
        let asked = match separate {
            true => [ALGORITHMS, &apart].concat(),
            false => together,
        };
        for pace in [Pace::Stepwise, Pace::AtOnce, Pace::OctetByOctet] {
            let script = opening().pace(pace).expect(&asked).send(response());
            let script = script.expect(STATUS_OK).connect("t:80").expect_reply(0);
            let mut peer = script.run(server.addr).await;
            peer.send(b"hello").await;
            assert_eq!(peer.finish().await, b"hello");
        }
    }
}

/// CH-3, CH-8, CH-11, CH-16: what the server cannot take is answered with its status, and then it
/// closes.
#[tokio::test]
async fn messages_that_fail() {
    let target = Target::silent().await;
    let mut server = Server::start(server(target.addr, jefe)).await;
    let greeting = || Peer::script().greet([3]).expect_method(3);
    for first in [NONE_COMMON, b"\x01\x00", STATUS_OK, b"\x05\x01\x00"] {
        let script = greeting().send(first).expect(STATUS_FAIL).expect_end();
        script.run(server.addr).await;
        let end = server.report().await.end;
        assert!(matches!(end, SessionEnd::Malformed(_)), "{end:?}");
    }
    let [_, asked] = challenge();
    for second in [&b"\x01\x00"[..], ALGORITHMS, STATUS_FAIL] {
        let script = opening().expect(&asked).send(second);
        let script = script.expect(STATUS_FAIL).expect_end();
        script.run(server.addr).await;
    }
}

/// CH-4: a message that never ends is cut off.
#[tokio::test]
async fn a_message_that_is_too_long() {
    let target = Target::silent().await;
    let server = Server::start(server(target.addr, jefe)).await;
    let values = [&[0x20, 255][..], &[0; 255]].concat().repeat(16);
    let script = Peer::script().greet([3]).expect_method(3);
    let script = script.send([&[1, 17][..], &values, &[0x20, 255]].concat());
    script
        .expect(STATUS_FAIL)
        .expect_end()
        .run(server.addr)
        .await;
}

/// CH-18, CH-19: who asked judges the server's proof before the request; a "no" ends it, and so
/// does a request in its place.
#[tokio::test]
async fn a_client_that_asks_for_proof() {
    let target = Target::echo().await;
    let mut server = Server::start(server(target.addr, jefe)).await;
    let [_, asked] = challenge();
    let own = Challenge::new(Algorithm::HMAC_MD5, 0, Secret::new(&[7; 16]));
    let proof = ChapKey::new("Jefe".into()).unwrap().respond(&own).unwrap();
    let status = [&b"\x01\x02\x00\x01\x00\x04\x10"[..], proof.expose()].concat();
    let mut mutual = response();
    mutual[1] = 3;
    mutual.extend([&[3, 16][..], &[7; 16]].concat());
    let script = || opening().expect(&asked).send(&mutual).expect(&status);

    for pace in [Pace::Stepwise, Pace::AtOnce, Pace::OctetByOctet] {
        let script = script().pace(pace).send(STATUS_OK).connect("t:80");
        script.expect_reply(0).run(server.addr).await.finish().await;
        server.report().await;
    }
    for (last, answer) in [(STATUS_FAIL, &b""[..]), (REQUEST, STATUS_FAIL)] {
        let script = script().send(last).expect(answer).expect_end();
        script.run(server.addr).await;
        let end = server.report().await.end;
        assert!(matches!(end, SessionEnd::Malformed(_)), "{end:?}");
    }
}

/// CH-18: a server that does not prove itself ignores the challenge.
#[tokio::test]
async fn a_server_that_does_not_prove_itself() {
    let target = Target::echo().await;
    let service = open(target.addr).authenticator(users().mutual(false));
    let service = service.method((Method::CHAP, chap::subnegotiation));
    let server = Server::start(service).await;
    let error = connect(server.addr, login("Jefe").mutual()).await;
    assert_eq!(error.unwrap_err().kind(), Kind::Authentication);
    let tunnel = connect(server.addr, login("Jefe").mutual_if_supported()).await;
    echoes(tunnel.unwrap()).await;
}

/// CH-1, SE-36: the method is off unless it is added, and a table of secrets lets nobody in by
/// anything else.
#[tokio::test]
async fn only_where_it_is_wanted() {
    let target = Target::silent().await;
    let without = Server::start(open(target.addr)).await;
    let script = Peer::script().greet([3]).expect_method(0xff).expect_end();
    script.run(without.addr).await;
    let server = Server::start(server(target.addr, jefe)).await;
    let greet = || Peer::script().greet([0, 2]).expect_method(2);
    greet()
        .login("user", "Jefe")
        .expect_login(false)
        .expect_end()
        .run(server.addr)
        .await;
    let script = Peer::script().greet([0]).expect_method(0xff).expect_end();
    script.run(server.addr).await;
    let script = Peer::script().request4(1, "192.0.2.1:80", "user");
    script
        .expect_reply4(0x5b)
        .expect_end()
        .run(server.addr)
        .await;
}

/// A server that hears and says exactly these, in turn; what it says is cut in two at `cut`.
/// Returns what it hears behind its last word.
async fn scripted(turns: Vec<(Vec<u8>, Vec<u8>)>, cut: usize) -> (SocketAddr, JoinHandle<Vec<u8>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let heard = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.set_nodelay(true).unwrap();
        for (hears, says) in turns {
            let mut heard = vec![0; hears.len()];
            stream.read_exact(&mut heard).await.unwrap();
            assert_eq!(heard, hears);
            for segment in [&says[..cut.min(says.len())], &says[cut.min(says.len())..]] {
                stream.write_all(segment).await.unwrap();
                tokio::task::yield_now().await;
            }
        }
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).await.unwrap();
        rest
    });
    (addr, heard)
}

/// CH-2, CH-9, CH-12, CH-13: our client against the vectors' octets at every split, in both forms.
#[tokio::test]
async fn our_client_at_a_scripted_server() {
    let [apart, together] = challenge();
    for asked in [together, [ALGORITHMS, &apart].concat()] {
        for cut in 0..asked.len() {
            let turns = vec![
                (b"\x05\x01\x03".to_vec(), b"\x05\x03".to_vec()),
                (ALGORITHMS.to_vec(), asked.clone()),
                (response(), STATUS_OK.to_vec()),
                (REQUEST.to_vec(), GRANTED.to_vec()),
            ];
            let (addr, heard) = scripted(turns, cut).await;
            drop(connect(addr, login("Jefe")).await.unwrap());
            assert_eq!(heard.await.unwrap(), b"");
        }
    }
}

/// CH-8, CH-14, CH-15, CH-19: a refusal, a broken answer and a wrong or missing proof end it, and
/// the request is not sent; a server that asked for a judgement hears that it failed.
#[tokio::test]
async fn our_client_closes() {
    let [_, asked] = challenge();
    let wrong = [&b"\x01\x02\x00\x01\x00\x04\x10"[..], &[7; 16]].concat();
    for (status, mutual, kind, rest) in [
        (STATUS_FAIL, false, Kind::Authentication, &b""[..]),
        (b"\x01\x01\x00\x01\xff", false, Kind::Authentication, b""),
        (b"\x01\x01\x00\x00", false, Kind::Authentication, b""),
        (b"\x01\x00", false, Kind::Protocol, b""),
        (b"\x05\x00", false, Kind::Protocol, b""),
        (&wrong, true, Kind::Authentication, STATUS_FAIL),
        (STATUS_OK, true, Kind::Authentication, STATUS_FAIL),
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let (asked, status) = (asked.clone(), status.to_vec());
        let heard = tokio::spawn(async move {
            let (stream, _) = listener.accept().await.unwrap();
            let mut peer = Peer {
                stream,
                bound: None,
            };
            peer.read(3).await;
            peer.send(b"\x05\x03").await;
            peer.read(ALGORITHMS.len()).await;
            peer.send(&asked).await;
            peer.read(response().len() + if mutual { 2 + 32 } else { 0 })
                .await;
            peer.send(&status).await;
            peer.rest().await
        });
        let login = match mutual {
            true => login("Jefe").mutual(),
            false => login("Jefe"),
        };
        let error = connect(addr, login).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{error:?}");
        assert_eq!(heard.await.unwrap(), rest);
    }
}

/// CH-10, CH-25: a server that chooses what was not offered is not obeyed, in method and algorithm.
#[tokio::test]
async fn our_client_is_not_talked_down() {
    let weaker = vec![(b"\x05\x01\x03".to_vec(), b"\x05\x00".to_vec())];
    let md5 = [&b"\x01\x03\x11\x01\x05\x10\x01\x2a\x03\x1c"[..], JEFE].concat();
    let algorithm = vec![
        (b"\x05\x01\x03".to_vec(), b"\x05\x03".to_vec()),
        (ALGORITHMS.to_vec(), md5),
    ];
    for turns in [weaker, algorithm] {
        let (addr, heard) = scripted(turns, 0).await;
        let error = connect(addr, login("Jefe")).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Protocol);
        assert_eq!(heard.await.unwrap(), b"");
    }
}
