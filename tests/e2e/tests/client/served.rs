//! The client against this project's own server.

use std::io;

use e2e::{open, with_login};
use socks_core::{
    ReplyCode, UserId,
    message::{AccessRequest, Bind, Connect, Verdict},
};
use socks_tower::{
    Accepted, Bound, BoxError, CodedError, Connected, Incoming, SocksService,
    client::{Client, ClientErrorKind as Kind},
};
use support::{Server, Target};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use tower::{ServiceExt, service_fn};

use crate::destination;

async fn echoes(mut tunnel: impl AsyncRead + AsyncWrite + Unpin) {
    tunnel.write_all(b"hello").await.unwrap();
    tunnel.shutdown().await.unwrap();
    let mut heard = String::new();
    tunnel.read_to_string(&mut heard).await.unwrap();
    assert_eq!(heard, "hello");
}

/// R5-39, R5-58, S4A-1: names and addresses, with and without a login, in both versions.
#[tokio::test]
async fn connects() {
    let target = Target::echo().await;
    let server = Server::start(open(target.addr)).await;
    for to in [destination(), target.addr.into()] {
        let client = Client::dial_socks5(server.addr).await.unwrap();
        echoes(client.connect(to.clone()).await.unwrap()).await;
        let client = Client::dial_socks4(server.addr).await.unwrap();
        let client = client.user_id(UserId::new(b"fred").unwrap());
        echoes(client.connect(to.clone()).await.unwrap()).await;
        let client = Client::dial_socks4(server.addr).await.unwrap();
        let mut tunnel = client.connect_with(to, b"early ").await.unwrap();
        let mut heard = [0; 6];
        tunnel.read_exact(&mut heard).await.unwrap();
        assert_eq!(&heard, b"early ");
        echoes(tunnel).await;
    }

    let server = Server::start(with_login(target.addr)).await;
    for (password, success) in [("pass", true), ("word", false)] {
        let client = Client::dial_socks5(server.addr).await.unwrap();
        let client = client.username_password("user", password).unwrap();
        match client.connect(destination()).await {
            Ok(tunnel) if success => echoes(tunnel).await,
            outcome => assert_eq!(outcome.unwrap_err().kind(), Kind::Authentication),
        }
    }
    let client = Client::dial_socks5(server.addr).await.unwrap();
    let error = client.connect(destination()).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Authentication);
}

/// R5-48: each code that a server says arrives as what it is; by SOCKS4 as far as that can say it.
#[tokio::test]
async fn refusals() {
    for code in 1..=0xff {
        let connector = service_fn(move |_: Connect| async move {
            Err::<Connected<TcpStream>, _>(CodedError::new(ReplyCode(code)))
        });
        let over = |io| {
            let everywhere =
                service_fn(|_: AccessRequest| async { Ok::<_, BoxError>(Verdict::allow()) });
            let service = SocksService::new(connector).access(everywhere);
            tokio::spawn(service.oneshot(Incoming::unnamed(io)));
        };
        for ahead in [false, true] {
            let (stream, io) = tokio::io::duplex(1024);
            over(io);
            let client = Client::socks5(stream);
            let error = match ahead {
                false => client.connect(destination()).await.unwrap_err(),
                true => client
                    .connect_with(destination(), b"early")
                    .await
                    .unwrap_err(),
            };
            assert_eq!(error.reply_code(), Some(ReplyCode(code)));
        }
        let (stream, io) = tokio::io::duplex(1024);
        over(io);
        let error = Client::socks4(stream)
            .connect(destination())
            .await
            .unwrap_err();
        assert_eq!(error.reply_code(), Some(ReplyCode::GENERAL_FAILURE));
    }
}

async fn listen(_: Bind) -> io::Result<Bound<TcpStream>> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let addr = listener.local_addr()?;
    Ok(Bound::new(addr, async move {
        let (stream, peer) = listener.accept().await?;
        Ok(Accepted::new(stream, peer))
    }))
}

/// BI-1, BI-17, BI-19: a secondary connection next to a primary one, both ways, both versions.
#[tokio::test]
async fn bind() {
    let target = Target::echo().await;
    let server = Server::start(open(target.addr).binder(service_fn(listen))).await;
    for socks4 in [false, true] {
        let client = Client::dial_socks5(server.addr).await.unwrap();
        let _primary = client.connect(target.addr).await.unwrap();
        let listening = match socks4 {
            false => {
                Client::dial_socks5(server.addr)
                    .await
                    .unwrap()
                    .bind(target.addr)
                    .await
            }
            true => {
                Client::dial_socks4(server.addr)
                    .await
                    .unwrap()
                    .bind(target.addr)
                    .await
            }
        };
        let listening = listening.unwrap();
        let mut peer = TcpStream::connect(listening.bound().to_string())
            .await
            .unwrap();
        peer.write_all(b"220").await.unwrap();
        let (mut tunnel, from) = listening.accept_from(target.addr.ip()).await.unwrap();
        assert_eq!(from, peer.local_addr().unwrap().into());
        let mut heard = [0; 3];
        tunnel.read_exact(&mut heard).await.unwrap();
        assert_eq!(&heard, b"220");
        tunnel.write_all(b"USER").await.unwrap();
        let mut heard = [0; 4];
        peer.read_exact(&mut heard).await.unwrap();
        assert_eq!(&heard, b"USER");
    }
}

/// BI-15, BI-17: what a server without a binder says, and one whose peer does not come.
#[tokio::test(start_paused = true)]
async fn nobody_connects() {
    let to: std::net::SocketAddr = "192.0.2.9:21".parse().unwrap();
    let waiting = service_fn(|_: Bind| async {
        let addr = "192.0.2.1:4000".parse()?;
        Ok::<_, BoxError>(Bound::<TcpStream>::new(addr, std::future::pending()))
    });
    let nowhere = || open("127.0.0.1:9".parse().unwrap());
    let (stream, io) = tokio::io::duplex(1024);
    tokio::spawn(nowhere().oneshot(Incoming::unnamed(io)));
    let error = Client::socks5(stream).bind(to).await.unwrap_err();
    assert_eq!(error.reply_code(), Some(ReplyCode::COMMAND_NOT_SUPPORTED));

    let (stream, io) = tokio::io::duplex(1024);
    tokio::spawn(nowhere().binder(waiting).oneshot(Incoming::unnamed(io)));
    let listening = Client::socks5(stream).bind(to).await.unwrap();
    let error = listening.accept().await.unwrap_err();
    assert_eq!(error.reply_code(), Some(ReplyCode::TTL_EXPIRED));
}
