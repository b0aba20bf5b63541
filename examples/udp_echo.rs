//! Datagrams through a proxy: an echo server, and a client of it in the same program.
//!
//! `udp_echo [PROXY]`: the proxy has to serve UDP ASSOCIATE and to let datagrams through to loopback.

use std::{error::Error, io, time::Duration};

use socks_tower::client::Client;
use tokio::{net::UdpSocket, time::timeout};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let proxy = std::env::args().nth(1);
    let proxy = proxy.as_deref().unwrap_or("127.0.0.1:1080");

    let server = UdpSocket::bind("127.0.0.1:0").await?;
    let target = server.local_addr()?;
    tokio::spawn(echo(server));

    let mut socket = Client::dial_socks5(proxy).await?.udp_associate().await?;
    eprintln!("relay at {}", socket.relay_addr());
    socket.send_to(b"hello", target).await?;

    // Datagrams get lost, so no wait is without an end.
    let mut buf = [0; 1500];
    let answer = socket.recv_from(&mut buf);
    let (len, from) = timeout(Duration::from_secs(5), answer).await??;
    let data = buf.get(..len).unwrap_or_default();
    println!("{} from {from}", data.escape_ascii());
    Ok(())
}

async fn echo(socket: UdpSocket) -> io::Result<()> {
    let mut buf = [0; 1500];
    loop {
        let (len, from) = socket.recv_from(&mut buf).await?;
        let data = buf.get(..len).unwrap_or_default();
        socket.send_to(data, from).await?;
    }
}
