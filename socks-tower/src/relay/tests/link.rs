use std::{net::Ipv4Addr, sync::Arc, time::Duration};

use socket2::SockRef;
use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpSocket, TcpStream},
    task::JoinHandle,
};
use tower::{Service, ServiceExt};

use super::{
    pattern::{Ending, Flow},
    tunnel,
};
use crate::{
    BoxError, Traffic,
    relay::{AdaptiveRelay, RelayEnd, Tunnel, pipe::Pipe, splicing},
};

/// A relay between two real connections, with the applications' ends of both.
#[derive(Debug)]
pub(super) struct Link {
    /// The client.
    pub(super) near: TcpStream,
    /// The target.
    pub(super) far: TcpStream,
    pub(super) traffic: Arc<Traffic>,
    pub(super) relay: JoinHandle<Result<RelayEnd, BoxError>>,
    filled: usize,
    drained: usize,
}

/// A direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    Up,
    Down,
}

impl Way {
    pub(super) const BOTH: [Self; 2] = [Self::Up, Self::Down];

    pub(super) fn back(self) -> Self {
        match self {
            Self::Up => Self::Down,
            Self::Down => Self::Up,
        }
    }
}

impl Link {
    pub(super) async fn new(relay: AdaptiveRelay) -> Self {
        Self::over(relay, None, |client| client, |target| target).await
    }

    /// With something around the relay's ends, and buffers of a chosen size.
    pub(super) async fn over<C, T>(
        relay: impl Service<Tunnel<C, T>, Response = RelayEnd, Error = BoxError, Future: Send + 'static>
        + Send
        + 'static,
        buffers: Option<u32>,
        client: impl FnOnce(TcpStream) -> C,
        target: impl FnOnce(TcpStream) -> T,
    ) -> Self
    where
        C: AsyncRead + AsyncWrite + Unpin + Send + 'static,
        T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let (near, relays_near) = connection(buffers).await;
        let (far, relays_far) = connection(buffers).await;
        let tunnel = tunnel(client(relays_near), target(relays_far));
        let traffic = Arc::clone(&tunnel.traffic);
        Self {
            near,
            far,
            traffic,
            relay: tokio::spawn(relay.oneshot(tunnel)),
            filled: splicing::FILLED.get(),
            drained: splicing::DRAINED.get(),
        }
    }

    /// Octets that came through pipes since this link was made.
    pub(super) fn spliced(&self) -> usize {
        splicing::DRAINED.get() - self.drained
    }

    /// Octets that are in pipes, if this is the only link that was made since.
    pub(super) fn piped(&self) -> usize {
        splicing::FILLED.get() - self.filled - self.spliced()
    }

    /// The source's application and the sink's.
    pub(super) fn ends(&mut self, way: Way) -> (&mut TcpStream, &mut TcpStream) {
        match way {
            Way::Up => (&mut self.near, &mut self.far),
            Way::Down => (&mut self.far, &mut self.near),
        }
    }

    pub(super) async fn carry(&mut self, way: Way, flow: &mut Flow, octets: usize) {
        let (source, sink) = self.ends(way);
        flow.carry(source, sink, octets).await;
    }

    /// The same both ways at once.
    pub(super) async fn exchange(&mut self, up: &mut Flow, down: &mut Flow, octets: usize) {
        let (mut near_reads, mut near_writes) = self.near.split();
        let (mut far_reads, mut far_writes) = self.far.split();
        tokio::join!(
            up.carry(&mut near_writes, &mut far_reads, octets),
            down.carry(&mut far_writes, &mut near_reads, octets),
        );
    }

    /// The source ends; what it said arrives, and then the end.
    pub(super) async fn end(&mut self, way: Way, flow: &mut Flow) {
        let (source, sink) = self.ends(way);
        source.shutdown().await.expect("it is connected");
        assert_eq!(flow.heard.hear_out(sink).await, Ending::Clean);
        assert_eq!(flow.heard.at, flow.said.at);
    }

    /// Both directions have ended: everything was counted, and no pipe is held.
    pub(super) async fn closed(self, up: &Flow, down: &Flow) {
        assert_eq!(self.relay.await.unwrap().unwrap(), RelayEnd::Closed);
        let counted = (self.traffic.sent(), self.traffic.received());
        assert_eq!(counted, (up.said.at as u64, down.said.at as u64));
        no_pipe_is_held();
    }
}

/// Each pipe of this thread is in its pool, and so empty.
pub(super) fn no_pipe_is_held() {
    assert_eq!(super::super::pipe::ALIVE.get(), Pipe::kept() as isize);
}

/// Resets the connection.
pub(super) fn reset(stream: TcpStream) {
    let linger = Some(Duration::ZERO);
    SockRef::from(&stream).set_linger(linger).expect("a socket");
}

/// Both ends of a connection over loopback, the application's first.
pub(super) async fn connection(buffers: Option<u32>) -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let socket = TcpSocket::new_v4().unwrap();
    if let Some(octets) = buffers {
        let listener = SockRef::from(&listener);
        listener.set_recv_buffer_size(octets as usize).unwrap();
        listener.set_send_buffer_size(octets as usize).unwrap();
        socket.set_recv_buffer_size(octets).unwrap();
        socket.set_send_buffer_size(octets).unwrap();
    }
    let addr = listener.local_addr().unwrap();
    let (dialled, accepted) = tokio::join!(socket.connect(addr), listener.accept());
    let (dialled, (accepted, _)) = (dialled.unwrap(), accepted.unwrap());
    for stream in [&dialled, &accepted] {
        stream.set_nodelay(true).unwrap();
    }
    (dialled, accepted)
}
