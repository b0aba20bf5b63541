use std::{
    fmt,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicI64, AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, SystemTime},
};

use super::Volume;
use crate::udp::Direction;

/// What the time is, for volumes.
pub(super) type Clock = Arc<dyn Fn() -> SystemTime + Send + Sync>;

/// What has passed in a period.
#[derive(Debug)]
pub(super) struct Used {
    /// When the period began and when it ends, in seconds of Unix time.
    start: AtomicI64,
    end: AtomicI64,
    sent: AtomicU64,
    received: AtomicU64,
    /// What of it, both ways together, was saved.
    saved: AtomicU64,
    turn: Mutex<()>,
}

/// The volume of one user, or whoever shares it. Sessions count into it as they run.
pub(super) struct Account {
    pub(super) limit: Arc<str>,
    pub(super) volume: Volume,
    used: Arc<Used>,
    clock: Clock,
}

/// What was used in the period that began at `start` and lasts until `end`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Record {
    pub(super) start: i64,
    pub(super) end: i64,
    pub(super) sent: u64,
    pub(super) received: u64,
}

pub(super) fn seconds(time: SystemTime) -> i64 {
    let since = |since: Duration| i64::try_from(since.as_secs()).unwrap_or(i64::MAX);
    match time.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(after) => since(after),
        Err(before) => -since(before.duration()),
    }
}

impl Account {
    /// Goes on from what is known of this period, or of one that ends later: a clock that was set back
    /// gives nobody a second volume.
    pub(super) fn new(
        limit: Arc<str>,
        volume: Volume,
        clock: Clock,
        record: Option<Record>,
    ) -> Self {
        let now = clock();
        let (start, end) = volume.bounds(now);
        let record = record.filter(|record| record.end > seconds(now));
        let (sent, received) = record.map_or((0, 0), |record| (record.sent, record.received));
        Self {
            limit,
            volume,
            used: Arc::new(Used {
                start: start.into(),
                end: end.into(),
                sent: sent.into(),
                received: received.into(),
                saved: sent.saturating_add(received).into(),
                turn: Mutex::default(),
            }),
            clock,
        }
    }

    /// The same account under another definition. What was used stays used until the new period ends.
    pub(super) fn redefined(&self, volume: Volume) -> Self {
        // What is over by now is, although nobody has asked since.
        self.turn();
        let (_, end) = volume.bounds((self.clock)());
        self.used.end.store(end, Relaxed);
        Self {
            limit: Arc::clone(&self.limit),
            volume,
            used: Arc::clone(&self.used),
            clock: Arc::clone(&self.clock),
        }
    }

    /// Begins the next period once this one is over.
    fn turn(&self) {
        let now = (self.clock)();
        if seconds(now) < self.used.end.load(Relaxed) {
            return;
        }
        let _turn = self
            .used
            .turn
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if seconds(now) >= self.used.end.load(Relaxed) {
            let (start, end) = self.volume.bounds(now);
            self.used.sent.store(0, Relaxed);
            self.used.received.store(0, Relaxed);
            self.used.saved.store(0, Relaxed);
            self.used.start.store(start, Relaxed);
            self.used.end.store(end, Relaxed);
        }
    }

    pub(super) fn count(&self, direction: Direction, octets: u64) {
        self.turn();
        let used = match direction {
            Direction::ToTarget => &self.used.sent,
            Direction::ToClient => &self.used.received,
        };
        used.fetch_add(octets, Relaxed);
    }

    pub(super) fn record(&self) -> Record {
        self.turn();
        Record {
            start: self.used.start.load(Relaxed),
            end: self.used.end.load(Relaxed),
            sent: self.used.sent.load(Relaxed),
            received: self.used.received.load(Relaxed),
        }
    }

    pub(super) fn is_used_up(&self) -> bool {
        let Record { sent, received, .. } = self.record();
        self.volume.is_used_up(sent, received)
    }

    /// Octets that may still pass in this direction; `None` if no session is to pass any more.
    pub(super) fn left(&self, direction: Direction) -> Option<u64> {
        if self.volume.tell_only {
            return Some(u64::MAX);
        }
        let Record { sent, received, .. } = self.record();
        let left = self.volume.left(direction, sent, received);
        (!self.volume.is_used_up(sent, received)).then_some(left)
    }

    /// Whether sessions are refused and cut.
    pub(super) fn is_over(&self) -> bool {
        !self.volume.tell_only && self.is_used_up()
    }

    pub(super) fn is_unused(&self) -> bool {
        let Record { sent, received, .. } = self.record();
        sent == 0 && received == 0
    }

    /// What has to be saved, if anything has changed.
    pub(super) fn unsaved(&self) -> Option<Record> {
        let record = self.record();
        let sum = record.sent.saturating_add(record.received);
        (sum != self.used.saved.load(Relaxed)).then_some(record)
    }

    pub(super) fn saved(&self, record: &Record) {
        let sum = record.sent.saturating_add(record.received);
        self.used.saved.store(sum, Relaxed);
    }
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account")
            .field("limit", &self.limit)
            .field("volume", &self.volume)
            .field("used", &self.used)
            .finish_non_exhaustive()
    }
}
