use std::net::{IpAddr, SocketAddr};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
};

use crate::Peer;

/// What a client says and what it expects to hear, to be run against a server.
///
/// ```no_run
/// # async fn run(server: std::net::SocketAddr) {
/// let mut peer = support::Script::new()
///     .greet([0, 2])
///     .expect_method(2)
///     .login("user", "pass")
///     .expect_login(true)
///     .connect("example.com:80")
///     .expect_reply(0)
///     .run(server)
///     .await;
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct Script {
    steps: Vec<Step>,
    pace: Pace,
}

#[derive(Clone, Debug)]
enum Step {
    Send(Vec<u8>),
    Expect(Vec<u8>),
    /// A SOCKS5 reply with this code and any BND.
    Reply(u8),
    /// A SOCKS4 reply with this code and any address.
    Reply4(u8),
    /// The server closes without another octet, by FIN.
    End,
}

/// How the client's octets are cut into segments.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pace {
    /// Each step in a write of its own, after what was expected before it.
    #[default]
    Stepwise,
    /// Everything in one write, before anything is read.
    AtOnce,
    /// One octet a write.
    OctetByOctet,
}

impl Script {
    pub fn new() -> Self {
        Self::default()
    }

    #[must_use]
    pub fn pace(mut self, pace: Pace) -> Self {
        self.pace = pace;
        self
    }

    #[must_use]
    pub fn send(mut self, octets: impl AsRef<[u8]>) -> Self {
        self.steps.push(Step::Send(octets.as_ref().to_vec()));
        self
    }

    #[must_use]
    pub fn expect(mut self, octets: impl AsRef<[u8]>) -> Self {
        self.steps.push(Step::Expect(octets.as_ref().to_vec()));
        self
    }

    #[must_use]
    pub fn greet(self, methods: impl AsRef<[u8]>) -> Self {
        let methods = methods.as_ref();
        self.send([&[5, methods.len() as u8][..], methods].concat())
    }

    #[must_use]
    pub fn expect_method(self, method: u8) -> Self {
        self.expect([5, method])
    }

    #[must_use]
    pub fn login(self, user: &str, password: &str) -> Self {
        let mut octets = vec![1, user.len() as u8];
        octets.extend(user.bytes());
        octets.push(password.len() as u8);
        octets.extend(password.bytes());
        self.send(octets)
    }

    #[must_use]
    pub fn expect_login(self, success: bool) -> Self {
        self.expect([1, u8::from(!success)])
    }

    #[must_use]
    pub fn connect(self, destination: &str) -> Self {
        self.request(1, destination)
    }

    #[must_use]
    pub fn bind(self, destination: &str) -> Self {
        self.request(2, destination)
    }

    #[must_use]
    pub fn udp_associate(self, destination: &str) -> Self {
        self.request(3, destination)
    }

    /// A SOCKS5 request for `host:port`; an IP address goes as one, everything else as a name.
    #[must_use]
    pub fn request(self, command: u8, destination: &str) -> Self {
        let mut octets = vec![5, command, 0];
        put_address(&mut octets, destination);
        self.send(octets)
    }

    /// A SOCKS4 request, or a SOCKS4A one for a name.
    #[must_use]
    pub fn request4(self, command: u8, destination: &str, user: &str) -> Self {
        let (ip, name, port) = match destination.parse::<SocketAddr>() {
            Ok(SocketAddr::V4(addr)) => (addr.ip().octets(), None, addr.port()),
            Ok(SocketAddr::V6(addr)) => panic!("SOCKS4 cannot say {addr}"),
            Err(_) => {
                let (host, port) = destination.rsplit_once(':').expect("host:port");
                ([0, 0, 0, 1], Some(host), port.parse().expect("a port"))
            }
        };
        let mut octets = vec![4, command];
        octets.extend(port.to_be_bytes());
        octets.extend(ip);
        octets.extend(user.bytes());
        octets.push(0);
        if let Some(name) = name {
            octets.extend(name.bytes());
            octets.push(0);
        }
        self.send(octets)
    }

    /// A whole SOCKS5 reply with `code`; a failure must carry zeros in BND (`R5-44`).
    #[must_use]
    pub fn expect_reply(mut self, code: u8) -> Self {
        self.steps.push(Step::Reply(code));
        self
    }

    /// A whole SOCKS4 reply with `code`.
    #[must_use]
    pub fn expect_reply4(mut self, code: u8) -> Self {
        self.steps.push(Step::Reply4(code));
        self
    }

    /// The server closes its sending half in an orderly way and says nothing more.
    #[must_use]
    pub fn expect_end(mut self) -> Self {
        self.steps.push(Step::End);
        self
    }

    /// All that the client says, in order.
    pub fn client_octets(&self) -> Vec<u8> {
        let sends = self.steps.iter().filter_map(|step| match step {
            Step::Send(octets) => Some(octets.as_slice()),
            _ => None,
        });
        sends.collect::<Vec<_>>().concat()
    }

    /// Runs against a server.
    pub async fn run(self, server: SocketAddr) -> Peer {
        let stream = TcpStream::connect(server)
            .await
            .expect("the server accepts");
        stream.set_nodelay(true).expect("a TCP socket");
        self.run_over(stream).await
    }

    /// Connects from one of this machine's addresses and runs.
    pub async fn run_from(self, client: IpAddr, server: SocketAddr) -> Peer {
        let socket = match client {
            IpAddr::V4(_) => TcpSocket::new_v4(),
            IpAddr::V6(_) => TcpSocket::new_v6(),
        };
        let socket = socket.expect("a socket");
        let from = SocketAddr::new(client, 0);
        socket.bind(from).expect("an address of this machine");
        let stream = socket.connect(server).await.expect("the server accepts");
        stream.set_nodelay(true).expect("a TCP socket");
        self.run_over(stream).await
    }

    /// Runs over any stream.
    pub async fn run_over<Io: AsyncRead + AsyncWrite + Unpin>(self, stream: Io) -> Peer<Io> {
        let mut peer = Peer::new(stream);
        if self.pace == Pace::AtOnce {
            peer.stream
                .write_all(&self.client_octets())
                .await
                .expect("the server reads");
        }
        for step in self.steps {
            match step {
                Step::Send(octets) => send(&mut peer.stream, self.pace, &octets).await,
                Step::Expect(octets) => {
                    assert_eq!(peer.read(octets.len()).await, octets, "the server's answer");
                }
                Step::Reply(code) => peer.read_reply(code).await,
                Step::Reply4(code) => peer.read_reply4(code).await,
                Step::End => peer.read_end().await,
            }
        }
        peer
    }
}

async fn send(stream: &mut (impl AsyncWrite + Unpin), pace: Pace, octets: &[u8]) {
    let size = match pace {
        Pace::AtOnce => return,
        Pace::Stepwise => octets.len().max(1),
        Pace::OctetByOctet => 1,
    };
    for segment in octets.chunks(size) {
        // A server that has already refused may have closed; what it said is judged by the next
        // expectation.
        if stream.write_all(segment).await.is_err() || stream.flush().await.is_err() {
            return;
        }
        tokio::task::yield_now().await;
    }
}

/// For `AsyncReadExt` in `peer.rs` and here alike.
pub(crate) async fn read_exact(stream: &mut (impl AsyncRead + Unpin), len: usize) -> Vec<u8> {
    let mut octets = vec![0; len];
    stream
        .read_exact(&mut octets)
        .await
        .expect("the server says more");
    octets
}

/// ATYP, address and port of `host:port`; an IP address goes as one, everything else as a name.
pub(crate) fn put_address(octets: &mut Vec<u8>, destination: &str) {
    let port = match destination.parse::<SocketAddr>() {
        Ok(addr) => {
            match addr.ip() {
                IpAddr::V4(ip) => octets.extend([&[1][..], &ip.octets()].concat()),
                IpAddr::V6(ip) => octets.extend([&[4][..], &ip.octets()].concat()),
            }
            addr.port()
        }
        Err(_) => {
            let (host, port) = destination.rsplit_once(':').expect("host:port");
            octets.extend([3, host.len() as u8]);
            octets.extend(host.bytes());
            port.parse().expect("a port")
        }
    };
    octets.extend(port.to_be_bytes());
}
