use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
};

use crate::{Script, script::read_exact};

/// A client behind its handshake.
#[derive(Debug)]
pub struct Peer<Io = TcpStream> {
    pub stream: Io,
    /// BND of the last reply.
    pub bound: Option<SocketAddr>,
}

impl Peer {
    /// The start of a script; see [`Script`].
    pub fn script() -> Script {
        Script::new()
    }

    /// The client's own address.
    pub fn local_addr(&self) -> SocketAddr {
        self.stream.local_addr().expect("a TCP socket")
    }
}

impl<Io: AsyncRead + AsyncWrite + Unpin> Peer<Io> {
    pub(crate) fn new(stream: Io) -> Self {
        Self {
            stream,
            bound: None,
        }
    }

    pub async fn send(&mut self, octets: impl AsRef<[u8]>) {
        self.stream
            .write_all(octets.as_ref())
            .await
            .expect("the server reads");
        self.stream.flush().await.expect("the server reads");
    }

    /// Reads exactly `len` octets.
    pub async fn read(&mut self, len: usize) -> Vec<u8> {
        read_exact(&mut self.stream, len).await
    }

    /// Ends the sending half and reads to the end.
    pub async fn finish(&mut self) -> Vec<u8> {
        self.stream
            .shutdown()
            .await
            .expect("the connection is open");
        self.rest().await
    }

    /// Reads to the end.
    pub async fn rest(&mut self) -> Vec<u8> {
        let mut octets = Vec::new();
        self.stream
            .read_to_end(&mut octets)
            .await
            .expect("an orderly end");
        octets
    }

    pub(crate) async fn read_reply(&mut self, code: u8) {
        let head = self.read(4).await;
        assert_eq!(head[..3], [5, code, 0], "VER, REP, RSV of the reply");
        let ip: IpAddr = match head[3] {
            1 => <[u8; 4]>::try_from(self.read(4).await)
                .expect("4 octets")
                .into(),
            4 => <[u8; 16]>::try_from(self.read(16).await)
                .expect("16 octets")
                .into(),
            other => panic!("a server sends ATYP 01 or 04 (R5-45), not {other:#04x}"),
        };
        let port = u16::from_be_bytes(self.read(2).await.try_into().expect("2 octets"));
        let bound = SocketAddr::new(ip, port);
        if code != 0 {
            let zeros = SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), 0);
            assert_eq!(bound, zeros, "BND of a failure (R5-44)");
        }
        self.bound = Some(bound);
    }

    pub(crate) async fn read_reply4(&mut self, code: u8) {
        let reply = self.read(8).await;
        assert_eq!(reply[..2], [0, code], "VN, CD of the reply");
        let port = u16::from_be_bytes([reply[2], reply[3]]);
        let ip = Ipv4Addr::new(reply[4], reply[5], reply[6], reply[7]);
        self.bound = Some(SocketAddr::new(ip.into(), port));
    }

    pub(crate) async fn read_end(&mut self) {
        assert_eq!(self.rest().await, b"", "nothing more before the end");
    }
}
