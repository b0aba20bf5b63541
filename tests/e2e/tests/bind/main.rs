//! BIND through `TcpBinder`: whole sessions over loopback, where `127.0.0.1` expects a peer and other
//! addresses of `127.0.0.0/8` play strangers.

mod access;
mod limits;
mod names;
mod place;
mod replies;
mod strangers;
mod waiting;

use std::{io, net::SocketAddr};

use e2e::open;
use socks_tower::{Binder, SocksService};
use support::{Peer, Script, Server};
use tokio::{
    io::AsyncReadExt,
    net::{TcpSocket, TcpStream},
};

/// Lets everybody do everything, by this binder.
fn serving(binder: impl Binder<TcpStream>) -> SocksService {
    open("127.0.0.1:9".parse().unwrap()).binder(binder)
}

fn requesting() -> Script {
    Peer::script().greet([0]).expect_method(0)
}

/// A SOCKS5 client that has its first reply.
async fn listening(server: &Server, destination: &str) -> (Peer, SocketAddr) {
    let script = requesting().bind(destination).expect_reply(0);
    let client = script.run(server.addr).await;
    let bound = client.bound.unwrap();
    (client, bound)
}

/// The same for SOCKS4.
async fn listening4(server: &Server, destination: &str) -> (Peer, SocketAddr) {
    let script = Peer::script().request4(2, destination, "");
    let client = script.expect_reply4(0x5a).run(server.addr).await;
    let bound = client.bound.unwrap();
    (client, bound)
}

/// Connects from another address of this machine.
async fn connect_from(ip: &str, addr: SocketAddr) -> io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    socket.bind(SocketAddr::new(ip.parse().unwrap(), 0))?;
    socket.connect(addr).await
}

/// A listener of somebody else, who sets no address reuse.
fn listen_at(addr: SocketAddr) -> io::Result<tokio::net::TcpListener> {
    let socket = TcpSocket::new_v4()?;
    socket.bind(addr)?;
    socket.listen(1)
}

/// A SOCKS5 reply in octets, for second replies.
fn reply(code: u8, addr: SocketAddr) -> Vec<u8> {
    let SocketAddr::V4(addr) = addr else {
        panic!("these tests run on IPv4")
    };
    let port = addr.port().to_be_bytes();
    [&[5, code, 0, 1][..], &addr.ip().octets(), &port].concat()
}

/// A SOCKS4 reply in octets.
fn reply4(code: u8, addr: SocketAddr) -> Vec<u8> {
    let octets = reply(code, addr);
    let (ip, port) = octets[4..].split_at(4);
    [&[0, code][..], port, ip].concat()
}

/// Zeros, for failures.
fn nobody() -> SocketAddr {
    "0.0.0.0:0".parse().unwrap()
}

async fn is_reset(mut stream: TcpStream) -> bool {
    let read = stream.read(&mut [0]).await;
    read.is_err_and(|error| error.kind() == io::ErrorKind::ConnectionReset)
}
