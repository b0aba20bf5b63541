use std::time::Duration;

/// What becomes of octets that an inspector holds too many of, or for too long: more than
/// [`hold_limit`](super::InspectLayer::hold_limit), longer than
/// [`hold_timeout`](super::InspectLayer::hold_timeout), or past the end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Exceeded {
    /// The tunnel is cut, for the reason `held`.
    #[default]
    Cut,
    /// They go on, and the rest of their direction passes unseen.
    Pass,
}

/// How much and how long an inspector may hold, a direction.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) octets: usize,
    pub(super) patience: Duration,
    pub(super) exceeded: Exceeded,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            octets: 16 * 1024,
            patience: Duration::from_secs(10),
            exceeded: Exceeded::default(),
        }
    }
}
