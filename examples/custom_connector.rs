//! A closure as connector: it sends one name somewhere else and leaves the rest to `TcpConnector`.
//!
//! `custom_connector [LISTEN] [TARGET]`: `home.test`, on any port, leads to `TARGET`.

use std::{error::Error, net::SocketAddr};

use socks_core::{Address, message::Connect};
use socks_tower::{SocksService, TcpConnector, serve};
use tokio::net::TcpListener;
use tower::{ServiceExt, service_fn};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let listen = args.next();
    let target: SocketAddr = args.next().as_deref().unwrap_or("127.0.0.1:8080").parse()?;

    // The permit goes along, and `TcpConnector` asks it about the new address too.
    let tcp = TcpConnector::new();
    let connector = service_fn(move |mut connect: Connect| {
        if let Address::Domain(name, _) = &connect.destination
            && name.as_bytes() == b"home.test"
        {
            connect.destination = target.into();
        }
        tcp.clone().oneshot(connect)
    });

    let listener = TcpListener::bind(listen.as_deref().unwrap_or("127.0.0.1:1080")).await?;
    eprintln!("listening on {}", listener.local_addr()?);
    serve(listener, SocksService::new(connector)).await?;
    Ok(())
}
