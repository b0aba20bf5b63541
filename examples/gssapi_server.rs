//! A server for who has a Kerberos ticket (RFC 1961): everything behind the login is encrypted.
//!
//! `gssapi_server KEYTAB SERVICE REALM [LISTEN]`: the keys of SERVICE, such as `rcmd`, for users of
//! REALM.

use std::error::Error;

use socks_auth::{Principals, gssapi::Keytab};
use socks_core::{Method, gssapi::Levels};
use socks_tower::{SocksService, TcpBinder, TcpConnector, TraceLayer, UdpRelay, serve};
use tokio::net::TcpListener;
use tower::ServiceBuilder;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_max_level(tracing::Level::DEBUG)
        .init();
    let args: Vec<_> = std::env::args().skip(1).collect();
    let ([keytab, service, realm], listen) = match args.as_slice() {
        [keytab, service, realm] => ([keytab, service, realm], "127.0.0.1:1080"),
        [keytab, service, realm, listen] => ([keytab, service, realm], listen.as_str()),
        _ => return Err("KEYTAB SERVICE REALM [LISTEN]".into()),
    };

    // Opened here, so that a missing key is told now and not to the first client.
    let acceptor = Keytab::new(keytab).service(service).open()?;
    let levels = Levels::CONFIDENTIALITY;
    let socks = SocksService::new(TcpConnector::new())
        .binder(TcpBinder::new())
        .udp_relayer(UdpRelay::new())
        .method((Method::GSSAPI, move || {
            acceptor.subnegotiation().levels(levels)
        }))
        .authenticator(Principals::new().realm(realm));
    let service = ServiceBuilder::new()
        .layer(TraceLayer::new())
        .service(socks);

    let listener = TcpListener::bind(listen).await?;
    eprintln!("listening on {}", listener.local_addr()?);
    serve(listener, service).await?;
    Ok(())
}
