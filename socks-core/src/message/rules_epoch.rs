use core::sync::atomic::{AtomicUsize, Ordering};

use alloc::sync::Arc;

/// Number of the rules in force: put it into [`Permit::extensions`](super::Permit::extensions), and
/// whoever keeps the verdicts of that permit asks again once it has [advanced](Self::advance). A
/// running association of UDP does so with all its targets; those that are refused then get nothing
/// any more and are not heard.
///
/// Without one, a verdict counts for as long as it is kept: about the target of an association for
/// 300 seconds after the last datagram at least. Clones share the number.
#[derive(Clone, Debug, Default)]
pub struct RulesEpoch(Arc<AtomicUsize>);

impl RulesEpoch {
    /// The first rules.
    pub fn new() -> Self {
        Self::default()
    }

    /// The rules have changed. Call this once the permit's filter judges by the new ones.
    pub fn advance(&self) {
        self.0.fetch_add(1, Ordering::Release);
    }

    /// The number, to be compared with an earlier one for equality: it wraps around.
    pub fn current(&self) -> usize {
        self.0.load(Ordering::Acquire)
    }
}
