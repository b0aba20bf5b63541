use std::{error::Error, fmt};

use crate::BoxError;

/// Why an HTTP service could not be asked, or set up. Shows neither the URL nor what was sent or
/// answered.
#[derive(Debug)]
pub struct HttpError(Kind);

#[derive(Debug)]
pub(super) enum Kind {
    Url(&'static str),
    Token,
    #[cfg_attr(
        not(feature = "http-tls"),
        expect(dead_code, reason = "of http-tls alone")
    )]
    Tls(BoxError),
    Busy,
    Timeout,
    Transport(BoxError),
    Status(u16),
    Answer(&'static str),
}

impl HttpError {
    /// Whether as many questions were under way and waiting as may.
    pub fn is_busy(&self) -> bool {
        matches!(self.0, Kind::Busy)
    }

    /// Whether it is about the token, as it was set up.
    pub fn is_token(&self) -> bool {
        matches!(self.0, Kind::Token)
    }

    /// Whether the service took too long.
    pub fn is_timeout(&self) -> bool {
        matches!(self.0, Kind::Timeout)
    }

    /// The status, if the service answered with one that is no decision.
    pub fn status(&self) -> Option<u16> {
        match self.0 {
            Kind::Status(status) => Some(status),
            _ => None,
        }
    }
}

impl From<Kind> for HttpError {
    fn from(kind: Kind) -> Self {
        Self(kind)
    }
}

impl fmt::Display for HttpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Url(expected) => f.write_str(expected),
            Kind::Token => f.write_str("expected a token of printable ASCII"),
            Kind::Tls(_) => f.write_str("TLS cannot be set up"),
            Kind::Busy => f.write_str("too many logins wait for the service"),
            Kind::Timeout => f.write_str("the service did not answer in time"),
            Kind::Transport(_) => f.write_str("the service cannot be reached"),
            Kind::Status(status) => write!(f, "the service answered with status {status}"),
            Kind::Answer(what) => f.write_str(what),
        }
    }
}

impl Error for HttpError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.0 {
            Kind::Tls(error) | Kind::Transport(error) => Some(&**error),
            _ => None,
        }
    }
}
