use std::{
    fmt,
    future::poll_fn,
    io,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, ready},
};

use socks_core::{Address, client::Granted, subnegotiation::DatagramProtection, v5::UdpHeader};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::UdpSocket,
};

use super::{ClientError, listening::bound_at};
use crate::ClientStream;

/// A UDP socket behind the proxy: UDP ASSOCIATE after its reply.
///
/// It holds the control connection, whose end is the end of the association (`UD-2`): dropping
/// this frees the relay, and once the proxy has closed, sending and receiving fail with
/// [`ConnectionAborted`](io::ErrorKind::ConnectionAborted).
///
/// The address that targets see is the relay's and cannot be learned: send first (`UD-42`).
/// Datagrams are neither fragmented nor reassembled (`UD-21`).
///
/// Behind a method that protects, each datagram is protected, and what comes from the relay and is
/// not, or came before, is discarded (`UD-19`, `GS-26`).
pub struct UdpAssociation<S> {
    sender: UdpSender,
    control: ClientStream<S>,
    datagram: Box<[u8]>,
}

/// Sends datagrams by a [`UdpAssociation`], from another task than the one that receives.
#[derive(Clone, Debug)]
pub struct UdpSender {
    socket: Arc<UdpSocket>,
    relay: SocketAddr,
    protection: Option<Arc<dyn DatagramProtection>>,
    ended: Arc<AtomicBool>,
}

/// The longest datagram of all.
const MAX_DATAGRAM: usize = 65_535;

impl<S> UdpAssociation<S> {
    pub(super) fn new(socket: UdpSocket, relay: SocketAddr, control: ClientStream<S>) -> Self {
        let sender = UdpSender {
            socket: Arc::new(socket),
            relay,
            protection: control.datagram_protection(),
            ended: Arc::default(),
        };
        Self {
            sender,
            control,
            datagram: vec![0; MAX_DATAGRAM].into_boxed_slice(),
        }
    }

    /// A handle that sends only.
    pub fn sender(&self) -> UdpSender {
        self.sender.clone()
    }

    /// Where the datagrams go: the reply's BND, with the proxy's own address in place of an
    /// unspecified one (`UD-10`).
    pub fn relay_addr(&self) -> SocketAddr {
        self.sender.relay
    }

    /// The address of the socket that talks to the relay.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.sender.socket.local_addr()
    }

    /// See [`UdpSender::max_payload`].
    pub fn max_payload(&self, destination: &Address) -> usize {
        self.sender.max_payload(destination)
    }

    /// See [`UdpSender::send_to`].
    ///
    /// # Errors
    ///
    /// As there.
    ///
    /// # Cancel safety
    ///
    /// As there.
    pub async fn send_to(&self, data: &[u8], destination: impl Into<Address>) -> io::Result<usize> {
        self.sender.send_to(data, destination).await
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> UdpAssociation<S> {
    /// Receives a datagram: how many octets of it are in `buf`, and who sent it. What does not fit
    /// `buf` is lost. A datagram may be empty (`UD-30`).
    ///
    /// What does not come from the relay, has no whole header or is a fragment is discarded
    /// (`UD-25`, `UD-43`). Who the sender is, is the relay's word: check that it is someone who was
    /// addressed.
    ///
    /// # Errors
    ///
    /// [`ConnectionAborted`](io::ErrorKind::ConnectionAborted): the proxy has ended the
    /// association. Others are the socket's.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: no datagram is lost.
    pub async fn recv_from(&mut self, buf: &mut [u8]) -> io::Result<(usize, Address)> {
        poll_fn(|cx| {
            loop {
                if self.poll_closed(cx).is_ready() {
                    return Poll::Ready(Err(ended()));
                }
                let Self {
                    sender, datagram, ..
                } = self;
                let mut read = ReadBuf::new(datagram);
                match ready!(sender.socket.poll_recv_from(cx, &mut read)) {
                    Ok(source) if same(source, sender.relay) => {}
                    Ok(_) => continue,
                    // An ICMP message about a datagram that was sent; it ends nothing.
                    Err(error) if is_icmp(&error) => continue,
                    Err(error) => return Poll::Ready(Err(error)),
                }
                let mut opened = Vec::new();
                let mut data = match &sender.protection {
                    None => read.filled(),
                    Some(protection) => match protection.unwrap(read.filled(), &mut opened) {
                        Ok(()) => &opened,
                        Err(_) => continue,
                    },
                };
                match UdpHeader::decode(&mut data) {
                    Ok(header) if header.fragment == 0 => {
                        let octets = data.len().min(buf.len());
                        let (buf, _) = buf.split_at_mut(octets);
                        buf.copy_from_slice(data.get(..octets).unwrap_or_default());
                        return Poll::Ready(Ok((octets, header.address)));
                    }
                    _ => {}
                }
            }
        })
        .await
    }

    /// Waits until the proxy ends the association.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub async fn closed(&mut self) {
        poll_fn(|cx| self.poll_closed(cx)).await;
    }

    /// The control connection says nothing more that matters; only its end does (`UD-2`).
    fn poll_closed(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.sender.has_ended() {
            return Poll::Ready(());
        }
        let mut sink = [0; 512];
        loop {
            let mut read = ReadBuf::new(&mut sink);
            let result = ready!(Pin::new(&mut self.control).poll_read(cx, &mut read));
            if result.is_err() || read.filled().is_empty() {
                self.sender.ended.store(true, Ordering::Relaxed);
                return Poll::Ready(());
            }
        }
    }
}

impl UdpSender {
    /// Most octets that a datagram to `destination` can carry: what UDP carries to the relay, less
    /// what a protection takes (`GS-25`) and the header of 10 octets for IPv4, 22 for IPv6 and
    /// 7 + n for a name of n octets (`UD-35`).
    /// What arrives may be less, by the way to the relay and from there on.
    pub fn max_payload(&self, destination: &Address) -> usize {
        let carried = match self.relay {
            SocketAddr::V4(_) => 65_507,
            SocketAddr::V6(_) => 65_527,
        };
        let carried = match &self.protection {
            None => carried,
            Some(protection) => protection.capacity(carried),
        };
        carried.saturating_sub(UdpHeader::new(destination.clone()).encoded_len())
    }

    /// Sends `data` to `destination` through the relay; a name goes out as a name. Returns the
    /// number of octets of `data`, always all. There is no word on what became of it (`UD-15`).
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](io::ErrorKind::InvalidInput) for more than
    /// [`max_payload`](Self::max_payload), [`ConnectionAborted`](io::ErrorKind::ConnectionAborted)
    /// if [`recv_from`](UdpAssociation::recv_from) has found the association ended. Others are the
    /// socket's.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: the datagram went out whole or not at all.
    pub async fn send_to(&self, data: &[u8], destination: impl Into<Address>) -> io::Result<usize> {
        if self.has_ended() {
            return Err(ended());
        }
        let header = UdpHeader::new(destination.into());
        if data.len() > self.max_payload(&header.address) {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        let mut datagram = Vec::with_capacity(header.encoded_len() + data.len());
        header.encode(&mut datagram);
        datagram.extend_from_slice(data);
        if let Some(protection) = &self.protection {
            let mut frame = Vec::new();
            let wrapped = protection.wrap(&datagram, &mut frame);
            wrapped.map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
            datagram = frame;
        }
        self.socket.send_to(&datagram, self.relay).await?;
        Ok(data.len())
    }

    fn has_ended(&self) -> bool {
        self.ended.load(Ordering::Relaxed)
    }
}

/// The relay's address in the reply.
pub(super) fn relay(
    granted: &Granted,
    server: Option<SocketAddr>,
) -> Result<SocketAddr, ClientError> {
    match bound_at(granted, server) {
        Address::Socket(addr) if !addr.ip().is_unspecified() => Ok(addr),
        Address::Socket(_) => Err(ClientError::invalid("the proxy's address is not known")),
        Address::Domain(..) => Err(ClientError::invalid("the relay's address is a name")),
    }
}

/// Any port, in the relay's family.
pub(super) fn any(relay: SocketAddr) -> SocketAddr {
    match relay {
        SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    }
}

/// Apart from scope and flow label. A socket of both families shows IPv4 as mapped.
fn same(source: SocketAddr, relay: SocketAddr) -> bool {
    let canonical = |addr: SocketAddr| (addr.ip().to_canonical(), addr.port());
    canonical(source) == canonical(relay)
}

fn is_icmp(error: &io::Error) -> bool {
    use io::ErrorKind as Kind;

    matches!(
        error.kind(),
        Kind::ConnectionRefused
            | Kind::ConnectionReset
            | Kind::HostUnreachable
            | Kind::NetworkUnreachable
    )
}

fn ended() -> io::Error {
    io::Error::new(
        io::ErrorKind::ConnectionAborted,
        "the proxy ended the association",
    )
}

impl<S> fmt::Debug for UdpAssociation<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UdpAssociation")
            .field("relay", &self.sender.relay)
            .finish_non_exhaustive()
    }
}
