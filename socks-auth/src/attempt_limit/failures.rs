use std::{hash::Hash, time::Duration};

use tokio::time::Instant;

use crate::expiring_map::ExpiringMap;

/// How many failures are too many: `most` at once, of which one is forgotten each `every`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rate {
    most: u32,
    every: Duration,
}

impl Rate {
    /// 1 to 10,000 failures, one forgotten each millisecond to each day.
    pub(super) fn new(most: u32, every: Duration) -> Self {
        let day = Duration::from_secs(24 * 60 * 60);
        Self {
            most: most.clamp(1, 10_000),
            every: every.clamp(Duration::from_millis(1), day),
        }
    }

    pub(super) fn most(self) -> u32 {
        self.most
    }
}

/// Counts failures by key. A key's count is kept as the time at which all of it is forgotten.
#[derive(Debug)]
pub(super) struct Failures<K>(ExpiringMap<K, ()>);

impl<K> Default for Failures<K> {
    fn default() -> Self {
        Self(ExpiringMap::default())
    }
}

impl<K: Eq + Hash> Failures<K> {
    /// The failures of `key` that are not forgotten, no more than [`Rate::most`].
    pub(super) fn count(&self, key: &K, now: Instant, rate: Rate) -> u32 {
        let Some((_, forgotten)) = self.0.get(key, now) else {
            return 0;
        };
        let count = (forgotten - now).as_nanos().div_ceil(rate.every.as_nanos());
        u32::try_from(count).map_or(rate.most, |count| count.min(rate.most))
    }

    pub(super) fn add(&mut self, key: K, now: Instant, rate: Rate, capacity: usize) {
        let from = self
            .0
            .get(&key, now)
            .map_or(now, |(_, forgotten)| forgotten);
        let forgotten = (from + rate.every).min(now + rate.every * rate.most);
        self.0.insert(key, (), forgotten, now, capacity);
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}
