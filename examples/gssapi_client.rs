//! Through a proxy by a Kerberos ticket (RFC 1961), as netcat does it without.
//!
//! `gssapi_client PROXY SERVICE LEVEL TARGET`: standard input goes to TARGET, and what it says to
//! standard output. LEVEL is `integrity` or `confidentiality`; with `udp-` in front of it each line
//! is a datagram, and awaits one. The ticket is the user's (`kinit`).

use std::{error::Error, time::Duration};

use socks_auth::gssapi::Initiator;
use socks_core::{Address, gssapi::Levels};
use socks_tower::client::{Client, Socks5Client};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, stdin, stdout},
    net::TcpStream,
    time::timeout,
};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Longest line that is sent as a datagram.
const MAX_LINE: u64 = 60_000;

#[tokio::main]
async fn main() -> Result<()> {
    if std::env::var_os("RUST_LOG").is_some() {
        tracing_subscriber::fmt()
            .with_writer(std::io::stderr)
            .with_max_level(tracing::Level::DEBUG)
            .init();
    }
    let args: Vec<_> = std::env::args().skip(1).collect();
    let [proxy, service, level, target] = args.as_slice() else {
        return Err("PROXY SERVICE LEVEL TARGET".into());
    };
    let (datagrams, level) = match level.strip_prefix("udp-") {
        Some(level) => (true, level),
        None => (false, level.as_str()),
    };
    let levels = match level {
        "integrity" => Levels::INTEGRITY,
        "confidentiality" => Levels::CONFIDENTIALITY,
        _ => return Err("LEVEL is integrity or confidentiality".into()),
    };
    let target = address(target)?;

    // Kerberos knows the proxy by its name, so that is what is to be given, and not an address.
    let (host, _) = proxy.rsplit_once(':').ok_or("PROXY is a name and a port")?;
    let initiator = Initiator::new(service, host).datagrams(datagrams);
    let method = initiator.subnegotiation().levels(levels);
    let client = Client::dial_socks5(proxy).await?.method(method);
    match datagrams {
        false => pipe(client, target).await,
        true => ask(client, target).await,
    }
}

fn address(target: &str) -> Result<Address> {
    if let Ok(addr) = target.parse::<std::net::SocketAddr>() {
        return Ok(addr.into());
    }
    let (name, port) = target
        .rsplit_once(':')
        .ok_or("TARGET is a host and a port")?;
    Ok(Address::domain(name, port.parse()?)?)
}

async fn pipe(client: Socks5Client<TcpStream>, target: Address) -> Result<()> {
    let (mut reader, mut writer) = tokio::io::split(client.connect(target).await?);
    let sending = tokio::spawn(async move {
        tokio::io::copy(&mut stdin(), &mut writer).await?;
        writer.shutdown().await
    });
    tokio::io::copy(&mut reader, &mut stdout()).await?;
    stdout().flush().await?;
    Ok(sending.await??)
}

async fn ask(client: Socks5Client<TcpStream>, target: Address) -> Result<()> {
    let mut socket = client.udp_associate().await?;
    let mut lines = BufReader::new(stdin());
    let mut buf = vec![0; 65_535];
    loop {
        let mut line = Vec::new();
        if (&mut lines)
            .take(MAX_LINE)
            .read_until(b'\n', &mut line)
            .await?
            == 0
        {
            return Ok(());
        }
        socket.send_to(&line, target.clone()).await?;
        // Datagrams get lost, so no wait is without an end.
        let answer = timeout(Duration::from_secs(5), socket.recv_from(&mut buf));
        let (len, _) = answer.await??;
        stdout()
            .write_all(buf.get(..len).unwrap_or_default())
            .await?;
        stdout().flush().await?;
    }
}
