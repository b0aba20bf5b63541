use std::net::{IpAddr, SocketAddr};

use tokio::{net::UdpSocket, task::JoinHandle};

use crate::script::put_address;

/// The UDP side of a SOCKS client, which writes and reads headers octet by octet.
#[derive(Debug)]
pub struct UdpPeer {
    pub socket: UdpSocket,
    pub relay: SocketAddr,
}

impl UdpPeer {
    /// A client at `local` whose relay is at `relay`.
    pub async fn new(local: &str, relay: SocketAddr) -> Self {
        let socket = UdpSocket::bind(local).await.expect("a loopback port");
        Self { socket, relay }
    }

    pub fn local_addr(&self) -> SocketAddr {
        self.socket.local_addr().expect("a bound socket")
    }

    /// Sends octets as they are.
    pub async fn send_raw(&self, octets: &[u8]) {
        let sent = self.socket.send_to(octets, self.relay).await;
        assert_eq!(sent.expect("loopback takes it"), octets.len());
    }

    /// Sends `data` to `host:port`; an IP address goes as one, everything else as a name.
    pub async fn send(&self, destination: &str, data: &[u8]) {
        self.send_raw(&udp_datagram(0, destination, data)).await;
    }

    /// The next datagram from the relay: the sender in its header, and the data.
    pub async fn receive(&self) -> (SocketAddr, Vec<u8>) {
        let mut buffer = vec![0; 70_000];
        let (len, from) = self.socket.recv_from(&mut buffer).await.expect("loopback");
        assert_eq!(
            from, self.relay,
            "the relay answers from where it is reached"
        );
        buffer.truncate(len);
        assert_eq!(buffer[..3], [0, 0, 0], "RSV and FRAG");
        let (ip, rest) = match buffer[3] {
            1 => (IpAddr::from(<[u8; 4]>::try_from(&buffer[4..8]).unwrap()), 8),
            4 => (
                IpAddr::from(<[u8; 16]>::try_from(&buffer[4..20]).unwrap()),
                20,
            ),
            other => panic!("a relay sends ATYP 01 or 04 (UD-18), not {other:#04x}"),
        };
        let port = u16::from_be_bytes([buffer[rest], buffer[rest + 1]]);
        (SocketAddr::new(ip, port), buffer.split_off(rest + 2))
    }

    /// Sends, and expects the same back from `from`.
    pub async fn echoes(&self, destination: &str, from: SocketAddr, data: &[u8]) {
        self.send(destination, data).await;
        assert_eq!(self.receive().await, (from, data.to_vec()));
    }
}

/// A datagram with its UDP request header.
pub fn udp_datagram(fragment: u8, destination: &str, data: &[u8]) -> Vec<u8> {
    let mut octets = vec![0, 0, fragment];
    put_address(&mut octets, destination);
    octets.extend(data);
    octets
}

/// A UDP service that sends back what it gets. Gone when dropped.
#[derive(Debug)]
pub struct UdpEcho {
    pub addr: SocketAddr,
    echoing: JoinHandle<()>,
}

impl UdpEcho {
    pub async fn start(local: &str) -> Self {
        let socket = UdpSocket::bind(local).await.expect("a loopback port");
        let addr = socket.local_addr().expect("a bound socket");
        let echoing = tokio::spawn(async move {
            let mut buffer = vec![0; 70_000];
            while let Ok((len, from)) = socket.recv_from(&mut buffer).await {
                let _ = socket.send_to(&buffer[..len], from).await;
            }
        });
        Self { addr, echoing }
    }
}

impl Drop for UdpEcho {
    fn drop(&mut self) {
        self.echoing.abort();
    }
}
