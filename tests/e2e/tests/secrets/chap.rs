//! CHAP: a shared secret that is not sent, and proofs that are.

use e2e::open;
use socks_auth::{
    AttemptLimitLayer,
    chap::{self, ChapAuthenticator, StaticChapSecrets},
};
use socks_core::{Method, Secret, subnegotiation};
use socks_tower::{SocksService, client::Client};
use support::Peer;
use tokio::io::duplex;
use tower::Layer;

use crate::row::{PASSWORD, Row, Shown, WRONG};

/// RFC 2104's: what is asked, and the answer of who knows the secret `Jefe`.
const CHALLENGE: &[u8] = b"what do ya want for nothing?";
const RESPONSE: &[u8] = b"\x75\x0c\x78\x3e\x6a\xb0\xb5\x03\xea\xa8\x6e\x31\x0a\x5d\xb7\x38";

pub(crate) fn rows() -> Vec<Row> {
    [
        Row::new("CHAP", known_proofs).logs("end=\"rejected\""),
        Row::new("CHAP's client", clients).logs("end=\"rejected\""),
    ]
    .map(|row| row.secret(CHALLENGE).secret(RESPONSE))
    .into()
}

fn server() -> SocksService {
    let secrets = StaticChapSecrets::from_iter([("user", "Jefe"), ("alice", PASSWORD)]);
    let users = AttemptLimitLayer::new().layer(ChapAuthenticator::new(secrets));
    open("127.0.0.1:1".parse().unwrap()).authenticator(users)
}

/// A proof that is right, one that is not, and messages that are none.
async fn known_proofs(shown: &mut Shown) {
    let asking = || subnegotiation::Chap::new(Some(Secret::new(CHALLENGE)), 0x2a);
    shown.debug(&asking());
    let server = server().method((Method::CHAP, asking));
    let mut other = RESPONSE.to_vec();
    other[0] ^= 1;
    let message = |response: &[u8]| [b"\x01\x02\x02\x04user\x04\x10", response].concat();
    for message in [
        message(RESPONSE),
        message(&other),
        message(RESPONSE).split_off(1),
    ] {
        let script = Peer::script().greet([3]).expect_method(3);
        let script = script.send(b"\x01\x01\x11\x01\x85").send(message);
        shown.session(&server, script).await;
    }
}

async fn clients(shown: &mut Shown) {
    for secret in [PASSWORD, WRONG] {
        let (stream, other) = duplex(4096);
        let session = shown.serve(
            &server().method((Method::CHAP, chap::subnegotiation)),
            other,
        );
        let client = chap::client("alice", secret).unwrap();
        shown.debug(&client);
        let client = Client::socks5(stream).method(client);
        let destination: std::net::SocketAddr = "127.0.0.1:1".parse().unwrap();
        shown.error(
            &client
                .connect(destination)
                .await
                .expect_err("port 1 refuses"),
        );
        shown.report(&session.await.unwrap());
    }
}
