use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream, UdpSocket},
};

use crate::{BoxError, client::address};

/// What a session has moved.
#[derive(Clone, Copy, Debug)]
pub(super) struct Octets {
    pub(super) datagrams: bool,
    pub(super) up: u64,
    pub(super) down: u64,
}

impl Octets {
    pub(super) fn since(&self, before: &Self) -> Self {
        Self {
            datagrams: self.datagrams,
            up: self.up - before.up,
            down: self.down - before.down,
        }
    }
}

/// What has arrived of a session's octets, each way.
#[derive(Debug, Default)]
pub(super) struct Arrived {
    pub(super) up: AtomicU64,
    pub(super) down: AtomicU64,
}

/// Octets of a datagram's payload.
const DATAGRAM: usize = 1200;

/// How often datagrams are sent.
const TICK: Duration = Duration::from_millis(5);

async fn handshake(
    server: SocketAddr,
    user: &str,
    command: u8,
    to: SocketAddr,
) -> Result<(TcpStream, SocketAddr), BoxError> {
    let mut stream = TcpStream::connect(server).await?;
    stream.set_nodelay(true)?;
    let mut octets = vec![5, 1, 2, 1, u8::try_from(user.len())?];
    octets.extend(user.as_bytes());
    octets.extend([1, b'x', 5, command, 0]);
    octets.extend(address(to));
    stream.write_all(&octets).await?;
    let mut answer = [0; 14];
    stream.read_exact(&mut answer).await?;
    let [5, 2, 1, 0, 5, 0, 0, 1, a, b, c, d, high, low] = answer else {
        return Err(format!("the server answers {answer:02x?}").into());
    };
    let bound = SocketAddr::from(([a, b, c, d], u16::from_be_bytes([high, low])));
    Ok((stream, bound))
}

/// A tunnel whose both ends say all that they can.
pub(super) async fn stream(
    server: SocketAddr,
    user: &str,
    arrived: Arc<Arrived>,
) -> Result<(), BoxError> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let (client, _) = handshake(server, user, 1, listener.local_addr()?).await?;
    let (target, _) = listener.accept().await?;
    let (client, target) = (client.into_split(), target.into_split());
    let say = async |mut sink: tokio::net::tcp::OwnedWriteHalf| -> Result<(), BoxError> {
        loop {
            sink.write_all(&[0; 16 * 1024]).await?;
        }
    };
    let hear = async |mut source: tokio::net::tcp::OwnedReadHalf, count: &AtomicU64| {
        let mut buffer = vec![0; 64 * 1024];
        loop {
            match source.read(&mut buffer).await? {
                0 => return Err::<(), BoxError>("a tunnel has ended".into()),
                octets => count.fetch_add(octets as u64, Relaxed),
            };
        }
    };
    tokio::try_join!(
        say(client.1),
        say(target.1),
        hear(target.0, &arrived.up),
        hear(client.0, &arrived.down),
    )?;
    Ok(())
}

/// An association whose both ends send so many octets a second.
pub(super) async fn datagrams(
    server: SocketAddr,
    user: &str,
    offer: u64,
    arrived: Arc<Arrived>,
) -> Result<(), BoxError> {
    let any = SocketAddr::from(([0, 0, 0, 0], 0));
    let (_control, relay) = handshake(server, user, 3, any).await?;
    let client = UdpSocket::bind("127.0.0.1:0").await?;
    client.connect(relay).await?;
    let target = UdpSocket::bind("127.0.0.1:0").await?;
    let mut datagram = vec![0, 0, 0];
    datagram.extend(address(target.local_addr()?));
    let header = datagram.len();
    datagram.resize(header + DATAGRAM, 7);
    let mut buffer = vec![0; 65_536];
    // The first one tells the target where the relay is.
    client.send(&datagram).await?;
    let (_, outside) = target.recv_from(&mut buffer).await?;
    target.connect(outside).await?;
    let say = async |socket: &UdpSocket, datagram: &[u8]| -> Result<(), BoxError> {
        let mut ticks = tokio::time::interval(TICK);
        let (mut due, each) = (0.0, offer as f64 * TICK.as_secs_f64() / DATAGRAM as f64);
        loop {
            ticks.tick().await;
            due += each;
            while due >= 1.0 {
                due -= 1.0;
                // What does not fit is lost, as on a network.
                let _ = socket.try_send(datagram);
            }
        }
    };
    let hear = async |socket: &UdpSocket, header: usize, count: &AtomicU64| {
        let mut buffer = vec![0; 65_536];
        loop {
            match socket.recv(&mut buffer).await {
                Ok(octets) => count.fetch_add((octets - header) as u64, Relaxed),
                Err(error) => return Err::<(), BoxError>(error.into()),
            };
        }
    };
    let payload = vec![7; DATAGRAM];
    tokio::try_join!(
        say(&client, &datagram),
        say(&target, &payload),
        hear(&target, 0, &arrived.up),
        hear(&client, header, &arrived.down),
    )?;
    Ok(())
}
