//! The smallest server: SOCKS4, 4a and 5, CONNECT only, no login, to wherever the safe default lets.
//!
//! `minimal [LISTEN]`

use std::error::Error;

use socks_tower::{SocksService, TcpConnector, serve};
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let listen = std::env::args().nth(1);
    let listener = TcpListener::bind(listen.as_deref().unwrap_or("127.0.0.1:1080")).await?;
    eprintln!("listening on {}", listener.local_addr()?);
    serve(listener, SocksService::new(TcpConnector::new())).await?;
    Ok(())
}
