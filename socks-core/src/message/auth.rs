use alloc::sync::Arc;

use super::{ConnInfo, Credentials, Extensions, Identity};
use crate::{Method, v4};

/// Asks an authenticator who the client is.
///
/// For method 00 it is asked, with [`Credentials::None`], before the method is selected, so that
/// an authenticator decides by address who needs no login (`R5-18`). For SOCKS4 it is asked with
/// the request's user id.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct AuthRequest {
    /// The client's connection.
    pub conn: Arc<ConnInfo>,
    /// The method that was negotiated; 00 for SOCKS4.
    pub method: Method,
    /// What the client offered as proof.
    pub credentials: Credentials,
    /// What layers attached.
    pub extensions: Extensions,
}

impl AuthRequest {
    /// A question about `credentials`.
    pub fn new(conn: Arc<ConnInfo>, method: Method, credentials: Credentials) -> Self {
        Self {
            conn,
            method,
            credentials,
            extensions: Extensions::new(),
        }
    }
}

/// An authenticator's answer.
#[derive(Clone, Debug)]
pub enum Authentication {
    /// The client is this identity.
    Accepted(Identity),
    /// The client is not let in. It sees the same octets whatever the reason (`UP-13`), but for
    /// SOCKS4's two ident codes.
    Rejected(Rejection),
}

impl Authentication {
    /// A plain refusal.
    pub const fn rejected() -> Self {
        Self::Rejected(Rejection::Credentials)
    }

    /// Whether the client was let in.
    pub const fn is_accepted(&self) -> bool {
        matches!(self, Self::Accepted(_))
    }
}

/// Why an authenticator refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Rejection {
    /// The credentials are wrong, missing, locked out or not of a kind that counts here.
    Credentials,
    /// The client's ident server did not answer: SOCKS4 `5C` (`ID-19`).
    IdentUnreachable,
    /// The client's ident server names another user: SOCKS4 `5D` (`ID-20`).
    IdentMismatch,
}

impl From<Rejection> for v4::ReplyCode {
    fn from(rejection: Rejection) -> Self {
        match rejection {
            Rejection::Credentials => Self::REJECTED,
            Rejection::IdentUnreachable => Self::IDENT_UNREACHABLE,
            Rejection::IdentMismatch => Self::IDENT_MISMATCH,
        }
    }
}
