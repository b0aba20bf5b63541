use std::{collections::HashMap, sync::Arc};

use socks_core::message::SessionId;
use tokio::time::Instant;

use super::{Live, Octets, Sessions};

/// How fast sessions are, by what they have relayed since the meter was read before.
///
/// Whoever shows rates has a meter of its own and reads it at its own pace; a second or so apart
/// gives figures that people can read. It holds about 64 octets for each session under way.
#[derive(Debug, Default)]
pub struct Meter {
    before: HashMap<SessionId, Octets>,
    total: Octets,
    read: Option<Instant>,
}

/// Octets of payload a second, each way.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Rate {
    /// From clients to targets.
    pub sent: f64,
    /// From targets to clients.
    pub received: f64,
}

/// A session with its rate.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Measured {
    /// The session.
    pub live: Arc<Live>,
    /// Its octets so far.
    pub octets: Octets,
    /// Since the reading before, or since it was accepted if that was later.
    pub rate: Rate,
}

impl Meter {
    /// Nothing read yet. The first reading averages over each session's whole time.
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads all sessions: each with its rate, the oldest first, and the rate of all together, with
    /// what those relayed that have ended in between. The first reading has no rate of all.
    pub fn read(&mut self, sessions: &Sessions) -> (Vec<Measured>, Rate) {
        let now = Instant::now();
        let mut after = HashMap::new();
        let measured = sessions.list().into_iter().map(|live| {
            let octets = live.octets();
            let before = self.before.get(&live.id()).copied().unwrap_or_default();
            let since = self
                .read
                .map_or(live.accepted(), |read| read.max(live.accepted()));
            after.insert(live.id(), octets);
            let rate = Rate::new(octets.since(before), now, since);
            Measured { live, octets, rate }
        });
        let measured = measured.collect();
        let total = sessions.octets();
        let rate = self.read.map_or(Rate::default(), |read| {
            Rate::new(total.since(self.total), now, read)
        });
        self.before = after;
        self.total = total;
        self.read = Some(now);
        (measured, rate)
    }
}

impl Rate {
    fn new(octets: Octets, now: Instant, since: Instant) -> Self {
        let seconds = now.saturating_duration_since(since).as_secs_f64();
        if seconds <= 0.0 {
            return Self::default();
        }
        Self {
            sent: octets.sent as f64 / seconds,
            received: octets.received as f64 / seconds,
        }
    }
}
