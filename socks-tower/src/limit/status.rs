use std::sync::Arc;

/// What is used of a limit, from [`Limits::status`](super::Limits::status).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LimitStatus {
    /// The limit's name.
    pub name: Arc<str>,
    /// How many networks, users, groups or sessions it counts now, each by itself.
    pub keys: usize,
    /// Sessions that it counts, together.
    pub sessions: usize,
    /// Requests and connections that it refused so far.
    pub refused: u64,
}
