mod commands;
mod embedding;
mod own;
mod ranges;
mod vectors;

use std::{net::SocketAddr, sync::Arc};

use ipnet::IpNet;
use socks_core::{
    Address, Command,
    message::{AccessRequest, ConnInfo, Endpoint, Identity, Permit, SessionId, Version},
};

use crate::{Refusal, SafeDefault};

/// A listener that strangers reach.
pub(crate) const PUBLIC: &str = "192.31.196.1:1080";
/// A listener that only this machine reaches.
pub(crate) const LOCAL: &str = "127.0.0.1:1080";

pub(crate) fn endpoint(addr: &str) -> Endpoint {
    addr.parse::<SocketAddr>().unwrap().into()
}

fn nets<const N: usize>(nets: [&str; N]) -> [IpNet; N] {
    nets.map(|net| net.parse().unwrap())
}

pub(crate) fn address(text: &str) -> Address {
    match text.parse::<SocketAddr>() {
        Ok(addr) => addr.into(),
        Err(_) => {
            let (name, port) = text.rsplit_once(':').unwrap();
            Address::domain(name, port.parse().unwrap()).unwrap()
        }
    }
}

pub(crate) fn request(listener: &str, command: Command, destination: Address) -> AccessRequest {
    let peer = endpoint("198.41.0.4:50000");
    let conn = ConnInfo::new(SessionId(1), Version::Socks5, peer, endpoint(listener));
    let identity = Arc::new(Identity::anonymous());
    AccessRequest::new(Arc::new(conn), identity, command, destination)
}

fn connect(access: &SafeDefault, listener: &str, destination: &str) -> Result<Permit, Refusal> {
    access.check(&request(listener, Command::Connect, address(destination)))
}

/// Judges an address, port 80, for clients of `listener`.
fn judge(access: &SafeDefault, listener: &str, ip: &str) -> Result<(), Refusal> {
    let addr = SocketAddr::new(ip.parse().unwrap(), 80);
    access.check_address(&endpoint(listener), addr)
}
