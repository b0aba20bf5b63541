//! A closure of the right kind that answers with the wrong thing.
use socks_core::message::Connect;
use socks_tower::{BoxError, SocksService};
use tokio::net::TcpStream;
use tower::service_fn;

fn main() {
    let connector = service_fn(|connect: Connect| async move {
        Ok::<_, BoxError>(connect.destination)
    });
    let _ = SocksService::<TcpStream>::new(connector);
}
