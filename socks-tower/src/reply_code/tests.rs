use std::{
    error::Error,
    io::{Error as IoError, ErrorKind},
    time::Duration,
};

use socks_core::{DecodeError, Method};

use super::*;
use crate::ResolveErrorKind;

fn code(error: impl Error + 'static) -> u8 {
    reply_code(&error).0
}

/// An error that says nothing but what its source says.
#[derive(Debug)]
struct Wrapper(BoxError);

impl fmt::Display for Wrapper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("wrapper")
    }
}

impl Error for Wrapper {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.0)
    }
}

/// R5-67: operating-system errors by their number.
#[cfg(unix)]
#[test]
fn error_numbers() {
    for (number, expected) in [
        (libc::EACCES, 0x02),
        (libc::EPERM, 0x02),
        (libc::ENETUNREACH, 0x03),
        (libc::ENETDOWN, 0x03),
        (libc::EADDRNOTAVAIL, 0x03),
        (libc::EHOSTUNREACH, 0x04),
        (libc::EHOSTDOWN, 0x04),
        (libc::ECONNREFUSED, 0x05),
        (libc::ECONNRESET, 0x05),
        (libc::ECONNABORTED, 0x05),
        (libc::ETIMEDOUT, 0x06),
        (libc::EAFNOSUPPORT, 0x08),
        (libc::EMFILE, 0x01),
        (libc::ENFILE, 0x01),
        (libc::ENOBUFS, 0x01),
        (libc::ENOMEM, 0x01),
        (libc::EADDRINUSE, 0x01),
        (libc::EPIPE, 0x01),
    ] {
        let error = || IoError::from_raw_os_error(number);
        assert_eq!(code(error()), expected, "{}", error());
        assert_eq!(code(Wrapper(error().into())), expected, "{}", error());
        assert_eq!(code(IoError::other(error())), expected, "{}", error());
    }
}

/// R5-67: errors without a number by their kind.
#[test]
fn error_kinds() {
    for (kind, expected) in [
        (ErrorKind::PermissionDenied, 0x02),
        (ErrorKind::NetworkUnreachable, 0x03),
        (ErrorKind::HostUnreachable, 0x04),
        (ErrorKind::ConnectionRefused, 0x05),
        (ErrorKind::TimedOut, 0x06),
        (ErrorKind::Unsupported, 0x01),
        (ErrorKind::Other, 0x01),
    ] {
        assert_eq!(code(IoError::from(kind)), expected, "{kind}");
        assert_eq!(code(IoError::new(kind, "text")), expected, "{kind}");
    }
}

/// R5-67: access rules are 02, the server's own deadline 06, a family switched off 08.
#[test]
fn connect_errors() {
    for (kind, expected) in [
        (ConnectErrorKind::NotPermitted, 0x02),
        (ConnectErrorKind::TimedOut, 0x06),
        (ConnectErrorKind::FamilyDisabled, 0x08),
        (ConnectErrorKind::Io, 0x01),
    ] {
        assert_eq!(code(ConnectError::new(kind)), expected, "{kind:?}");
    }
    assert_eq!(code(ConnectError::from(NameError::Nul)), 0x01);
    assert_eq!(
        code(ConnectError::from(IoError::from(ErrorKind::TimedOut))),
        0x06
    );
}

/// R5-67: `EPERM` is 02 where a firewall says it, not where we lack a capability.
#[test]
fn egress_errors() {
    let egress = |kind: ErrorKind| code(ConnectError::egress(kind.into()));
    assert_eq!(egress(ErrorKind::AddrNotAvailable), 0x03);
    assert_eq!(egress(ErrorKind::PermissionDenied), 0x01);
    assert_eq!(egress(ErrorKind::AddrInUse), 0x01);
}

/// R5-67, SE-20, BI-6, BI-12: rules and the client's limit are 02, the server's own troubles 01, and
/// a stranger is found however its error is wrapped.
#[test]
fn bind_errors() {
    for (kind, expected) in [
        (BindErrorKind::NotPermitted, 0x02),
        (BindErrorKind::Extension, 0x02),
        (BindErrorKind::ClientLimit, 0x02),
        (BindErrorKind::Resolve, 0x04),
        (BindErrorKind::Name, 0x01),
        (BindErrorKind::TotalLimit, 0x01),
        (BindErrorKind::NoAddress, 0x01),
        (BindErrorKind::NoPort, 0x01),
    ] {
        assert_eq!(code(BindError::new(kind)), expected, "{kind:?}");
    }
    for (kind, cause, expected) in [
        (
            BindErrorKind::NoAddress,
            ErrorKind::NetworkUnreachable,
            0x03,
        ),
        (BindErrorKind::NoAddress, ErrorKind::HostUnreachable, 0x04),
        (BindErrorKind::NoAddress, ErrorKind::PermissionDenied, 0x01),
        (BindErrorKind::Listen, ErrorKind::PermissionDenied, 0x01),
        (BindErrorKind::Accept, ErrorKind::ConnectionReset, 0x01),
        (BindErrorKind::Resolve, ErrorKind::ConnectionRefused, 0x04),
    ] {
        let error = BindError::with_source(kind, IoError::from(cause));
        assert_eq!(code(error), expected, "{kind:?} {cause}");
    }
    let addr = "203.0.113.9:4444".parse().unwrap();
    for error in [
        Wrapper(BindError::stranger(addr).into()).into(),
        BoxError::from(IoError::other(BindError::stranger(addr))),
    ] {
        assert_eq!(reply_code(&*error), ReplyCode::NOT_ALLOWED);
        assert_eq!(stranger(&*error), Some(addr));
    }
    assert_eq!(stranger(&IoError::from(ErrorKind::TimedOut)), None);
}

/// R5-67: a name that does not resolve is 04 for whatever reason; a malformed one is 01.
#[test]
fn resolve_errors() {
    for kind in [
        ResolveErrorKind::NotFound,
        ResolveErrorKind::NoAddresses,
        ResolveErrorKind::TimedOut,
        ResolveErrorKind::TooMany,
        ResolveErrorKind::Failed,
    ] {
        assert_eq!(code(ResolveError::new(kind)), 0x04);
        let cause = IoError::from(ErrorKind::ConnectionRefused);
        let error = ResolveError::with_source(kind, cause);
        assert_eq!(code(ConnectError::resolve(error)), 0x04);
    }
    let elapsed = tower::timeout::error::Elapsed::new();
    assert_eq!(code(ConnectError::resolve(elapsed)), 0x04);
    assert_eq!(code(ConnectError::resolve(NameError::TooLong)), 0x01);
    assert_eq!(code(NameError::BadOctet(b' ')), 0x01);
}

/// R5-67: timeouts of `tokio` and `tower` are 06, an overload is 01.
#[tokio::test(start_paused = true)]
async fn timeouts_and_overload() {
    let never = std::future::pending::<()>();
    let elapsed = tokio::time::timeout(Duration::from_secs(1), never).await;
    assert_eq!(code(elapsed.unwrap_err()), 0x06);
    assert_eq!(code(tower::timeout::error::Elapsed::new()), 0x06);
    let overloaded = tower::load_shed::error::Overloaded::new;
    assert_eq!(code(overloaded()), 0x01);
    assert_eq!(code(ConnectError::resolve(overloaded())), 0x01);
}

/// R5-67: an upstream's answer is passed on, but nothing about our credentials.
#[test]
fn upstream_errors() {
    let malformed = DecodeError::BadVersion(0);
    for (error, expected) in [
        (Protocol::Refused(ReplyCode::NOT_ALLOWED), 0x02),
        (Protocol::Refused(ReplyCode::HOST_UNREACHABLE), 0x04),
        (Protocol::Refused(ReplyCode::ONION_ADDRESS_INVALID), 0xf6),
        (Protocol::Refused4(v4::ReplyCode::REJECTED), 0x01),
        (Protocol::Refused4(v4::ReplyCode::IDENT_UNREACHABLE), 0x01),
        (Protocol::Refused4(v4::ReplyCode::IDENT_MISMATCH), 0x01),
        (Protocol::NoAcceptableMethod, 0x01),
        (Protocol::MethodNotOffered(Method(9)), 0x01),
        (Protocol::AuthenticationFailed, 0x01),
        (Protocol::Malformed(malformed), 0x01),
        (Protocol::UnexpectedEnd, 0x01),
    ] {
        assert_eq!(code(error), expected, "{error}");
        assert_eq!(code(IoError::other(error)), expected, "{error}");
        assert_eq!(code(ClientError::from(error)), expected, "{error}");
        let error = ClientError::from(error);
        assert_eq!(code(ConnectError::upstream(error)), expected);
    }
}

/// R5-67: what is wrong between us and an upstream is 01, unless it took too long.
#[test]
fn unreachable_upstreams() {
    for (kind, expected) in [
        (ErrorKind::ConnectionRefused, 0x01),
        (ErrorKind::HostUnreachable, 0x01),
        (ErrorKind::PermissionDenied, 0x01),
        (ErrorKind::TimedOut, 0x06),
    ] {
        let error = || ConnectError::from(IoError::from(kind));
        assert_eq!(code(ConnectError::upstream(error())), expected, "{kind}");
    }
    let reset = || ClientError::from(IoError::from(ErrorKind::ConnectionReset));
    assert_eq!(code(reset()), 0x01);
    assert_eq!(code(ConnectError::upstream(reset())), 0x01);
    let name = ConnectError::resolve(ResolveError::new(ResolveErrorKind::NotFound));
    assert_eq!(code(ConnectError::upstream(name)), 0x01);
    // The second proxy of a chain, as the first one sees it.
    let hop = ClientError::from(Protocol::Refused(ReplyCode::CONNECTION_REFUSED));
    let hop = ConnectError::upstream(ConnectError::upstream(hop));
    assert_eq!(code(hop), 0x01);
}

#[test]
fn an_error_with_a_code_says_it_itself() {
    let coded = || CodedError::with_source(ReplyCode(0xf3), IoError::from(ErrorKind::TimedOut));
    assert_eq!(code(coded()), 0xf3);
    assert_eq!(code(Wrapper(coded().into())), 0xf3);
    assert_eq!(code(IoError::new(ErrorKind::TimedOut, coded())), 0xf3);
    assert_eq!(code(ConnectError::resolve(coded())), 0xf3);
    assert_eq!(code(CodedError::new(ReplyCode::SUCCEEDED)), 0x01);
}

#[test]
fn unknown_errors_are_general_failures() {
    assert_eq!(code(Wrapper("text".into())), 0x01);
    assert_eq!(code(std::fmt::Error), 0x01);
}
