use std::{error::Error, fmt};

use crate::BoxError;

/// Why a name has no address to give. A server answers each kind with `04`, host unreachable
/// (`R5-67`).
#[derive(Debug)]
pub struct ResolveError {
    kind: ResolveErrorKind,
    source: Option<BoxError>,
}

/// What went wrong with a lookup.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ResolveErrorKind {
    /// The name does not exist. The operating system's resolver does not tell this apart from
    /// [`Failed`](Self::Failed).
    NotFound,
    /// The name exists and has no usable address.
    NoAddresses,
    /// No answer within the deadline, or no free lookup.
    TimedOut,
    /// The client has too many lookups under way, and too many that wait (`SE-23`).
    TooMany,
    /// The resolver failed; the source says how.
    Failed,
}

impl ResolveError {
    /// An error without a cause.
    pub const fn new(kind: ResolveErrorKind) -> Self {
        Self { kind, source: None }
    }

    /// An error with its cause.
    pub fn with_source(kind: ResolveErrorKind, source: impl Into<BoxError>) -> Self {
        Self {
            kind,
            source: Some(source.into()),
        }
    }

    /// What went wrong.
    pub const fn kind(&self) -> ResolveErrorKind {
        self.kind
    }
}

impl fmt::Display for ResolveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            ResolveErrorKind::NotFound => "the host name does not exist",
            ResolveErrorKind::NoAddresses => "the host name has no usable address",
            ResolveErrorKind::TimedOut => "the host name did not resolve in time",
            ResolveErrorKind::TooMany => "the client looks up too many host names at once",
            ResolveErrorKind::Failed => "the host name could not be resolved",
        })
    }
}

impl Error for ResolveError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}
