//! A private method (0x80) with a client and a server: a token proves itself without being sent.
//!
//! `private_method serve [LISTEN]`: lets in who has one of the tokens below.
//! `TOKEN=… private_method through PROXY NAME TARGET`: what the target says goes to standard output, and
//! standard input to the target.
//!
//! ```text
//! server: NONCE, 32 octets, anew for each connection
//! client: NLEN, NAME, MAC = HMAC-SHA-256(token, NONCE ‖ NAME), 32 octets
//! server: STATUS, 00 or 01
//! ```
//!
//! A MAC that somebody has overheard is of no use for another connection. The tunnel is not
//! protected: whoever sits in the middle can take it over once the client is let in. And a token
//! can be guessed from what was overheard, so it has to be long and random.

use std::{env, error::Error, net::SocketAddr, sync::Arc};

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use socks_auth::AttemptLimitLayer;
use socks_core::{
    Method, Secret, UserName,
    client::{self, ClientError},
    message::{AuthRequest, Authentication, Credentials, Identity},
    subnegotiation::{Step, Subnegotiation, SubnegotiationError},
};
use socks_tower::{BoxError, SocksService, TcpConnector, client::Client, serve};
use tokio::{
    io::{AsyncWriteExt, copy, stdin, stdout},
    net::{TcpListener, TcpStream},
};
use tower::{Layer, service_fn};

const METHOD: Method = Method(0x80);

const TOKENS: [(&str, &str); 2] = [
    ("backup", "c2a5f1b0d7e84f6a9b3e5d1c7f20846b"),
    ("mirror", "5e0b8d63a91f4c72b6d4e8f90a1c3572"),
];

type Nonce = [u8; 32];

fn mac(token: &[u8], nonce: &Nonce, name: &[u8]) -> Result<Hmac<Sha256>, BoxError> {
    let mac = Hmac::<Sha256>::new_from_slice(token)?;
    Ok(mac.chain_update(nonce).chain_update(name))
}

/// What the authenticator gets to judge. Without `Debug`, so nobody logs it.
struct Proof {
    nonce: Nonce,
    name: UserName,
    mac: Secret,
}

/// The server's side: it moves octets, and leaves the judgement to the authenticator.
#[derive(Default)]
struct Challenge {
    nonce: Option<Nonce>,
    accepted: bool,
}

impl Subnegotiation for Challenge {
    fn method(&self) -> Method {
        METHOD
    }

    fn input_limit(&self) -> usize {
        1 + 255 + 32
    }

    fn step(
        &mut self,
        input: &mut &[u8],
        output: &mut Vec<u8>,
    ) -> Result<Step, SubnegotiationError> {
        if self.accepted {
            return Ok(Step::Done(None));
        }
        let Some(nonce) = self.nonce else {
            let mut nonce = Nonce::default();
            getrandom::fill(&mut nonce).map_err(|_| SubnegotiationError::Unacceptable)?;
            output.extend(nonce);
            self.nonce = Some(nonce);
            return Ok(Step::NeedInput);
        };
        let message = input.split_first().and_then(|(len, rest)| {
            let (name, rest) = rest.split_at_checked(usize::from(*len))?;
            let (mac, rest) = rest.split_at_checked(32)?;
            *input = rest;
            Some((name, mac))
        });
        let Some((name, mac)) = message else {
            return Ok(Step::NeedInput);
        };
        let (name, mac) = (UserName::from(name), Secret::new(mac));
        let proof = Proof { nonce, name, mac };
        Ok(Step::Verify(Credentials::Other {
            method: METHOD,
            proof: Arc::new(proof),
        }))
    }

    fn decided(&mut self, authentication: &Authentication, output: &mut Vec<u8>) {
        self.accepted = authentication.is_accepted();
        output.push(u8::from(!self.accepted));
    }
}

/// The authenticator: an unknown name takes the same work as a wrong token.
async fn judge(request: AuthRequest) -> Result<Authentication, BoxError> {
    let proof = match &request.credentials {
        Credentials::Other { proof, .. } => proof.downcast_ref::<Proof>(),
        _ => None,
    };
    let Some(Proof { nonce, name, mac }) = proof else {
        return Ok(Authentication::rejected());
    };
    let token = TOKENS.iter().find(|(known, _)| name == *known);
    let expected = token.map_or("nobody's", |(_, token)| token);
    let right = self::mac(expected.as_bytes(), nonce, name.as_bytes())?.verify_slice(mac.expose());
    Ok(match token.filter(|_| right.is_ok()) {
        Some(_) => Authentication::Accepted(Identity::user(name.clone(), METHOD)),
        None => Authentication::rejected(),
    })
}

/// The client's side.
struct Response {
    name: String,
    token: Secret,
    sent: bool,
}

impl client::Subnegotiation for Response {
    fn method(&self) -> Method {
        METHOD
    }

    fn step(
        &mut self,
        input: &mut &[u8],
        output: &mut Vec<u8>,
    ) -> Result<client::Step, ClientError> {
        if !self.sent {
            let Some((nonce, rest)) = input.split_first_chunk() else {
                return Ok(client::Step::NeedInput);
            };
            let name = self.name.as_bytes();
            let len = u8::try_from(name.len()).map_err(|_| ClientError::AuthenticationFailed)?;
            let mac = mac(self.token.expose(), nonce, name)
                .map_err(|_| ClientError::AuthenticationFailed)?;
            output.push(len);
            output.extend(name);
            output.extend(mac.finalize().into_bytes());
            self.sent = true;
            *input = rest;
        }
        match input.split_off_first() {
            None => Ok(client::Step::NeedInput),
            Some(0) => Ok(client::Step::Done(None)),
            Some(_) => Err(ClientError::AuthenticationFailed),
        }
    }
}

async fn server(listen: &str) -> Result<(), Box<dyn Error>> {
    let socks = SocksService::new(TcpConnector::new())
        .method((METHOD, Challenge::default))
        .methods([METHOD])
        .authenticator(AttemptLimitLayer::new().layer(service_fn(judge)));
    let listener = TcpListener::bind(listen).await?;
    eprintln!("listening on {}", listener.local_addr()?);
    serve(listener, socks).await?;
    Ok(())
}

async fn through(proxy: &str, name: &str, target: SocketAddr) -> Result<(), Box<dyn Error>> {
    let response = Response {
        name: name.to_owned(),
        token: env::var("TOKEN")?.as_str().into(),
        sent: false,
    };
    let proxy = TcpStream::connect(proxy).await?;
    let tunnel = Client::socks5(proxy)
        .method(response)
        .connect(target)
        .await?;
    let (mut from_target, mut to_target) = tokio::io::split(tunnel);
    let sending = async {
        copy(&mut stdin(), &mut to_target).await?;
        to_target.shutdown().await
    };
    let mut stdout = stdout();
    let receiving = async {
        copy(&mut from_target, &mut stdout).await?;
        stdout.flush().await
    };
    tokio::try_join!(sending, receiving)?;
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<_> = env::args().skip(1).collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["serve"] => server("127.0.0.1:1080").await,
        ["serve", listen] => server(listen).await,
        ["through", proxy, name, target] => through(proxy, name, target.parse()?).await,
        _ => Err("serve [LISTEN], or through PROXY NAME TARGET".into()),
    }
}
