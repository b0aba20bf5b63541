//! GSSAPI: tokens, which hold tickets, and what is wrapped.

use e2e::open;
use mechanism::Mechanism;
use socks_auth::{AttemptLimitLayer, Principals};
use socks_core::{Method, client, gssapi::Levels, subnegotiation};
use socks_tower::{SocksService, client::Client};
use support::Peer;
use tokio::io::duplex;
use tower::Layer;

use crate::row::{Row, Shown};

/// A token of no mechanism.
const TOKEN: &[u8] = b"ticket-that-is-not-for-the-log";

pub(crate) fn rows() -> Vec<Row> {
    [
        Row::new("GSSAPI's client", clients)
            .logs("user=alice")
            .logs("end=\"rejected\""),
        Row::new("tokens of no mechanism", tokens),
    ]
    .map(|row| row.secret(TOKEN))
    .into()
}

fn server(shown: &mut Shown) -> SocksService {
    let users = Principals::new().realm("EXAMPLE.ORG").strip_realm(true);
    let users = AttemptLimitLayer::new().layer(users);
    shown.debug(&users);
    let make = || subnegotiation::Gssapi::new(Mechanism::new().acceptor());
    shown.debug(&make());
    open("127.0.0.1:1".parse().unwrap())
        .authenticator(users)
        .method((Method::GSSAPI, make))
}

async fn clients(shown: &mut Shown) {
    for name in ["alice@EXAMPLE.ORG", "alice@EVIL.EXAMPLE"] {
        let (stream, other) = duplex(4096);
        let session = {
            let server = server(shown);
            shown.serve(&server, other)
        };
        let initiator = move || Mechanism::new().initiator(name);
        let method = client::Gssapi::new(initiator).levels(Levels::CONFIDENTIALITY);
        shown.debug(&method);
        let client = Client::socks5(stream).method(method);
        let destination: std::net::SocketAddr = "127.0.0.1:1".parse().unwrap();
        shown.error(&client.connect(destination).await.expect_err("port 1"));
        shown.report(&session.await.unwrap());
    }
}

/// Whole, cut short, and with a head that is none.
async fn tokens(shown: &mut Shown) {
    let whole = [&[1, 1, 0, TOKEN.len() as u8], TOKEN].concat();
    let short = whole[..whole.len() - 1].to_vec();
    let other = [&[2, 9, 0, TOKEN.len() as u8], TOKEN].concat();
    for message in [whole, short, other] {
        let server = server(shown);
        let script = Peer::script().greet([1]).expect_method(1).send(message);
        shown.session(&server, script).await;
    }
}
