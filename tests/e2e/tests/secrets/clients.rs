//! What a client does with its own credentials, whatever the server says.

use std::net::SocketAddr;

use e2e::{open, with_login};
use socks_core::{
    client::UsernamePassword,
    message::{AccessRequest, Connect, Verdict},
};
use socks_tower::{
    BoxError, Connected, SocksService,
    client::{Client, Socks5Client, SocksConnector},
};
use support::Peer;
use tokio::io::{DuplexStream, duplex};
use tokio_test::io::Builder;
use tower::service_fn;

use crate::row::{PASSWORD, Row, Shown};

pub(crate) fn rows() -> Vec<Row> {
    vec![
        Row::new("a client that is not let in", not_let_in).logs("end=\"rejected\""),
        Row::new("a client of strange servers", strange_servers),
        Row::new("a client that waits for nothing", optimistic),
        Row::new("a chain that is not let in", chain).logs("end=\"failed\""),
        Row::new("credentials that cannot be sent", too_long),
    ]
}

fn destination() -> SocketAddr {
    "127.0.0.1:1".parse().unwrap()
}

fn with_password<S>(stream: S) -> Socks5Client<S> {
    let client = Client::socks5(stream);
    client.username_password("alice", PASSWORD).unwrap()
}

async fn not_let_in(shown: &mut Shown) {
    let server = with_login(destination());
    let (stream, other) = duplex(4096);
    let session = shown.serve(&server, other);
    let client = with_password(stream);
    shown.debug(&client);
    shown.error(&client.connect(destination()).await.unwrap_err());
    shown.report(&session.await.unwrap());
}

/// Servers that break the protocol, one by saying back what they have heard.
async fn strange_servers(shown: &mut Shown) {
    let login = [
        b"\x01\x05alice",
        &[PASSWORD.len() as u8][..],
        PASSWORD.as_bytes(),
    ]
    .concat();
    for (selection, answer) in [
        (&b"\x05\x00"[..], None),
        (b"\x05\xff", None),
        (b"\x01\x02", None),
        (b"\x05\x02", Some(&b"\x01\xff"[..])),
        (b"\x05\x02", Some(b"\x01\x00")),
        (b"\x05\x02", Some(b"\x01")),
        (b"\x05\x02", Some(&login)),
    ] {
        let mut builder = Builder::new();
        builder.write(b"\x05\x01\x02").read(selection);
        if let Some(answer) = answer {
            builder.write(&login).read(answer);
            if answer.len() > 1 && answer[1] == 0 {
                // The request, and a login in place of the reply.
                builder
                    .write(b"\x05\x01\x00\x01\x7f\0\0\x01\0\x01")
                    .read(&login);
            }
        }
        let client = with_password(builder.build());
        shown.error(&client.connect(destination()).await.unwrap_err());
    }
}

async fn optimistic(shown: &mut Shown) {
    let (stream, other) = duplex(4096);
    let session = shown.serve(&with_login(destination()), other);
    let client = with_password(stream);
    let error = client
        .connect_with(destination(), b"early")
        .await
        .unwrap_err();
    shown.error(&error);
    shown.report(&session.await.unwrap());
}

async fn chain(shown: &mut Shown) {
    let dial = service_fn(async |_: Connect| {
        let (stream, other) = duplex(4096);
        let upstream = with_login(destination());
        tokio::spawn(tower::ServiceExt::oneshot(
            upstream,
            socks_tower::Incoming::unnamed(other),
        ));
        Ok::<_, BoxError>(Connected::<DuplexStream>::new(stream, destination()))
    });
    let connector = SocksConnector::socks5(destination())
        .username_password("alice", PASSWORD)
        .unwrap()
        .dial(dial);
    let everywhere = service_fn(async |_: AccessRequest| Ok::<_, BoxError>(Verdict::allow()));
    let server = SocksService::new(connector).access(everywhere);
    let script = Peer::script().greet([0]).expect_method(0);
    let script = script.connect("192.0.2.1:80").expect_reply(1).expect_end();
    shown.session(&server, script).await;
    shown.debug(&open(destination()));
}

async fn too_long(shown: &mut Shown) {
    let long = PASSWORD.repeat(20);
    shown.error(&UsernamePassword::new("alice", &*long).unwrap_err());
    shown.error(&UsernamePassword::new("", PASSWORD).unwrap_err());
    shown.debug(&UsernamePassword::new("alice", PASSWORD).unwrap());
    let client = Client::socks5(duplex(1).0);
    shown.error(&client.username_password("alice", &*long).unwrap_err());
}
