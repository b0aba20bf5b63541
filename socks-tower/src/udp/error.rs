use std::{error::Error, fmt, io};

/// Why there is no association. The client is told `01` (`UD-12`).
#[derive(Debug)]
pub struct UdpRelayError {
    kind: UdpRelayErrorKind,
    source: Option<io::Error>,
}

/// What stood in the way of an association.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum UdpRelayErrorKind {
    /// The control connection has no IP addresses, and
    /// [`unnamed_clients`](super::UdpRelay::unnamed_clients) is not set.
    NoAddress,
    /// The relay is bound to an unspecified address, or none that the client can be told.
    NotConcrete,
    /// The client-side socket could not be opened, or no port of the range is free.
    Socket,
}

impl UdpRelayError {
    pub(super) const fn new(kind: UdpRelayErrorKind) -> Self {
        Self { kind, source: None }
    }

    /// What stood in the way.
    pub const fn kind(&self) -> UdpRelayErrorKind {
        self.kind
    }
}

impl From<io::Error> for UdpRelayError {
    fn from(source: io::Error) -> Self {
        Self {
            kind: UdpRelayErrorKind::Socket,
            source: Some(source),
        }
    }
}

impl fmt::Display for UdpRelayError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            UdpRelayErrorKind::NoAddress => "the client's connection has no IP address",
            UdpRelayErrorKind::NotConcrete => "the relay has no concrete address to tell",
            UdpRelayErrorKind::Socket => "the relay's socket could not be opened",
        })
    }
}

impl Error for UdpRelayError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_ref().map(|source| source as _)
    }
}
