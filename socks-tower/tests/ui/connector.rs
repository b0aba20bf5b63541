//! A string is not a phase.
use socks_tower::SocksService;
use tokio::net::TcpStream;

fn main() {
    let _ = SocksService::<TcpStream>::new("not a service");
}
