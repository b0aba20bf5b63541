use std::{error::Error, fmt, io, net::SocketAddr};

use socks_core::NameError;

use crate::BoxError;

/// Why nobody is listened for, or why the wait for a peer is over. Its reply code is that of
/// [`reply_code`](fn@crate::reply_code).
#[derive(Debug)]
pub struct BindError {
    kind: BindErrorKind,
    peer: Option<SocketAddr>,
    source: Option<BoxError>,
}

/// What stood in the way of a BIND.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum BindErrorKind {
    /// The permit lets none of the expected peer's addresses in.
    NotPermitted,
    /// The request is for Dante's extension, which is not served (`BI-24`).
    Extension,
    /// The expected peer's name is malformed.
    Name,
    /// The expected peer's name did not resolve (`BI-6`).
    Resolve,
    /// The client has as many listeners as it may (`SE-59`).
    ClientLimit,
    /// All clients together have as many listeners as they may.
    TotalLimit,
    /// This machine has no address at which the expected peer could connect.
    NoAddress,
    /// No port of the range is free (`BI-21`).
    NoPort,
    /// The operating system did not let the socket listen.
    Listen,
    /// The listener failed while the peer was awaited.
    Accept,
    /// A host other than the expected peer connected, and that ends the wait (`BI-12`).
    Stranger,
}

impl BindError {
    pub(crate) const fn new(kind: BindErrorKind) -> Self {
        Self {
            kind,
            peer: None,
            source: None,
        }
    }

    pub(crate) fn with_source(kind: BindErrorKind, source: impl Into<BoxError>) -> Self {
        Self {
            kind,
            peer: None,
            source: Some(source.into()),
        }
    }

    /// The wait is over because `stranger` connected. A binder of an application that answers with
    /// this has the second reply name the stranger (`BI-12`).
    pub const fn stranger(stranger: SocketAddr) -> Self {
        Self {
            kind: BindErrorKind::Stranger,
            peer: Some(stranger),
            source: None,
        }
    }

    /// What stood in the way.
    pub const fn kind(&self) -> BindErrorKind {
        self.kind
    }

    /// Who connected in place of the expected peer.
    pub const fn peer(&self) -> Option<SocketAddr> {
        self.peer
    }

    pub(super) fn listen(source: io::Error) -> Self {
        Self::with_source(BindErrorKind::Listen, source)
    }
}

impl From<NameError> for BindError {
    fn from(source: NameError) -> Self {
        Self::with_source(BindErrorKind::Name, source)
    }
}

impl fmt::Display for BindError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            BindErrorKind::NotPermitted => "no address of the expected peer may connect",
            BindErrorKind::Extension => "the bind extension is not served",
            BindErrorKind::Name => "the expected peer's name is malformed",
            BindErrorKind::Resolve => "the expected peer's name did not resolve",
            BindErrorKind::ClientLimit => "the client has too many listeners",
            BindErrorKind::TotalLimit => "there are too many listeners",
            BindErrorKind::NoAddress => "no address to listen on for the expected peer",
            BindErrorKind::NoPort => "no port to listen on is free",
            BindErrorKind::Listen => "the socket could not listen",
            BindErrorKind::Accept => "the listener failed",
            BindErrorKind::Stranger => "a host other than the expected peer connected",
        })
    }
}

impl Error for BindError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}
