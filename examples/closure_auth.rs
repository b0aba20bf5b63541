//! A closure as authenticator: this machine needs no login, everybody else has to know a password.
//!
//! `closure_auth [LISTEN]`: the password of every user is that in the environment's `PASSWORD`.

use std::error::Error;

use socks_auth::AttemptLimitLayer;
use socks_core::{
    Secret,
    message::{AuthRequest, Authentication, Credentials, Identity},
};
use socks_tower::{BoxError, SocksService, TcpConnector, serve};
use subtle::ConstantTimeEq;
use tokio::net::TcpListener;
use tower::{Layer, service_fn};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let right = Secret::from(&*std::env::var("PASSWORD")?);
    let authenticator = service_fn(move |request: AuthRequest| {
        let right = right.clone();
        async move {
            Ok::<_, BoxError>(match request.credentials {
                // Asked before method 00 is selected, and for SOCKS4.
                ref claim @ (Credentials::None | Credentials::UserId(_))
                    if request.conn.peer.is_local() =>
                {
                    Authentication::Accepted(Identity::claimed(claim))
                }
                Credentials::Password { username, password }
                    if bool::from(password.expose().ct_eq(right.expose())) =>
                {
                    Authentication::Accepted(Identity::user(username, request.method))
                }
                _ => Authentication::rejected(),
            })
        }
    });
    let socks = SocksService::new(TcpConnector::new())
        .authenticator(AttemptLimitLayer::new().layer(authenticator));

    let listen = std::env::args().nth(1);
    let listener = TcpListener::bind(listen.as_deref().unwrap_or("127.0.0.1:1080")).await?;
    eprintln!("listening on {}", listener.local_addr()?);
    serve(listener, socks).await?;
    Ok(())
}
