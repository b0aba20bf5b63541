use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream, UdpSocket},
    task::JoinHandle,
};

/// Stands between client and server, and keeps every octet that passes, either way.
pub(crate) struct Tap {
    pub(crate) addr: SocketAddr,
    heard: Heard,
    passing: JoinHandle<()>,
}

type Heard = Arc<Mutex<Vec<u8>>>;

impl Tap {
    /// In front of a TCP server.
    pub(crate) async fn tcp(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let heard = Heard::default();
        let keeps = heard.clone();
        let passing = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = TcpStream::connect(server).await.unwrap();
                let (client_reads, client_writes) = client.into_split();
                let (server_reads, server_writes) = server.into_split();
                tokio::spawn(pass(client_reads, server_writes, keeps.clone()));
                tokio::spawn(pass(server_reads, client_writes, keeps.clone()));
            }
        });
        Self {
            addr,
            heard,
            passing,
        }
    }

    /// In front of a UDP relay, which is told by what it returns.
    pub(crate) async fn udp() -> (Self, tokio::sync::oneshot::Sender<SocketAddr>) {
        let inside = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let addr = inside.local_addr().unwrap();
        let heard = Heard::default();
        let keeps = heard.clone();
        let (relay, told) = tokio::sync::oneshot::channel();
        let passing = tokio::spawn(async move {
            let relay = told.await.unwrap();
            let outside = UdpSocket::bind("127.0.0.1:0").await.unwrap();
            let (mut to_relay, mut to_client) = (vec![0; 70_000], vec![0; 70_000]);
            let mut client = None;
            loop {
                tokio::select! {
                    received = inside.recv_from(&mut to_relay) => {
                        let (len, from) = received.unwrap();
                        client = Some(from);
                        keeps.lock().unwrap().extend(&to_relay[..len]);
                        outside.send_to(&to_relay[..len], relay).await.unwrap();
                    }
                    received = outside.recv_from(&mut to_client) => {
                        let (len, _) = received.unwrap();
                        keeps.lock().unwrap().extend(&to_client[..len]);
                        inside.send_to(&to_client[..len], client.unwrap()).await.unwrap();
                    }
                }
            }
        });
        let tap = Self {
            addr,
            heard,
            passing,
        };
        (tap, relay)
    }

    pub(crate) fn heard(&self) -> Vec<u8> {
        self.heard.lock().unwrap().clone()
    }
}

async fn pass(mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin, keeps: Heard) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(len @ 1..) = from.read(&mut buffer).await {
        keeps.lock().unwrap().extend(&buffer[..len]);
        if to.write_all(&buffer[..len]).await.is_err() {
            return;
        }
    }
    let _ = to.shutdown().await;
}

impl Drop for Tap {
    fn drop(&mut self) {
        self.passing.abort();
    }
}
