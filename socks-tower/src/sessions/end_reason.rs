use std::{fmt, sync::Arc};

/// Why a session was ended from outside.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EndReason {
    /// An administrator said so.
    Administrator,
    /// The rules have changed, and refuse it now.
    Rules,
    /// It was to end as soon as it pauses, or its time for that was over ([`Drain`](super::Drain)).
    Drained,
    /// It has used up this limit; [`SessionReport::limit`](crate::SessionReport::limit) names it too.
    Limit(Arc<str>),
    /// Anything else, in the application's words, which go to logs but not to metrics.
    Other(Arc<str>),
}

impl EndReason {
    /// One word for logs and metric labels. It never holds anything that a peer chose (`SE-44`).
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Administrator => "administrator",
            Self::Rules => "rules",
            Self::Drained => "drained",
            Self::Limit(_) => "limit",
            Self::Other(_) => "other",
        }
    }

    /// The limit, if that is why.
    pub const fn limit(&self) -> Option<&Arc<str>> {
        match self {
            Self::Limit(name) => Some(name),
            _ => None,
        }
    }
}

impl fmt::Display for EndReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Limit(name) => write!(f, "limit {name}"),
            Self::Other(why) => f.write_str(why),
            _ => f.write_str(self.name()),
        }
    }
}
