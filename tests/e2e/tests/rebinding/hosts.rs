use std::{
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream, UdpSocket},
    task::JoinSet,
};

use super::plan::PUBLIC;

/// Somebody at the public address who answers everybody, and somebody on loopback, at the same port,
/// whom nobody may reach. Gone when dropped.
pub(super) struct Hosts {
    pub(super) port: u16,
    /// Who sent datagrams to the public one.
    datagrams: Arrivals,
    /// Who connected or sent datagrams to the one on loopback.
    intruders: Arrivals,
    loopback: Vec<IpAddr>,
    _serving: JoinSet<()>,
}

type Arrivals = Arc<Mutex<Vec<SocketAddr>>>;

impl Hosts {
    pub(super) async fn start() -> Self {
        loop {
            let first = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
            let port = first.local_addr().unwrap().port();
            // Somebody else may have the port at another address.
            if let Some(hosts) = Self::at(first, port).await {
                return hosts;
            }
        }
    }

    async fn at(first: TcpListener, port: u16) -> Option<Self> {
        let mut serving = JoinSet::new();
        let (datagrams, intruders) = (Arrivals::default(), Arrivals::default());
        let public = TcpListener::bind((PUBLIC, port)).await.ok()?;
        serving.spawn(echo(public));
        serving.spawn(note_datagrams(udp(PUBLIC, port).await?, datagrams.clone()));
        serving.spawn(note(first, intruders.clone()));
        serving.spawn(note_datagrams(
            udp("127.0.0.1", port).await?,
            intruders.clone(),
        ));
        let mut loopback = vec!["127.0.0.1".parse().unwrap()];
        if support::has_ipv6().await {
            let listener = TcpListener::bind(("::1", port)).await.ok()?;
            serving.spawn(note(listener, intruders.clone()));
            serving.spawn(note_datagrams(udp("::1", port).await?, intruders.clone()));
            loopback.push("::1".parse().unwrap());
        }
        Some(Self {
            port,
            datagrams,
            intruders,
            loopback,
            _serving: serving,
        })
    }

    /// How many connections and datagrams have got through to loopback. Comes there itself, and waits
    /// until that is noted: then so is everybody who came before.
    pub(super) async fn intruders(&self) -> usize {
        let mut own = Vec::new();
        for ip in &self.loopback {
            let there = SocketAddr::new(*ip, self.port);
            let connection = TcpStream::connect(there).await.unwrap();
            own.push(arrives(&self.intruders, connection.local_addr().unwrap()).await);
            own.push(self.send(there, &self.intruders).await);
        }
        let all = self.intruders.lock().unwrap();
        all.iter().filter(|addr| !own.contains(addr)).count()
    }

    /// How many datagrams have come to the public address, in the same way.
    pub(super) async fn datagrams(&self) -> usize {
        let there = SocketAddr::new(super::public(), self.port);
        let own = self.send(there, &self.datagrams).await;
        let all = self.datagrams.lock().unwrap();
        all.iter().filter(|addr| **addr != own).count()
    }

    async fn send(&self, to: SocketAddr, arrivals: &Arrivals) -> SocketAddr {
        let socket = UdpSocket::bind((to.ip(), 0)).await.unwrap();
        socket.send_to(b"x", to).await.unwrap();
        arrives(arrivals, socket.local_addr().unwrap()).await
    }
}

async fn arrives(arrivals: &Arrivals, addr: SocketAddr) -> SocketAddr {
    while !arrivals.lock().unwrap().contains(&addr) {
        tokio::task::yield_now().await;
    }
    addr
}

async fn udp(ip: &str, port: u16) -> Option<UdpSocket> {
    UdpSocket::bind((ip, port)).await.ok()
}

async fn echo(listener: TcpListener) {
    while let Ok((mut stream, _)) = listener.accept().await {
        tokio::spawn(async move {
            let mut octet = [0];
            if stream.read_exact(&mut octet).await.is_ok() {
                let _ = stream.write_all(&octet).await;
            }
        });
    }
}

async fn note(listener: TcpListener, arrivals: Arrivals) {
    while let Ok((_, peer)) = listener.accept().await {
        arrivals.lock().unwrap().push(peer);
    }
}

async fn note_datagrams(socket: UdpSocket, arrivals: Arrivals) {
    let mut buf = [0; 64];
    while let Ok((_, peer)) = socket.recv_from(&mut buf).await {
        arrivals.lock().unwrap().push(peer);
    }
}
