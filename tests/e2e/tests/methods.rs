//! Which methods a client may use depends on who and where it is.

use std::net::SocketAddr;

use e2e::open;
use socks_auth::{ByMethod, MethodPolicy, MethodRule, NoAuth, StaticUsers};
use socks_core::{Method, message::ConnInfo};
use socks_tower::{Incoming, SessionEnd, SocksService};
use support::{Peer, Script, Server};
use tokio::net::{TcpSocket, TcpStream};
use tower::{ServiceExt, service_fn};

const NONE: Method = Method::NO_AUTHENTICATION;
const PASSWORD: Method = Method::USERNAME_PASSWORD;

/// A connection to `server` from another loopback address.
async fn from(ip: [u8; 4], server: SocketAddr) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(SocketAddr::from((ip, 0))).unwrap();
    socket.connect(server).await.unwrap()
}

fn nowhere() -> SocksService {
    open("127.0.0.1:9".parse().unwrap())
}

fn network(network: &str) -> MethodRule {
    MethodRule::new([NONE, PASSWORD]).client(network.parse().unwrap())
}

fn users() -> ByMethod {
    let users = StaticUsers::from_iter([("user", "pass")]);
    ByMethod::new()
        .method(PASSWORD, users)
        .method(NONE, NoAuth::new())
}

/// Greets and hears which method was selected.
fn offering(offer: &[u8], selected: u8) -> Script {
    let mut greeting = vec![5, offer.len() as u8];
    greeting.extend(offer);
    let script = Peer::script().send(greeting).expect_method(selected);
    match selected {
        0xff => script.expect_end(),
        _ => script,
    }
}

/// R5-12, R5-13, R5-14, R5-18: one port, where a network needs no login, another is not served at
/// all and the rest logs in. What is selected was offered and goes by the server's order.
#[tokio::test]
async fn methods_by_client_address() {
    let policy = MethodPolicy::new([PASSWORD])
        .rule(network("127.0.0.2/32"))
        .rule(MethodRule::new([]).client("127.0.0.3/32".parse().unwrap()));
    let socks = nowhere()
        .authenticator(users())
        .methods_for(move |conn| policy.methods(conn));
    let mut server = Server::start(socks).await;
    for (ip, offer, selected) in [
        ([127, 0, 0, 1], &[0, 2][..], 2),
        ([127, 0, 0, 1], &[2], 2),
        ([127, 0, 0, 1], &[0], 0xff),
        ([127, 0, 0, 1], &[0x80, 1, 3], 0xff),
        ([127, 0, 0, 2], &[2, 0], 0),
        ([127, 0, 0, 2], &[2], 2),
        ([127, 0, 0, 2], &[1, 3], 0xff),
        ([127, 0, 0, 3], &[0, 1, 2, 3], 0xff),
    ] {
        let stream = from(ip, server.addr).await;
        drop(offering(offer, selected).run_over(stream).await);
        let none = matches!(server.report().await.end, SessionEnd::NoAcceptableMethod);
        assert_eq!(none, selected == 0xff, "{ip:?} {offer:?}");
    }
}

/// S4-2, SE-36: SOCKS4 goes where method 00 goes, whatever the authenticator would say, and a user id
/// does not help.
#[tokio::test]
async fn socks4_counts_as_method_00() {
    let policy = MethodPolicy::new([PASSWORD]).rule(network("127.0.0.2/32"));
    // Lets everybody in who gets to it.
    let socks = nowhere()
        .authenticator(NoAuth::new())
        .methods_for(move |conn| policy.methods(conn));
    let mut server = Server::start(socks).await;
    for user in ["", "user", "root"] {
        let script = Peer::script().request4(1, "127.0.0.1:1", user);
        let script = script.expect_reply4(0x5b).expect_end();
        script.run(server.addr).await;
        assert!(matches!(server.report().await.end, SessionEnd::Rejected(_)));
        let script = Peer::script().request4(1, "127.0.0.1:1", user);
        let stream = from([127, 0, 0, 2], server.addr).await;
        script.expect_reply4(0x5b).run_over(stream).await;
        let end = server.report().await.end;
        assert!(
            matches!(end, SessionEnd::Failed { .. }),
            "{end:?}: as the target refuses"
        );
    }
}

/// What accept-level layers learned about a client.
struct TlsPeer(&'static str);

/// R5-18: methods depend on the listener, and on what was learned when the connection was accepted.
#[tokio::test]
async fn methods_by_listener_and_tls_peer() {
    let policy = MethodPolicy::new([PASSWORD]).rule(MethodRule::new([NONE]).listener("inside"));
    let socks = nowhere()
        .authenticator(users())
        .methods_for(move |conn: &ConnInfo| {
            match conn.extensions.get::<TlsPeer>().map(|peer| peer.0) {
                Some("backup") => [NONE, PASSWORD].into(),
                _ => policy.methods(conn),
            }
        });
    for (listener, peer, selected) in [
        ("inside", None, 0),
        ("outside", None, 2),
        ("outside", Some("backup"), 0),
        ("outside", Some("other"), 2),
    ] {
        let socks = socks.clone();
        let accept = service_fn(move |incoming: Incoming<TcpStream>| {
            let mut incoming = incoming.listener(listener);
            if let Some(peer) = peer {
                incoming.extensions.insert(TlsPeer(peer));
            }
            socks.clone().oneshot(incoming)
        });
        let server = Server::start(accept).await;
        offering(&[0, 2], selected).run(server.addr).await;
    }
}

/// The last of `methods` and `methods_for` counts.
#[tokio::test]
async fn the_last_setting_counts() {
    let everybody = nowhere().authenticator(users());
    let fixed = everybody
        .clone()
        .methods_for(|_| [PASSWORD].into())
        .methods([NONE]);
    let by_connection = everybody.methods([NONE]).methods_for(|_| [PASSWORD].into());
    for (socks, selected) in [(fixed, 0), (by_connection, 2)] {
        let server = Server::start(socks).await;
        offering(&[0, 2], selected).run(server.addr).await;
    }
}

/// An FF in the list is no method, and neither is one that nobody has added.
#[tokio::test]
async fn what_cannot_be_selected() {
    let odd = [Method::NO_ACCEPTABLE, Method(0x90), Method::GSSAPI];
    let socks = nowhere().authenticator(users()).methods(odd);
    let server = Server::start(socks).await;
    offering(&[0xff, 0x90, 1, 0, 2], 0xff)
        .run(server.addr)
        .await;
}
