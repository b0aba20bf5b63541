use std::{error::Error, fmt, io, net::SocketAddr};

use socks_core::{NameError, ReplyCode, client::ClientError as Protocol, v4};

use crate::{
    BindError, BindErrorKind, BoxError, ConnectError, ConnectErrorKind, ResolveError,
    client::{ClientError, ClientErrorKind},
    udp::UdpRelayError,
};

/// The code with which a client is told about `error`: the one table of the project (`R5-67`).
///
/// Walks the chain of sources, into what an [`io::Error`] wraps too, and takes the first answer:
///
/// | error | code |
/// |---|---|
/// | [`CodedError`] | its own |
/// | [`ConnectError`] | by its kind, or by its source |
/// | [`BindError`] | by its kind, see below |
/// | [`ResolveError`] | 04 |
/// | [`NameError`] | 01 |
/// | [`UdpRelayError`] | 01 (`UD-12`) |
/// | [`ClientError`]: an upstream proxy refused the request | the upstream's |
/// | [`ClientError`]: the upstream did not answer in time | 06 |
/// | [`ClientError`]: anything else, our credentials above all | 01 |
/// | [`socks_core::client::ClientError`] | as within a [`ClientError`] |
/// | the `Elapsed` of [`tokio::time`] or [`tower::timeout`] | 06 |
/// | `Overloaded` of [`tower::load_shed`] | 01 |
/// | [`io::Error`] | by its error number or kind, see `R5-67` |
/// | anything else | 01 |
///
/// | BIND failed because | code |
/// |---|---|
/// | of a rule: the permit, a stranger (`BI-12`), the client's limit (`SE-59`), Dante's extension | 02 |
/// | the expected peer's name did not resolve (`BI-6`) | 04 |
/// | this machine has no route to the expected peer | 03 or 04, as the system says |
/// | of anything else: the limit in all, the listener, ports | 01 |
///
/// Never [`ReplyCode::SUCCEEDED`], whatever the error claims.
pub fn reply_code(error: &(dyn Error + 'static)) -> ReplyCode {
    let code = answer(error).unwrap_or(ReplyCode::GENERAL_FAILURE);
    if code.is_success() {
        return ReplyCode::GENERAL_FAILURE;
    }
    code
}

fn answer(error: &(dyn Error + 'static)) -> Option<ReplyCode> {
    let mut link = Some(error);
    // What an outer `io::Error` says, in case what it wraps says nothing.
    let mut outer = None;
    while let Some(error) = link {
        if let Some(code) = own(error).or_else(|| phase(error)) {
            return Some(code);
        }
        if let Some(error) = error.downcast_ref::<io::Error>() {
            outer = outer.or_else(|| io(error));
        }
        link = cause(error);
    }
    outer
}

/// The stranger that an error of a binder names, however it is wrapped (`BI-12`).
pub(crate) fn stranger(error: &(dyn Error + 'static)) -> Option<SocketAddr> {
    let mut chain = std::iter::successors(Some(error), |error| cause(*error));
    chain.find_map(|error| error.downcast_ref::<BindError>()?.peer())
}

/// The next link. The `source()` of an [`io::Error`] passes over the error that it wraps.
fn cause<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    match error
        .downcast_ref::<io::Error>()
        .and_then(io::Error::get_ref)
    {
        Some(wrapped) => Some(wrapped),
        None => error.source(),
    }
}

/// Errors that mean the same wherever they come from.
fn own(error: &(dyn Error + 'static)) -> Option<ReplyCode> {
    if let Some(error) = error.downcast_ref::<CodedError>() {
        return Some(error.code);
    }
    let failure = error.is::<NameError>()
        || error.is::<UdpRelayError>()
        || error.is::<tower::load_shed::error::Overloaded>();
    failure.then_some(ReplyCode::GENERAL_FAILURE)
}

fn phase(error: &(dyn Error + 'static)) -> Option<ReplyCode> {
    if let Some(error) = error.downcast_ref::<ConnectError>() {
        return connect(error);
    }
    if let Some(error) = error.downcast_ref::<BindError>() {
        return Some(bind(error));
    }
    if error.is::<ResolveError>() {
        return Some(resolve(error));
    }
    if let Some(error) = error.downcast_ref::<ClientError>() {
        return Some(client(error));
    }
    if let Some(error) = error.downcast_ref::<Protocol>() {
        return Some(upstream(error));
    }
    let elapsed =
        error.is::<tokio::time::error::Elapsed>() || error.is::<tower::timeout::error::Elapsed>();
    elapsed.then_some(ReplyCode::TTL_EXPIRED)
}

fn connect(error: &ConnectError) -> Option<ReplyCode> {
    Some(match error.kind() {
        ConnectErrorKind::NotPermitted => ReplyCode::NOT_ALLOWED,
        ConnectErrorKind::Name => ReplyCode::GENERAL_FAILURE,
        ConnectErrorKind::Resolve => resolve(error),
        ConnectErrorKind::TimedOut => ReplyCode::TTL_EXPIRED,
        ConnectErrorKind::FamilyDisabled => ReplyCode::ADDRESS_TYPE_NOT_SUPPORTED,
        ConnectErrorKind::Egress => egress(error),
        ConnectErrorKind::Upstream => hop(error),
        ConnectErrorKind::Io => return None,
    })
}

/// What the system says about our own socket is no word about the peer: 01.
fn bind(error: &BindError) -> ReplyCode {
    match error.kind() {
        BindErrorKind::NotPermitted
        | BindErrorKind::Extension
        | BindErrorKind::ClientLimit
        | BindErrorKind::Stranger => ReplyCode::NOT_ALLOWED,
        BindErrorKind::Resolve => resolve(error),
        BindErrorKind::NoAddress => route(error),
        BindErrorKind::Name
        | BindErrorKind::TotalLimit
        | BindErrorKind::NoPort
        | BindErrorKind::Listen
        | BindErrorKind::Accept => ReplyCode::GENERAL_FAILURE,
    }
}

fn route(error: &BindError) -> ReplyCode {
    let source = error.source().and_then(|source| source.downcast_ref());
    match source.map(io::Error::kind) {
        Some(
            io::ErrorKind::NetworkUnreachable
            | io::ErrorKind::NetworkDown
            | io::ErrorKind::AddrNotAvailable,
        ) => ReplyCode::NETWORK_UNREACHABLE,
        Some(io::ErrorKind::HostUnreachable) => ReplyCode::HOST_UNREACHABLE,
        _ => ReplyCode::GENERAL_FAILURE,
    }
}

/// Whatever broke a lookup, a refused connection to the DNS server say, is no word about the
/// target: 04, unless an error further in has one of its own.
fn resolve(error: &(dyn Error + 'static)) -> ReplyCode {
    let chain = std::iter::successors(Some(error), |error| cause(*error));
    let own = chain.into_iter().find_map(own);
    own.unwrap_or(ReplyCode::HOST_UNREACHABLE)
}

/// A missing capability for a socket option is not the rule that `EPERM` means elsewhere.
fn egress(error: &ConnectError) -> ReplyCode {
    let source = error.source().and_then(|source| source.downcast_ref());
    match source.map(io::Error::kind) {
        Some(io::ErrorKind::AddrNotAvailable) => ReplyCode::NETWORK_UNREACHABLE,
        _ => ReplyCode::GENERAL_FAILURE,
    }
}

/// That an upstream proxy is unreachable is no word about the target; only that it took too long
/// is.
fn hop(error: &ConnectError) -> ReplyCode {
    let Some(source) = error.source() else {
        return ReplyCode::GENERAL_FAILURE;
    };
    match (source.downcast_ref(), reply_code(source)) {
        (Some(error), _) => client(error),
        (None, ReplyCode::TTL_EXPIRED) => ReplyCode::TTL_EXPIRED,
        (None, _) => ReplyCode::GENERAL_FAILURE,
    }
}

fn client(error: &ClientError) -> ReplyCode {
    match (error.protocol(), error.kind()) {
        (Some(error), _) => upstream(error),
        (None, ClientErrorKind::TimedOut) => ReplyCode::TTL_EXPIRED,
        (None, _) => ReplyCode::GENERAL_FAILURE,
    }
}

/// How an upstream proxy takes our credentials or ident answer is not for our client to know.
fn upstream(error: &Protocol) -> ReplyCode {
    match error {
        Protocol::Refused4(v4::ReplyCode::IDENT_UNREACHABLE | v4::ReplyCode::IDENT_MISMATCH) => {
            ReplyCode::GENERAL_FAILURE
        }
        error => error.reply_code().unwrap_or(ReplyCode::GENERAL_FAILURE),
    }
}

fn io(error: &io::Error) -> Option<ReplyCode> {
    use io::ErrorKind as Kind;

    Some(match error.kind() {
        Kind::PermissionDenied => ReplyCode::NOT_ALLOWED,
        Kind::NetworkUnreachable | Kind::NetworkDown | Kind::AddrNotAvailable => {
            ReplyCode::NETWORK_UNREACHABLE
        }
        Kind::HostUnreachable => ReplyCode::HOST_UNREACHABLE,
        Kind::ConnectionRefused | Kind::ConnectionReset | Kind::ConnectionAborted => {
            ReplyCode::CONNECTION_REFUSED
        }
        Kind::TimedOut => ReplyCode::TTL_EXPIRED,
        _ => return os(error),
    })
}

/// The error numbers that the standard library has no kind for. Those that mean exhaustion
/// (`EMFILE`, `ENFILE`, `ENOBUFS`, `ENOMEM`, `EADDRINUSE`) are 01 like any other.
#[cfg(unix)]
fn os(error: &io::Error) -> Option<ReplyCode> {
    match error.raw_os_error()? {
        libc::EHOSTDOWN => Some(ReplyCode::HOST_UNREACHABLE),
        libc::EAFNOSUPPORT => Some(ReplyCode::ADDRESS_TYPE_NOT_SUPPORTED),
        _ => None,
    }
}

#[cfg(not(unix))]
fn os(_: &io::Error) -> Option<ReplyCode> {
    None
}

/// An error that says which code the client is told, for phases of an application.
///
/// ```
/// use socks_tower::{CodedError, reply_code};
/// use socks_core::ReplyCode;
///
/// let error = CodedError::new(ReplyCode::ONION_ADDRESS_INVALID);
/// assert_eq!(reply_code(&error), ReplyCode::ONION_ADDRESS_INVALID);
/// ```
#[derive(Debug)]
pub struct CodedError {
    code: ReplyCode,
    source: Option<BoxError>,
}

impl CodedError {
    /// An error without a cause.
    pub const fn new(code: ReplyCode) -> Self {
        Self { code, source: None }
    }

    /// An error with its cause, which the client is not told.
    pub fn with_source(code: ReplyCode, source: impl Into<BoxError>) -> Self {
        Self {
            code,
            source: Some(source.into()),
        }
    }
}

impl fmt::Display for CodedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.code.fmt(f)
    }
}

impl Error for CodedError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

#[cfg(test)]
mod tests;
