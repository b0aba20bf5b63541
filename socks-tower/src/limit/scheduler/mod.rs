//! Who may move how many octets next: one [`Scheduler`] for each direction of all sessions.
//!
//! | of it | file |
//! |---|---|
//! | buckets and flows, without a clock | `state.rs` |
//! | whose turn is next at a bucket | `ring.rs` |
//! | the lock, the clock and the one timer | `driver.rs` |

mod driver;
mod ring;
mod state;
#[cfg(test)]
mod tests;

use std::sync::atomic::{AtomicBool, AtomicU64};

use futures_util::task::AtomicWaker;

pub(super) use self::driver::Scheduler;

/// Where a flow finds what it was granted.
#[derive(Debug, Default)]
pub(super) struct Cell {
    /// Octets granted and not taken out yet.
    pub(super) granted: AtomicU64,
    /// Nothing bounds the flow.
    pub(super) free: AtomicBool,
    pub(super) waker: AtomicWaker,
}
