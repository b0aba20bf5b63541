use core::fmt;

use super::Token;
use crate::DecodeError;

/// Why the ident server names nobody (RFC 1413 §5, `ID-10`).
///
/// To a rule that requires ident they are all the same (`ID-19`); the difference is for the log.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorToken {
    /// `INVALID-PORT`: a port was out of range or unreadable.
    InvalidPort,
    /// `NO-USER`: no such connection, or nobody's.
    NoUser,
    /// `HIDDEN-USER`: the user asked not to be named.
    HiddenUser,
    /// `UNKNOWN-ERROR`: anything else, and what a caller makes of a lookup that failed.
    UnknownError,
    /// A private token, which begins with `X`.
    Private(PrivateToken),
}

/// A token that begins with `X` and has at least one more character (RFC 1413, formal syntax).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PrivateToken(Token);

impl ErrorToken {
    /// `None` if `token` is neither of the RFC's words nor private.
    pub fn new(token: Token) -> Option<Self> {
        Some(match token.as_str() {
            "INVALID-PORT" => Self::InvalidPort,
            "NO-USER" => Self::NoUser,
            "HIDDEN-USER" => Self::HiddenUser,
            "UNKNOWN-ERROR" => Self::UnknownError,
            text if text.starts_with('X') && text.len() > 1 => Self::Private(PrivateToken(token)),
            _ => return None,
        })
    }

    /// The word on the wire.
    pub fn as_str(&self) -> &str {
        match self {
            Self::InvalidPort => "INVALID-PORT",
            Self::NoUser => "NO-USER",
            Self::HiddenUser => "HIDDEN-USER",
            Self::UnknownError => "UNKNOWN-ERROR",
            Self::Private(PrivateToken(token)) => token.as_str(),
        }
    }

    pub(super) fn parse(field: &[u8]) -> Result<Self, DecodeError> {
        Self::new(Token::parse(field)?).ok_or(DecodeError::BadLine)
    }
}

impl fmt::Display for ErrorToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
