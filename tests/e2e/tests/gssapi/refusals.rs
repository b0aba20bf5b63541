use mechanism::Mechanism;
use socks_core::{
    Address, ReplyCode,
    message::{AccessRequest, Verdict},
};
use socks_tower::{
    BoxError, SessionEnd,
    client::{Client, ClientErrorKind as Kind},
};
use support::{Server, Target};
use tower::service_fn;

use crate::{ONE, TWO, method, named, served};

fn destination() -> Address {
    Address::domain("target.example", 80).unwrap()
}

/// GS-9, GS-28, GS-31: a principal of another realm, or none that maps to a user, is not let in.
#[tokio::test]
async fn principals() {
    let target = Target::silent().await;
    let mechanism = Mechanism::new();
    let mut server = Server::start(served(target.addr, &mechanism, TWO)).await;
    for name in [
        "alice@EVIL.EXAMPLE",
        "alice",
        r"alice\@EXAMPLE.ORG@EVIL.EXAMPLE",
    ] {
        let client = Client::dial_socks5(server.addr).await.unwrap();
        let client = client.method(named(&mechanism, TWO, name));
        let error = client.connect(destination()).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Authentication);
        let report = server.report().await;
        assert!(matches!(report.end, SessionEnd::Rejected(_)));
        assert!(report.identity.is_none());
    }
}

/// GS-14, GS-32: no agreement on a level, whichever side it is that does not agree.
#[tokio::test]
async fn levels() {
    let target = Target::silent().await;
    let mechanism = Mechanism::new();
    for (client_takes, server_takes) in [(ONE, TWO), (TWO, ONE)] {
        let server = Server::start(served(target.addr, &mechanism, server_takes)).await;
        let client = Client::dial_socks5(server.addr).await.unwrap();
        let client = client.method(method(&mechanism, client_takes));
        let error = client.connect(destination()).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Authentication);
    }
}

/// GS-28: what is refused later is refused by an encapsulated reply.
#[tokio::test]
async fn encapsulated() {
    let target = Target::silent().await;
    let mechanism = Mechanism::new();
    let deny = service_fn(|_: AccessRequest| async {
        Ok::<_, BoxError>(Verdict::Deny(ReplyCode::NOT_ALLOWED.into()))
    });
    let service = served(target.addr, &mechanism, TWO).access(deny);
    let server = Server::start(service).await;
    let client = Client::dial_socks5(server.addr).await.unwrap();
    let client = client.method(method(&mechanism, TWO));
    let error = client.connect(destination()).await.unwrap_err();
    assert_eq!(error.reply_code(), Some(ReplyCode::NOT_ALLOWED));
}

/// GS-30, SE-37: a client that wants GSSAPI does not go on with a server that selects less.
#[tokio::test]
async fn no_fallback() {
    let target = Target::silent().await;
    let server = Server::start(e2e::open(target.addr)).await;
    let client = Client::dial_socks5(server.addr).await.unwrap();
    let client = client.method(method(&Mechanism::new(), TWO));
    let error = client.connect(destination()).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Authentication);
}
