use std::{error::Error, fmt, io};

use socks_core::{DecodeError, LengthError, ReplyCode, client::ClientError as Protocol};

use crate::BoxError;

/// Why a client did not get what it asked for.
///
/// Its [`source`](Error::source) is the direct cause: [`socks_core::client::ClientError`] for what
/// the proxy said, [`io::Error`] for a connection that broke.
#[derive(Debug)]
pub struct ClientError {
    kind: ClientErrorKind,
    source: Option<BoxError>,
}

/// Who or what stood in the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ClientErrorKind {
    /// The proxy does not do this: its rules forbid it (`02`, SOCKS4 `5C` and `5D`), or it lacks
    /// the command or the address type (`07`, `08`).
    Refused,
    /// The proxy tried, and the target could not be reached (`03` to `06`).
    Target,
    /// The proxy failed without saying why: `01`, SOCKS4 `5B`, and every unassigned code
    /// (`R5-48`), Tor's among them.
    Failed,
    /// The proxy accepts none of the offered methods, or not the credentials, or did not prove who
    /// it is; or this side has no credentials, or does not get the protection it wants.
    Authentication,
    /// The proxy broke the protocol, or speaks another one.
    Protocol,
    /// BIND: somebody else connected than was expected.
    UnexpectedPeer,
    /// The protocol has no way to say what was to be said; nothing was asked of the proxy.
    InvalidInput,
    /// The deadline passed.
    TimedOut,
    /// The proxy closed the connection in the middle of the handshake.
    UnexpectedEnd,
    /// The connection to the proxy failed.
    Io,
}

impl ClientError {
    pub(super) const fn new(kind: ClientErrorKind) -> Self {
        Self { kind, source: None }
    }

    pub(super) fn with_source(kind: ClientErrorKind, source: impl Into<BoxError>) -> Self {
        Self {
            kind,
            source: Some(source.into()),
        }
    }

    pub(super) fn invalid(reason: &'static str) -> Self {
        Self::with_source(ClientErrorKind::InvalidInput, reason)
    }

    /// Work of this side's own did not come to its end.
    pub(super) fn broken(source: BoxError) -> Self {
        Self::with_source(ClientErrorKind::Io, io::Error::other(source))
    }

    pub(super) fn too_long() -> Self {
        Protocol::Malformed(DecodeError::TooLong).into()
    }

    /// Who or what stood in the way.
    pub const fn kind(&self) -> ClientErrorKind {
        self.kind
    }

    /// How the proxy answered the request, in SOCKS5's vocabulary (`S4-25`); `None` if it did not
    /// come to an answer.
    pub fn reply_code(&self) -> Option<ReplyCode> {
        self.protocol().and_then(Protocol::reply_code)
    }

    /// What the proxy said, if that is the cause.
    pub(crate) fn protocol(&self) -> Option<&Protocol> {
        self.source.as_ref()?.downcast_ref()
    }

    /// The kind that [`io::Error`] has for it (`R5-68`).
    fn io_kind(&self) -> io::ErrorKind {
        use io::ErrorKind as Io;

        match (self.kind, self.reply_code()) {
            (_, Some(ReplyCode::NOT_ALLOWED)) => Io::PermissionDenied,
            (_, Some(ReplyCode::NETWORK_UNREACHABLE)) => Io::NetworkUnreachable,
            (_, Some(ReplyCode::HOST_UNREACHABLE)) => Io::HostUnreachable,
            (_, Some(ReplyCode::CONNECTION_REFUSED)) => Io::ConnectionRefused,
            (_, Some(ReplyCode::TTL_EXPIRED)) => Io::TimedOut,
            (ClientErrorKind::Refused, _) => Io::Unsupported,
            (ClientErrorKind::Authentication | ClientErrorKind::UnexpectedPeer, _) => {
                Io::PermissionDenied
            }
            (ClientErrorKind::Protocol, _) => Io::InvalidData,
            (ClientErrorKind::InvalidInput, _) => Io::InvalidInput,
            (ClientErrorKind::TimedOut, _) => Io::TimedOut,
            (ClientErrorKind::UnexpectedEnd, _) => Io::UnexpectedEof,
            (ClientErrorKind::Io, _) => {
                let source = self.source.as_ref();
                let io = source.and_then(|source| source.downcast_ref::<io::Error>());
                io.map_or(Io::Other, io::Error::kind)
            }
            _ => Io::Other,
        }
    }
}

impl From<Protocol> for ClientError {
    fn from(source: Protocol) -> Self {
        let kind = match &source {
            Protocol::NoAcceptableMethod
            | Protocol::AuthenticationFailed
            | Protocol::ServerNotAuthenticated
            | Protocol::Mechanism(_)
            | Protocol::ProtectionLevel => ClientErrorKind::Authentication,
            Protocol::UnexpectedEnd => ClientErrorKind::UnexpectedEnd,
            Protocol::Refused(_) | Protocol::Refused4(_) => match source.reply_code() {
                Some(
                    ReplyCode::NOT_ALLOWED
                    | ReplyCode::COMMAND_NOT_SUPPORTED
                    | ReplyCode::ADDRESS_TYPE_NOT_SUPPORTED,
                ) => ClientErrorKind::Refused,
                Some(
                    ReplyCode::NETWORK_UNREACHABLE
                    | ReplyCode::HOST_UNREACHABLE
                    | ReplyCode::CONNECTION_REFUSED
                    | ReplyCode::TTL_EXPIRED,
                ) => ClientErrorKind::Target,
                _ => ClientErrorKind::Failed,
            },
            _ => ClientErrorKind::Protocol,
        };
        Self::with_source(kind, source)
    }
}

impl From<io::Error> for ClientError {
    fn from(source: io::Error) -> Self {
        Self::with_source(ClientErrorKind::Io, source)
    }
}

/// A name or a credential that does not fit its length field.
impl From<LengthError> for ClientError {
    fn from(source: LengthError) -> Self {
        Self::with_source(ClientErrorKind::InvalidInput, source)
    }
}

/// The kinds are those of `R5-68`; the error itself stays inside
/// ([`get_ref`](io::Error::get_ref)).
impl From<ClientError> for io::Error {
    fn from(error: ClientError) -> Self {
        Self::new(error.io_kind(), error)
    }
}

impl fmt::Display for ClientError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            ClientErrorKind::Refused => "the proxy refused the request",
            ClientErrorKind::Target => "the proxy could not reach the target",
            ClientErrorKind::Failed => "the proxy could not fulfil the request",
            ClientErrorKind::Authentication => "the proxy did not let the client in",
            ClientErrorKind::Protocol => "the proxy broke the protocol",
            ClientErrorKind::UnexpectedPeer => "an unexpected peer connected",
            ClientErrorKind::InvalidInput => "the protocol cannot express the request",
            ClientErrorKind::TimedOut => "the proxy did not answer in time",
            ClientErrorKind::UnexpectedEnd => "the proxy closed the connection in the handshake",
            ClientErrorKind::Io => "the connection to the proxy failed",
        })
    }
}

impl Error for ClientError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}
