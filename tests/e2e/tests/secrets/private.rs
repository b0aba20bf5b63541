//! A private method whose proof is a token.

use std::sync::Arc;

use e2e::open;
use socks_core::{
    Method, Secret,
    client::{self, ClientError},
    message::{AuthRequest, Authentication, Credentials, Identity},
    subnegotiation::{Step, Subnegotiation, SubnegotiationError},
};
use socks_tower::{BoxError, SocksService, client::Client};
use support::Peer;
use tokio::io::duplex;
use tower::{ServiceBuilder, service_fn};

use crate::row::{Row, Shown};

const TOKEN: &[u8; 16] = b"\x91\xfetoken\0of sixty";
const OTHER: &[u8; 16] = b"another-token-00";
const METHOD: Method = Method(0x80);

pub(crate) fn rows() -> Vec<Row> {
    [
        Row::new("a private method", served).logs("end=\"rejected\""),
        Row::new("a private method's client", connected),
    ]
    .map(|row| row.secret(TOKEN).secret(OTHER))
    .into()
}

/// Reads a token of 16 octets, answers with one.
#[derive(Clone, Copy)]
struct Token(bool);

impl Subnegotiation for Token {
    fn method(&self) -> Method {
        METHOD
    }

    fn input_limit(&self) -> usize {
        16
    }

    fn step(&mut self, input: &mut &[u8], _: &mut Vec<u8>) -> Result<Step, SubnegotiationError> {
        if self.0 {
            return Ok(Step::Done(None));
        }
        let Some(token) = input.split_off(..16) else {
            return Ok(Step::NeedInput);
        };
        Ok(Step::Verify(Credentials::Other {
            method: METHOD,
            proof: Arc::new(Secret::new(token)),
        }))
    }

    fn decided(&mut self, authentication: &Authentication, output: &mut Vec<u8>) {
        self.0 = authentication.is_accepted();
        output.push(u8::from(!self.0));
    }
}

/// The other side.
struct Sends(Option<&'static [u8; 16]>);

impl client::Subnegotiation for Sends {
    fn method(&self) -> Method {
        METHOD
    }

    fn step(
        &mut self,
        input: &mut &[u8],
        output: &mut Vec<u8>,
    ) -> Result<client::Step, ClientError> {
        output.extend(self.0.take().into_iter().flatten());
        match input.split_off_first() {
            None => Ok(client::Step::NeedInput),
            Some(0) => Ok(client::Step::Done(None)),
            Some(_) => Err(ClientError::AuthenticationFailed),
        }
    }
}

fn server() -> SocksService {
    let tokens = service_fn(async |request: AuthRequest| {
        let right = match &request.credentials {
            Credentials::Other { proof, .. } => proof
                .downcast_ref::<Secret>()
                .is_some_and(|token| token.expose() == TOKEN),
            _ => false,
        };
        Ok::<_, BoxError>(match right {
            true => Authentication::Accepted(Identity::user("robot", METHOD)),
            false => Authentication::rejected(),
        })
    });
    let limited = ServiceBuilder::new()
        .layer(socks_auth::AttemptLimitLayer::new())
        .layer(socks_auth::SuccessCacheLayer::new())
        .service(tokens);
    open("127.0.0.1:1".parse().unwrap())
        .authenticator(limited)
        .method((METHOD, || Token(false)))
}

async fn served(shown: &mut Shown) {
    for (token, answer) in [(TOKEN, 0), (OTHER, 1)] {
        let script = Peer::script().greet([0x80]).expect_method(0x80);
        let script = script.send(token).expect([answer]);
        shown.session(&server(), script).await;
    }
}

async fn connected(shown: &mut Shown) {
    for token in [TOKEN, OTHER] {
        let (stream, other) = duplex(4096);
        let session = shown.serve(&server(), other);
        let client = Client::socks5(stream).method(Sends(Some(token)));
        shown.debug(&client);
        let destination: std::net::SocketAddr = "127.0.0.1:1".parse().unwrap();
        let error = client
            .connect(destination)
            .await
            .expect_err("port 1 refuses");
        shown.error(&error);
        shown.report(&session.await.unwrap());
    }
}
