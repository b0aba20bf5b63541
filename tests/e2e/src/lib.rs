//! Pipelines that the end-to-end tests run sessions through.

use std::{io, net::SocketAddr};

use socks_core::{
    Address,
    message::{
        AccessRequest, AuthRequest, Authentication, Connect, Credentials, Identity, Verdict,
    },
};
use socks_tower::{BoxError, Connected, SocksService};
use tokio::net::TcpStream;
use tower::service_fn;

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
