use std::{error::Error, fmt, io};

use socks_core::{DecodeError, ident::ErrorToken};

/// Why a host names nobody. For the log: to a rule they are all the same (`ID-19`).
#[derive(Debug)]
pub(super) enum IdentError {
    /// Nothing answers there, or the connection broke.
    Io(io::Error),
    /// The connection ended before the line did (`ID-18`).
    Closed,
    /// The answer is not one (`ID-14`, `ID-16`).
    Malformed(DecodeError),
    /// The answer is about another connection (`ID-17`).
    OtherPorts,
    /// It does not tell.
    Token(ErrorToken),
    /// The deadline passed (`ID-22`), be it in the queue (`ID-23`).
    TimedOut,
}

impl From<io::Error> for IdentError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<DecodeError> for IdentError {
    fn from(error: DecodeError) -> Self {
        Self::Malformed(error)
    }
}

impl fmt::Display for IdentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => write!(f, "the ident server was not reached: {error}"),
            Self::Closed => f.write_str("the ident server closed before it had answered"),
            Self::Malformed(error) => write!(f, "the ident server answered nonsense: {error}"),
            Self::OtherPorts => f.write_str("the ident server answered about another connection"),
            Self::Token(token) => write!(f, "the ident server answered {token}"),
            Self::TimedOut => f.write_str("the ident server did not answer in time"),
        }
    }
}

impl Error for IdentError {}
