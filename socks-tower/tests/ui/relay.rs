//! A relay is judged where the service is used, since it depends on the client's stream.
use socks_tower::{SocksService, TcpConnector, serve};
use tokio::net::TcpListener;

async fn run(listener: TcpListener) {
    let socks = SocksService::new(TcpConnector::new()).relay("not a service");
    let _ = serve(listener, socks).await;
}

fn main() {}
