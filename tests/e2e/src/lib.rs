//! Pipelines that the end-to-end tests run sessions through.

use std::{
    future::Pending,
    io,
    net::SocketAddr,
    task::{Context, Poll},
};

use socks_core::{
    Address,
    message::{
        AccessRequest, AuthRequest, Authentication, Connect, Credentials, Identity, Verdict,
    },
};
use socks_tower::{BoxError, Connected, RelayEnd, SocksService, Tunnel};
use tokio::net::TcpStream;
use tower::{Service, service_fn};

/// A server that lets everybody go everywhere, where every name leads to `target`.
pub fn open(target: SocketAddr) -> SocksService {
    SocksService::new(service_fn(move |connect: Connect| dial(connect, target))).access(service_fn(
        |_: AccessRequest| async { Ok::<_, BoxError>(Verdict::allow()) },
    ))
}

/// The same for user `user` with password `pass` only.
pub fn with_login(target: SocketAddr) -> SocksService {
    open(target).authenticator(service_fn(|request: AuthRequest| async move {
        Ok::<_, BoxError>(match &request.credentials {
            Credentials::Password { username, password }
                if username.as_bytes() == b"user" && password.expose() == b"pass" =>
            {
                Authentication::Accepted(Identity::user(username.clone(), request.method))
            }
            _ => Authentication::rejected(),
        })
    }))
}

async fn dial(connect: Connect, target: SocketAddr) -> io::Result<Connected<TcpStream>> {
    let addr = match connect.destination {
        Address::Socket(addr) => addr,
        Address::Domain(..) => target,
    };
    let stream = TcpStream::connect(addr).await?;
    stream.set_nodelay(true)?;
    let bound = stream.local_addr()?;
    Ok(Connected::new(stream, bound).remote(addr))
}

/// A relay that does not get ready: it waits for ever, or fails.
#[derive(Clone, Debug)]
pub struct NotReady(pub Poll<Result<(), &'static str>>);

impl<C, T> Service<Tunnel<C, T>> for NotReady {
    type Response = RelayEnd;
    type Error = BoxError;
    type Future = Pending<Result<RelayEnd, BoxError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.0.map_err(Into::into)
    }

    fn call(&mut self, _: Tunnel<C, T>) -> Self::Future {
        panic!("it is not ready")
    }
}
