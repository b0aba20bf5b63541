use std::{
    fmt, io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use socks_core::message::{
    AcceptRequest, ConnInfo, Denial, Endpoint, Extensions, SessionId, Version,
};
use tokio::{net::TcpStream, time::Instant};

use crate::{SessionEnd, SessionReport, Traffic, sessions::Live, stream::reset_on_close};

/// A connection that was accepted and has not said anything yet: what accept-level layers pass on
/// and [`SocksService`](crate::SocksService) serves.
#[non_exhaustive]
pub struct Incoming<Io> {
    /// The client's stream.
    pub io: Io,
    /// Number of the session, unique within the process.
    pub id: SessionId,
    /// When it was accepted: the deadlines of the handshake count from here (`SE-13`).
    pub accepted: Instant,
    /// The client's end of the connection.
    pub peer: Endpoint,
    /// The server's end: the address that the client connected to.
    pub local: Endpoint,
    /// The configured name of the listener.
    pub listener: Option<Arc<str>>,
    /// What layers learned: a TLS peer, a PROXY header. Every phase sees it in its
    /// [`ConnInfo`](socks_core::message::ConnInfo).
    pub extensions: Extensions,
    /// The ends of the accepted socket, where they are known to be that: peer, then local.
    socket: Option<(SocketAddr, SocketAddr)>,
    /// Where the session is written down, if anybody looks.
    pub(crate) live: Option<Arc<Live>>,
}

impl<Io> Incoming<Io> {
    /// A connection between two endpoints. IPv4-mapped addresses count as IPv4.
    pub fn new(io: Io, peer: impl Into<Endpoint>, local: impl Into<Endpoint>) -> Self {
        Self {
            io,
            id: next_id(),
            accepted: Instant::now(),
            peer: peer.into(),
            local: local.into(),
            listener: None,
            extensions: Extensions::new(),
            socket: None,
            live: None,
        }
    }

    /// A connection between the two ends of an accepted TCP socket.
    pub(crate) fn accepted(io: Io, peer: SocketAddr, local: SocketAddr) -> Self {
        let mut incoming = Self::new(io, peer, local);
        let ends = (incoming.peer.socket_addr(), incoming.local.socket_addr());
        incoming.socket = ends.0.zip(ends.1);
        incoming
    }

    /// Whether [`peer`](field@Self::peer) and [`local`](field@Self::local) are the ends of the very
    /// TCP connection that was accepted. Not so if a layer has changed one of them, as a PROXY
    /// header makes it do, or if the connection was made by [`new`](Self::new), which takes
    /// whatever it is told (`ID-3`).
    pub fn is_direct(&self) -> bool {
        self.socket.is_some_and(|(peer, local)| {
            self.peer == Endpoint::Socket(peer) && self.local == Endpoint::Socket(local)
        })
    }

    /// The stream, what phases are told of the connection, and where the session is watched. Until the
    /// first octet has arrived the version is a guess.
    pub(crate) fn into_conn(self) -> (Io, Arc<ConnInfo>, Option<Arc<Live>>) {
        let direct = self.is_direct();
        let mut conn = ConnInfo::new(self.id, Version::Socks5, self.peer, self.local);
        conn.listener = self.listener;
        conn.extensions = self.extensions;
        conn.direct = direct;
        (self.io, Arc::new(conn), self.live)
    }

    /// A stream that has no addresses, such as one end of [`tokio::io::duplex`].
    pub fn unnamed(io: Io) -> Self {
        Self::new(io, Endpoint::Unnamed, Endpoint::Unnamed)
    }

    /// The session as it can be watched while it runs; made when it is asked for first. A service
    /// fills it only if it was asked for before the service took the connection.
    pub fn live(&mut self) -> Arc<Live> {
        match &self.live {
            Some(live) => Arc::clone(live),
            None => {
                let live = Arc::new(Live::new(self));
                self.live = Some(Arc::clone(&live));
                live
            }
        }
    }

    /// Names the listener that the connection came in by.
    #[must_use]
    pub fn listener(mut self, name: impl Into<Arc<str>>) -> Self {
        self.listener = Some(name.into());
        self
    }

    /// Puts another stream in place of this one, for example TLS over it.
    pub fn map_io<T>(self, map: impl FnOnce(Io) -> T) -> Incoming<T> {
        Incoming {
            io: map(self.io),
            id: self.id,
            accepted: self.accepted,
            peer: self.peer,
            local: self.local,
            listener: self.listener,
            extensions: self.extensions,
            socket: self.socket,
            live: self.live,
        }
    }

    /// Takes the stream out, for work that does not fit a closure, such as a TLS handshake; put the
    /// result back with [`map_io`](Self::map_io).
    pub fn into_parts(self) -> (Io, Incoming<()>) {
        let Self {
            io,
            id,
            accepted,
            peer,
            local,
            listener,
            extensions,
            socket,
            live,
        } = self;
        (
            io,
            Incoming {
                io: (),
                id,
                accepted,
                peer,
                local,
                listener,
                extensions,
                socket,
                live,
            },
        )
    }
}

impl<Io: 'static> Incoming<Io> {
    /// Closes the connection without a word (`SE-19`): what a layer does with a client that it does
    /// not let in, and answers.
    ///
    /// A TCP connection is reset, so that the client hears of it at once, whether it has said
    /// anything or not, and the system keeps nothing of it; one inside another stream, such as TLS, is
    /// just closed.
    pub fn refuse(self, denial: Denial) -> SessionReport {
        let mut report = self.close(SessionEnd::NotAdmitted);
        report.denied(denial);
        report
    }

    /// The same with what happened.
    pub(crate) fn close(self, end: SessionEnd) -> SessionReport {
        let mut report = SessionReport::new(&self);
        report.end = end;
        reset_on_close(&self.io);
        let accepted = self.accepted;
        drop(self.io);
        report.complete(&Traffic::default(), accepted);
        report
    }
}

/// Whether this client may connect at all (`SE-1`): with the addresses that layers before have set,
/// such as those of a PROXY header (`SE-63`).
impl<Io> From<&Incoming<Io>> for AcceptRequest {
    fn from(incoming: &Incoming<Io>) -> Self {
        let (peer, local) = (incoming.peer.clone(), incoming.local.clone());
        let mut request = Self::new(incoming.id, peer, local);
        request.direct = incoming.is_direct();
        request.listener = incoming.listener.clone();
        request.extensions = incoming.extensions.clone();
        request
    }
}

impl Incoming<TcpStream> {
    /// What `accept` returned, for whoever accepts by other means than a
    /// [`Listener`](crate::Listener): a stream and the address of its other end.
    ///
    /// # Errors
    ///
    /// If the socket has no address, as one that its peer has reset on some systems.
    pub fn tcp(stream: TcpStream, peer: SocketAddr) -> io::Result<Self> {
        let local = stream.local_addr()?;
        Ok(Self::accepted(stream, peer, local))
    }
}

fn next_id() -> SessionId {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    SessionId(NEXT.fetch_add(1, Ordering::Relaxed))
}

impl<Io> fmt::Debug for Incoming<Io> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Incoming")
            .field("id", &self.id)
            .field("peer", &self.peer)
            .field("local", &self.local)
            .field("listener", &self.listener)
            .finish_non_exhaustive()
    }
}
