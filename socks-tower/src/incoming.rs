use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use socks_core::message::{Endpoint, Extensions, SessionId};
use tokio::time::Instant;

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
        }
    }

    /// A stream that has no addresses, such as one end of [`tokio::io::duplex`].
    pub fn unnamed(io: Io) -> Self {
        Self::new(io, Endpoint::Unnamed, Endpoint::Unnamed)
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
            },
        )
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
