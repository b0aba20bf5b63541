//! Datagrams in batches: what one system call receives, and what a few send.
//!
//! | of a batch | file |
//! |---|---|
//! | what a socket had to give | `arrivals.rs` |
//! | what is to be sent at its end | `departures.rs` |
//! | which of that the system may cut out of one piece | `runs.rs` |
//! | in which calls it goes, and what becomes of each datagram | `flush.rs` |
//! | the calls: `recvmmsg` and `UDP_GRO`, `sendmmsg` and `UDP_SEGMENT` | `linux/` |
//! | the calls elsewhere, a datagram each | `portable.rs` |
//!
//! All of it belongs to the thread and is used by one association at a time, from the first
//! datagram of a poll until the last one is sent, so that an idle association holds none of it.

mod arrivals;
mod departures;
mod flush;
#[cfg(any(target_os = "linux", target_os = "android"))]
mod linux;
// Tested wherever the tests run.
#[cfg(any(test, not(any(target_os = "linux", target_os = "android"))))]
#[cfg_attr(any(target_os = "linux", target_os = "android"), allow(dead_code))]
mod portable;
mod runs;
#[cfg(test)]
mod tests;

use std::cell::Cell;

#[cfg(any(target_os = "linux", target_os = "android"))]
use self::linux as system;
#[cfg(not(any(target_os = "linux", target_os = "android")))]
use self::portable as system;
pub(super) use self::{
    arrivals::Arrivals,
    departures::{Departure, Departures, Settled, Side},
    flush::Wire,
    system::{Sender, TOGETHER, hear_where, offload, segment_after, tell_drops},
};

/// What a thread receives into and sends from.
pub(super) struct Batch {
    pub(super) arrivals: Arrivals,
    pub(super) departures: Departures,
    pub(super) sender: Sender,
}

thread_local! {
    // Taken out while in use, as the buffer of the TCP relay is: an association that is polled
    // inside another one's poll gets its own.
    static BATCH: Cell<Option<Box<Batch>>> = const { Cell::new(None) };
}

/// Lends the thread's batch to `work`.
pub(super) fn with<T>(work: impl FnOnce(&mut Batch) -> T) -> T {
    let mut batch = BATCH.take().unwrap_or_else(|| {
        Box::new(Batch {
            arrivals: Arrivals::new(),
            departures: Departures::new(),
            sender: Sender::new(),
        })
    });
    let result = work(&mut batch);
    BATCH.set(Some(batch));
    result
}
