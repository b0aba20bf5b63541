use std::{collections::HashMap, hash::Hash, time::Duration};

use tokio::time::Instant;

/// How often entries that have expired are looked for.
const SWEEP_EVERY: Duration = Duration::from_secs(60);

/// A map of a bounded number of entries, each of which expires at a time of its own.
///
/// Where a new entry has no room, the eighth of them that would expire soonest goes: who floods the
/// map with short-lived entries displaces those, and not the long-lived ones.
#[derive(Debug)]
pub(crate) struct ExpiringMap<K, V> {
    entries: HashMap<K, Entry<V>>,
    swept: Option<Instant>,
}

#[derive(Debug)]
struct Entry<V> {
    value: V,
    expires: Instant,
}

impl<K, V> Default for ExpiringMap<K, V> {
    fn default() -> Self {
        Self {
            entries: HashMap::new(),
            swept: None,
        }
    }
}

impl<K: Eq + Hash, V> ExpiringMap<K, V> {
    /// The value, and when it expires, unless it has.
    pub(crate) fn get(&self, key: &K, now: Instant) -> Option<(&V, Instant)> {
        let entry = self.entries.get(key)?;
        (entry.expires > now).then_some((&entry.value, entry.expires))
    }

    /// Puts a value in, in place of the one that was there. There are never more than `capacity`.
    pub(crate) fn insert(
        &mut self,
        key: K,
        value: V,
        expires: Instant,
        now: Instant,
        capacity: usize,
    ) {
        let due = self.swept.is_none_or(|swept| now >= swept + SWEEP_EVERY);
        let full = self.entries.len() >= capacity && !self.entries.contains_key(&key);
        if due || full {
            self.sweep(now);
        }
        if full {
            self.make_room(capacity);
        }
        self.entries.insert(key, Entry { value, expires });
    }

    pub(crate) fn clear(&mut self) {
        self.entries = HashMap::new();
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    fn sweep(&mut self, now: Instant) {
        self.swept = Some(now);
        self.entries.retain(|_, entry| entry.expires > now);
        if self.entries.capacity() / 4 > self.entries.len() {
            self.entries.shrink_to(self.entries.len() * 2);
        }
    }

    fn make_room(&mut self, capacity: usize) {
        if self.entries.len() < capacity {
            return;
        }
        let mut times: Vec<_> = self.entries.values().map(|entry| entry.expires).collect();
        let surplus = (times.len() - capacity + 1 + capacity / 8).min(times.len());
        let (sooner, &mut bound, _) = times.select_nth_unstable(surplus - 1);
        // Many may expire at the same time as the last that has to go, so these are counted.
        let sooner = sooner.iter().filter(|expires| **expires < bound).count();
        let mut at_bound = surplus - sooner;
        self.entries.retain(|_, entry| {
            if entry.expires == bound && at_bound > 0 {
                at_bound -= 1;
                return false;
            }
            entry.expires >= bound
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[tokio::test(start_paused = true)]
    async fn entries_expire() {
        let now = Instant::now();
        let mut map = ExpiringMap::default();
        map.insert("a", 1, now + seconds(10), now, 8);
        assert_eq!(map.get(&"a", now), Some((&1, now + seconds(10))));
        assert_eq!(
            map.get(&"a", now + seconds(9)).map(|(value, _)| *value),
            Some(1)
        );
        assert_eq!(map.get(&"a", now + seconds(10)), None);
        map.insert("a", 2, now + seconds(20), now, 8);
        assert_eq!(
            map.get(&"a", now + seconds(10)).map(|(value, _)| *value),
            Some(2)
        );
        map.clear();
        assert_eq!(map.get(&"a", now), None);
    }

    /// Whoever fills the map displaces the entries that would have gone soonest anyway.
    #[tokio::test(start_paused = true)]
    async fn a_flood_is_bounded() {
        let now = Instant::now();
        let mut map = ExpiringMap::default();
        for long in 0..32 {
            map.insert(long, (), now + seconds(500), now, 100);
        }
        for short in 1000..100_000 {
            map.insert(short, (), now + seconds(30), now, 100);
            assert!(map.len() <= 100);
        }
        assert!((0..32).all(|long| map.get(&long, now).is_some()));
        assert!(map.get(&99_999, now).is_some(), "the newest is there");
        for longest in 200_000..200_200 {
            map.insert(longest, (), now + seconds(900), now, 100);
            assert!(map.len() <= 100);
        }
        assert!((0..32).all(|long| map.get(&long, now).is_none()));
    }

    #[tokio::test(start_paused = true)]
    async fn the_smallest_capacities_hold() {
        let now = Instant::now();
        for capacity in 1..4 {
            let mut map = ExpiringMap::default();
            for key in 0..10 {
                map.insert(key, (), now + seconds(key), now, capacity);
                assert!(map.len() <= capacity);
                assert_eq!(map.get(&key, now).is_some(), key > 0);
            }
        }
    }

    /// What a flood left behind goes when its time is over, memory included.
    #[tokio::test(start_paused = true)]
    async fn it_shrinks() {
        let now = Instant::now();
        let mut map = ExpiringMap::default();
        for key in 0..10_000 {
            map.insert(key, (), now + seconds(30), now, 10_000);
        }
        let later = now + SWEEP_EVERY;
        map.insert(1, (), later + seconds(30), later, 10_000);
        assert_eq!(map.len(), 1);
        assert!(map.entries.capacity() < 100);
    }
}
