//! The examples that are clients, against servers with the simplest of phases.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod common;

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
};

use common::output;
use socks_core::message::{AccessRequest, Associate, Bind, Verdict};
use socks_tower::{Accepted, Association, Bound, BoxError, SocksService, TcpConnector, Traffic};
use support::{Server, Target};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream, UdpSocket},
};
use tower::service_fn;

const UDP_ECHO: &str = env!("CARGO_BIN_EXE_udp_echo");
const FTP_ACTIVE: &str = env!("CARGO_BIN_EXE_ftp_active");

fn open() -> SocksService {
    let everywhere = service_fn(|_: AccessRequest| async { Ok::<_, BoxError>(Verdict::allow()) });
    SocksService::new(TcpConnector::new()).access(everywhere)
}

/// Relays between one client and IPv4 targets.
async fn relay(_: Associate) -> Result<Association, BoxError> {
    let inside = UdpSocket::bind("127.0.0.1:0").await?;
    let outside = UdpSocket::bind("127.0.0.1:0").await?;
    let addr = inside.local_addr()?;
    let relaying = async move {
        let (mut request, mut answer) = ([0; 2048], [0; 2048]);
        loop {
            let (len, client) = inside.recv_from(&mut request).await?;
            let target: [u8; 6] = request[4..10].try_into()?;
            let ip = Ipv4Addr::new(target[0], target[1], target[2], target[3]);
            let port = u16::from_be_bytes([target[4], target[5]]);
            outside.send_to(&request[10..len], (ip, port)).await?;
            let (len, _) = outside.recv_from(&mut answer).await?;
            let datagram = [&request[..10], &answer[..len]].concat();
            inside.send_to(&datagram, client).await?;
        }
    };
    Ok(Association::new(addr, Arc::<Traffic>::default(), relaying))
}

#[tokio::test]
async fn udp_echo() {
    let server = Server::start(open().udp_relayer(service_fn(relay))).await;
    let output = output(UDP_ECHO, &[&server.addr.to_string()]).await;
    assert!(output.status.success(), "{output:?}");
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.starts_with("hello from 127.0.0.1:"), "{said}");
}

async fn listen(_: Bind) -> io::Result<Bound<TcpStream>> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let addr = listener.local_addr()?;
    Ok(Bound::new(addr, async move {
        let (stream, peer) = listener.accept().await?;
        Ok(Accepted::new(stream, peer))
    }))
}

/// An FTP server with one file, which it sends to wherever it is told to.
async fn ftp(stream: TcpStream) -> io::Result<()> {
    let mut control = BufReader::new(stream);
    control
        .write_all(b"220-hello\r\n 221 of us\r\n220 ready\r\n")
        .await?;
    let mut data = None;
    loop {
        let mut line = String::new();
        if control.read_line(&mut line).await? == 0 {
            return Ok(());
        }
        let (command, argument) = line
            .trim_end()
            .split_once(' ')
            .unwrap_or((line.trim_end(), ""));
        let answer = match command {
            "USER" => "331 password?",
            "PASS" | "TYPE" => "200 ok",
            "PORT" => {
                let octets: Vec<u8> = argument.split(',').map(|n| n.parse().unwrap()).collect();
                let ip = Ipv4Addr::new(octets[0], octets[1], octets[2], octets[3]);
                let port = u16::from_be_bytes([octets[4], octets[5]]);
                data = Some(SocketAddr::from((ip, port)));
                "200 there"
            }
            "RETR" if argument == "file" => {
                control.write_all(b"150 coming\r\n").await?;
                let mut data = TcpStream::connect(data.expect("PORT comes first")).await?;
                data.write_all(b"octets of the file\n").await?;
                data.shutdown().await?;
                "226 done"
            }
            "RETR" => "550 no such file",
            _ => "221 bye",
        };
        control
            .write_all(format!("{answer}\r\n").as_bytes())
            .await?;
    }
}

/// BI-1: a data connection by BIND, next to the control connection by CONNECT.
#[tokio::test]
async fn ftp_active() {
    let ftp = Target::serving(|stream| async move { ftp(stream).await.unwrap() }).await;
    let server = Server::start(open().binder(service_fn(listen))).await;
    let (proxy, target) = (server.addr.to_string(), ftp.addr.to_string());
    let done = output(FTP_ACTIVE, &[&proxy, &target, "file"]).await;
    assert!(done.status.success(), "{done:?}");
    assert_eq!(done.stdout, b"octets of the file\n");

    let failed = output(FTP_ACTIVE, &[&proxy, &target, "other"]).await;
    assert!(!failed.status.success());
    let said = String::from_utf8(failed.stderr).unwrap();
    assert!(said.contains("550 no such file"), "{said}");
}
