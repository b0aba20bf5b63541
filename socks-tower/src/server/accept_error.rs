use std::io::{self, ErrorKind};

/// What a failed accept says about the next one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AcceptError {
    /// One connection is lost; the next may be fine.
    Connection,
    /// Descriptors, buffers or memory ran out: accepting again at once would only spin (`SE-17`).
    Exhausted,
    /// The listener will never accept again.
    Fatal,
}

impl AcceptError {
    pub(crate) fn of(error: &io::Error) -> Self {
        if let Some(known) = error.raw_os_error().and_then(of_code) {
            return known;
        }
        match error.kind() {
            // accept(2): "Linux accept() passes already-pending network errors on the new socket as
            // an error code [...] these should be treated like EAGAIN".
            ErrorKind::ConnectionAborted
            | ErrorKind::ConnectionReset
            | ErrorKind::ConnectionRefused
            | ErrorKind::HostUnreachable
            | ErrorKind::NetworkDown
            | ErrorKind::NetworkUnreachable
            | ErrorKind::TimedOut
            | ErrorKind::Interrupted
            | ErrorKind::WouldBlock
            | ErrorKind::BrokenPipe
            | ErrorKind::UnexpectedEof
            | ErrorKind::NotConnected => Self::Connection,
            ErrorKind::OutOfMemory => Self::Exhausted,
            // A server that lives on after an error it does not know serves its users better; one
            // that a listener made up itself is its way to end.
            _ if error.raw_os_error().is_some() => Self::Exhausted,
            _ => Self::Fatal,
        }
    }
}

/// The codes that have no [`ErrorKind`] of their own, or one that says too little.
#[cfg(unix)]
fn of_code(code: i32) -> Option<AcceptError> {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    if code == libc::ENONET {
        return Some(AcceptError::Connection);
    }
    match code {
        // EPERM: a firewall forbids this connection.
        libc::EPROTO | libc::ENOPROTOOPT | libc::EHOSTDOWN | libc::EOPNOTSUPP | libc::EPERM => {
            Some(AcceptError::Connection)
        }
        libc::EMFILE | libc::ENFILE | libc::ENOBUFS | libc::ENOMEM => Some(AcceptError::Exhausted),
        libc::EBADF | libc::EINVAL | libc::ENOTSOCK | libc::EFAULT => Some(AcceptError::Fatal),
        _ => None,
    }
}

#[cfg(not(unix))]
fn of_code(code: i32) -> Option<AcceptError> {
    // Winsock's numbers.
    const WSAEBADF: i32 = 10009;
    const WSAEFAULT: i32 = 10014;
    const WSAEINVAL: i32 = 10022;
    const WSAENOTSOCK: i32 = 10038;

    matches!(code, WSAEBADF | WSAEFAULT | WSAEINVAL | WSAENOTSOCK).then_some(AcceptError::Fatal)
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    /// Running out of descriptors or memory is told apart from the loss of one connection
    /// and from a listener that is broken.
    #[test]
    fn accept_errors_are_told_apart() {
        for (class, codes) in [
            (
                AcceptError::Connection,
                &[
                    libc::ECONNABORTED,
                    libc::ECONNRESET,
                    libc::EINTR,
                    libc::EPROTO,
                    libc::ENETDOWN,
                    libc::ENETUNREACH,
                    libc::EHOSTUNREACH,
                    libc::EPERM,
                ][..],
            ),
            (
                AcceptError::Exhausted,
                // EDOM stands for the codes that no table lists.
                &[
                    libc::EMFILE,
                    libc::ENFILE,
                    libc::ENOBUFS,
                    libc::ENOMEM,
                    libc::EDOM,
                ],
            ),
            (
                AcceptError::Fatal,
                &[libc::EBADF, libc::EINVAL, libc::ENOTSOCK],
            ),
        ] {
            for &code in codes {
                let error = io::Error::from_raw_os_error(code);
                assert_eq!(AcceptError::of(&error), class, "{error}");
            }
        }
    }

    #[test]
    fn an_error_of_the_listeners_own_is_fatal() {
        let error = io::Error::other("closed");
        assert_eq!(AcceptError::of(&error), AcceptError::Fatal);
    }
}
