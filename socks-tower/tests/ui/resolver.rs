//! A string is not a resolver.
use socks_tower::TcpConnector;

fn main() {
    let _ = TcpConnector::new().resolver("not a service");
}
