use std::{
    io,
    sync::{Arc, LazyLock, Mutex},
};

use socks_core::{
    Address, Command, Method, ident,
    message::{IdentHint, Identity, Version},
};
use tokio::io::{DuplexStream, duplex};
use tower_layer::Layer;
use tower_service::Service;
use tower_test::mock;
use tracing::{Dispatch, subscriber::NoSubscriber};
use tracing_subscriber::fmt::MakeWriter;

use super::*;
use crate::{Incoming, SessionEnd, SessionReport};

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend(octets);
        Ok(octets.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// While there is one subscriber in the process, an event that is first met on a thread without it
/// counts as unwanted for good (`tracing-core`, `callsite.rs`); with two, every subscriber is asked.
static SECOND: LazyLock<Dispatch> = LazyLock::new(|| Dispatch::new(NoSubscriber::new()));

/// ID-25, SE-38, SE-44: one span and one event a session; what a peer chose stands in them escaped.
#[tokio::test]
async fn one_event_a_session() {
    LazyLock::force(&SECOND);
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_writer(log.clone())
        .with_ansi(false)
        .finish();
    let _default = tracing::subscriber::set_default(subscriber);

    let (mock, mut handle): (mock::Mock<Incoming<DuplexStream>, SessionReport>, _) = mock::pair();
    let mut service = TraceLayer::new().layer(mock);
    handle.allow(1);
    std::future::poll_fn(|cx| service.poll_ready(cx))
        .await
        .unwrap();
    let call = service.call(Incoming::unnamed(duplex(16).1).listener("front"));
    let serve = async {
        let (incoming, respond) = handle.next_request().await.unwrap();
        let mut report = SessionReport::new(&incoming);
        report.version = Some(Version::Socks5);
        report.command = Some(Command::Connect);
        report.destination = Some(Address::domain("exa\nmple", 80).unwrap());
        let user: &[u8] = b"al\x1b[31mice\r\n";
        let mut identity = Identity::user(user, Method::USERNAME_PASSWORD);
        let mut answer = &b"1,2:USERID:UNIX:al\x1b[2J\r\n"[..];
        let answer = ident::Response::decode(&mut answer).unwrap().unwrap();
        identity.ident = answer.result.ok().map(IdentHint::new);
        report.identity = Some(Arc::new(identity));
        report.sent = 5;
        report.end = SessionEnd::Relay(io::Error::other("broken").into());
        respond.send_response(report);
    };
    tokio::join!(async { call.await.unwrap() }, serve);

    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert_eq!(log.lines().count(), 1, "{log}");
    for part in [
        "session{id=",
        "listener=\"front\"",
        "version=socks5",
        "command=connect",
        "destination=exa\\nmple:80",
        "user=al\\x1b[31mice\\r\\n",
        "ident=al\\x1b[2J",
        "sent=5",
        "end=\"relay_failed\"",
        "error=broken",
    ] {
        assert!(log.contains(part), "{part} in {log}");
    }
}
