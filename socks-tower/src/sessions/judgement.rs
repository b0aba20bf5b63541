use std::{sync::Arc, time::Duration};

use super::Live;

/// What becomes of a session that was judged again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Judgement {
    /// It goes on.
    Keep,
    /// It ends at once.
    Cut,
    /// It ends when it pauses.
    Drain(Drain),
}

/// How long a session that is to end may still go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Drain {
    /// It ends after so long without an octet, either way; looked at that often. 10 s.
    pub idle: Duration,
    /// It ends then at the latest. 10 min.
    pub limit: Duration,
}

impl Drain {
    /// Ends after `idle` without an octet, and after `limit` anyway.
    pub const fn new(idle: Duration, limit: Duration) -> Self {
        Self { idle, limit }
    }
}

impl Default for Drain {
    fn default() -> Self {
        Self::new(Duration::from_secs(10), Duration::from_secs(600))
    }
}

/// How many sessions were judged, and how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Judged {
    /// Those that go on.
    pub kept: usize,
    /// Those that end at once.
    pub cut: usize,
    /// Those that end when they pause.
    pub drained: usize,
}

impl Judged {
    pub(super) const fn count(&mut self, judgement: Judgement) {
        match judgement {
            Judgement::Keep => self.kept += 1,
            Judgement::Cut => self.cut += 1,
            Judgement::Drain(_) => self.drained += 1,
        }
    }
}

/// Judges sessions for as long as some of them do not know yet what they would be judged by.
pub(super) type Judge = Arc<dyn Fn(&Live) -> Judgement + Send + Sync>;
