use std::sync::{Arc, Mutex};

use socks_acl::SafeDefault;
use socks_core::{
    Address, Command, ReplyCode,
    message::{AccessPoint, AccessRequest, Permit, Verdict},
};
use socks_tower::{AccessController, BoxError, SessionEnd, TcpBinder};
use support::Server;
use tokio::{io::AsyncWriteExt, net::TcpStream};
use tower::service_fn;

use super::{
    connect_from, is_reset, listening, listening4, nobody, reply, reply4, requesting, serving,
};

type Judge = fn() -> Result<Verdict, BoxError>;

/// Allows every request, and answers about peers by a [`Judge`]; notes what it was asked.
#[derive(Clone, Default)]
struct Asked(Arc<Mutex<Vec<(AccessPoint, Command, Address)>>>);

impl Asked {
    fn controller(&self, judge: Judge) -> impl AccessController + use<> {
        let asked = Arc::clone(&self.0);
        service_fn(move |request: AccessRequest| {
            let mut asked = asked.lock().unwrap();
            asked.push((request.point, request.command, request.destination));
            let verdict = match request.point {
                AccessPoint::BindPeer => judge(),
                _ => Ok(Verdict::allow()),
            };
            async move { verdict }
        })
    }

    fn take(&self) -> Vec<(AccessPoint, Command, Address)> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

/// BI-7, BI-22, SE-1, SE-57: the request is judged with DST.ADDR and DST.PORT, and the peer as an
/// operation of its own, with its address and port. What it sent is read when it was let in.
#[tokio::test]
async fn the_peer_is_an_operation_of_its_own() {
    let asked = Asked::default();
    let access = asked.controller(|| Ok(Verdict::allow()));
    let server = Server::start(serving(TcpBinder::new()).access(access)).await;
    let (mut client, bound) = listening(&server, "127.0.0.1:21").await;
    let request: Address = "127.0.0.1:21"
        .parse::<std::net::SocketAddr>()
        .unwrap()
        .into();
    let request = (AccessPoint::Request, Command::Bind, request);
    assert_eq!(asked.take(), [request]);
    let mut peer = TcpStream::connect(bound).await.unwrap();
    peer.write_all(b"220").await.unwrap();
    let from = peer.local_addr().unwrap();
    assert_eq!(client.read(10).await, reply(0, from));
    assert_eq!(client.read(3).await, b"220");
    let peer = (AccessPoint::BindPeer, Command::Bind, from.into());
    assert_eq!(asked.take(), [peer]);
}

/// BI-22, SE-57: a peer that the rules refuse, by verdict, by filter or because they fail, is reset
/// and its payload not read; the second reply has the code, and the peer's address if a rule decided.
#[tokio::test]
async fn a_refused_peer() {
    let nobody_passes: Judge = || {
        Ok(Verdict::Allow(
            Permit::new().filter(|_: std::net::SocketAddr| false),
        ))
    };
    for (judge, code, named) in [
        ((|| Ok(Verdict::deny())) as Judge, 2, true),
        (
            || Ok(Verdict::Deny(ReplyCode::CONNECTION_REFUSED.into())),
            5,
            true,
        ),
        (nobody_passes, 2, true),
        (|| Err("the rules are broken".into()), 1, false),
    ] {
        for socks4 in [false, true] {
            let access = Asked::default().controller(judge);
            let mut server = Server::start(serving(TcpBinder::new()).access(access)).await;
            let (mut client, bound) = match socks4 {
                false => listening(&server, "127.0.0.1:21").await,
                true => listening4(&server, "127.0.0.1:21").await,
            };
            let mut peer = TcpStream::connect(bound).await.unwrap();
            peer.write_all(b"220").await.unwrap();
            let from = if named {
                peer.local_addr().unwrap()
            } else {
                nobody()
            };
            match socks4 {
                false => assert_eq!(client.rest().await, reply(code, from)),
                true => assert_eq!(client.rest().await, reply4(0x5b, nobody())),
            }
            assert!(is_reset(peer).await);
            drop(client);
            let end = server.report().await.end;
            assert_eq!(end.code(), Some(ReplyCode(code)), "{end:?}");
            assert_eq!(matches!(end, SessionEnd::Refused(_)), named);
        }
    }
}

/// BI-20, SE-55, R5-28: the safe default refuses BIND unless it is granted.
#[tokio::test]
async fn bind_is_off_by_default() {
    for (access, code) in [(SafeDefault::new(), 2), (SafeDefault::new().bind(true), 0)] {
        let server = Server::start(serving(TcpBinder::new()).access(access)).await;
        let script = requesting().bind("127.0.0.1:0").expect_reply(code);
        script.run(server.addr).await;
    }
}

/// BI-4, S4-18, SE-58: zeros mean any peer where that was granted, and are refused elsewhere; the
/// peer that comes is judged still. It is awaited where the client connected.
#[tokio::test]
async fn any_peer() {
    let access = SafeDefault::new().bind(true);
    let server = Server::start(serving(TcpBinder::new()).access(access.clone())).await;
    let script = requesting().bind("0.0.0.0:0").expect_reply(2);
    script.expect_end().run(server.addr).await;
    let script = support::Peer::script().request4(2, "0.0.0.0:0", "");
    script.expect_reply4(0x5b).run(server.addr).await;

    let access = access
        .bind_any_peer(true)
        .deny(["127.0.0.6/32".parse().unwrap()]);
    let server = Server::start(serving(TcpBinder::new()).access(access)).await;
    for socks4 in [false, true] {
        let (mut client, bound) = match socks4 {
            false => listening(&server, "0.0.0.0:0").await,
            true => listening4(&server, "0.0.0.0:0").await,
        };
        assert_eq!(bound.ip(), server.addr.ip());
        let refused = connect_from("127.0.0.6", bound).await.unwrap();
        assert!(is_reset(refused).await);
        let peer = connect_from("127.0.0.7", bound).await.unwrap();
        let from = peer.local_addr().unwrap();
        match socks4 {
            false => assert_eq!(client.read(10).await, reply(0, from)),
            true => assert_eq!(client.read(8).await, reply4(0x5a, from)),
        }
    }
}
