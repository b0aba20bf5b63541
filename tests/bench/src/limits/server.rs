use std::{convert::Infallible, num::NonZeroU64};

use socks_acl::AllowAll;
use socks_core::message::{AuthRequest, Authentication, Credentials, Identity};
use socks_tower::{
    SocksService, TcpConnector, UdpRelay,
    limit::{Limit, Limits, Per, Rate},
    serve,
};
use tokio::net::TcpListener;
use tower::{Layer, service_fn};

use crate::BoxError;

#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Options {
    /// The cap, each way, in KiB/s
    kib: NonZeroU64,
    /// For each user
    #[arg(long)]
    per_user: bool,
}

/// A server with one cap, which lets everybody in by any name.
pub(crate) async fn run(options: &Options) -> Result<(), BoxError> {
    let rate = Rate::per_second(
        options
            .kib
            .saturating_mul(const { NonZeroU64::new(1024).unwrap() }),
    );
    let per = if options.per_user {
        Per::User
    } else {
        Per::Server
    };
    let limits = Limits::new([Limit::new("cap", per).up(rate).down(rate)])?;
    let socks = SocksService::new(TcpConnector::new())
        .authenticator(service_fn(|request: AuthRequest| async move {
            Ok::<_, Infallible>(match &request.credentials {
                Credentials::Password { username, .. } => {
                    Authentication::Accepted(Identity::user(username.clone(), request.method))
                }
                _ => Authentication::rejected(),
            })
        }))
        .access(limits.layer().layer(AllowAll::new()))
        .udp_relayer(UdpRelay::new());
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    eprintln!("listening on {}", listener.local_addr()?);
    serve(listener, socks).await?;
    Ok(())
}
