//! A string is not a phase.
use socks_tower::{SocksService, TcpConnector};

fn main() {
    let _ = SocksService::new(TcpConnector::new()).authenticator("not a service");
}
