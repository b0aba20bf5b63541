use std::{
    collections::{HashMap, hash_map::RandomState},
    hash::BuildHasher,
    sync::{Arc, Weak},
};

use slab::Slab;

use super::{
    Limit, Per,
    account::{Account, Record},
    key::{Key, Subject},
    limits::Shared,
    session::Session,
    tokens::Tokens,
};

/// The limits in force, whom they count, and the sessions that they apply to.
#[derive(Debug, Default)]
pub(super) struct Table {
    pub(super) slots: Vec<Slot>,
    pub(super) entries: Slab<Entry>,
    pub(super) sessions: Slab<Weak<Session>>,
    /// Usage that was saved and nobody has asked for yet, by the limit's name and the key's text.
    pub(super) restored: HashMap<(Arc<str>, String), Record>,
    hasher: RandomState,
}

/// A limit and those that it counts.
#[derive(Debug)]
pub(super) struct Slot {
    pub(super) limit: Limit,
    pub(super) keys: HashMap<Key, usize>,
    pub(super) refused: u64,
    swept: u64,
}

/// Those whose sessions a limit counts together.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) slot: usize,
    pub(super) key: Key,
    pub(super) sessions: usize,
    /// Sessions that have it in their lists.
    pub(super) holders: usize,
    pub(super) connects: Option<Tokens>,
    pub(super) up: Option<usize>,
    pub(super) down: Option<usize>,
    pub(super) account: Option<Arc<Account>>,
}

/// Places for those who come when there are too many.
const SHARED: u64 = 64;

/// How often it is looked for entries that nobody would miss: while there is room, and without.
const SWEEP: u64 = 60_000_000_000;
const SWEEP_FULL: u64 = 1_000_000_000;

impl Slot {
    pub(super) fn new(limit: Limit, now: u64) -> Self {
        Self {
            limit,
            keys: HashMap::new(),
            refused: 0,
            swept: now,
        }
    }

    pub(super) fn applies(&self, names: &[Arc<str>]) -> bool {
        !self.limit.when_named || names.contains(&self.limit.name)
    }
}

impl Entry {
    pub(super) fn new(
        shared: &Shared,
        limit: &Limit,
        slot: usize,
        key: Key,
        record: Option<Record>,
        now: u64,
    ) -> Self {
        let connects = limit.connects;
        let volume = limit.volume.clone();
        let account = |volume| {
            let (name, clock) = (Arc::clone(&limit.name), Arc::clone(&shared.clock));
            Arc::new(Account::new(name, volume, clock, record))
        };
        Self {
            slot,
            key,
            sessions: 0,
            holders: 0,
            connects: connects.map(|rate| Tokens::new(rate, rate.burst_of_connects(), now)),
            up: limit.up.map(|rate| shared.up.add_bucket(rate)),
            down: limit.down.map(|rate| shared.down.add_bucket(rate)),
            account: volume.map(account),
        }
    }

    /// Whether nobody would notice if it were made anew.
    fn is_fresh(&mut self, shared: &Shared, now: u64) -> bool {
        self.holders == 0
            && self.connects.as_mut().is_none_or(|connects| {
                connects.refill(now, 0);
                connects.is_full()
            })
            && self
                .account
                .as_ref()
                .is_none_or(|account| account.is_unused())
            && self.up.is_none_or(|bucket| shared.up.is_fresh(bucket))
            && self.down.is_none_or(|bucket| shared.down.is_fresh(bucket))
    }

    /// Lets its buckets go.
    pub(super) fn discard(self, shared: &Shared) {
        self.up
            .iter()
            .for_each(|bucket| shared.up.drop_bucket(*bucket));
        self.down
            .iter()
            .for_each(|bucket| shared.down.drop_bucket(*bucket));
    }
}

impl Table {
    /// The entry of `key`, made if it is not there.
    pub(super) fn entry(
        &mut self,
        shared: &Shared,
        slot: usize,
        key: Key,
        now: u64,
    ) -> Option<usize> {
        let Self {
            slots,
            entries,
            restored,
            hasher,
            ..
        } = self;
        let place = slots.get_mut(slot)?;
        if let Some(entry) = place.keys.get(&key) {
            return Some(*entry);
        }
        let record = match place.limit.volume {
            // Those whose usage is known have an entry of their own, however many there are.
            Some(_) => restored.remove(&(Arc::clone(&place.limit.name), key.to_text())),
            None => None,
        };
        let key = match place.is_full() && record.is_none() && !matches!(key, Key::Session(_)) {
            true => shared_key(hasher, &key),
            false => key,
        };
        if let Some(entry) = place.keys.get(&key) {
            return Some(*entry);
        }
        let made = Entry::new(shared, &place.limit, slot, key.clone(), record, now);
        let entry = entries.insert(made);
        place.keys.insert(key, entry);
        Some(entry)
    }

    /// The entry of `key` if it is there.
    fn known(&self, slot: &Slot, key: &Key) -> Option<&Entry> {
        let shared = || slot.keys.get(&shared_key(&self.hasher, key));
        let entry = slot.keys.get(key);
        let entry = entry.or_else(|| slot.is_full().then(shared).flatten())?;
        self.entries.get(*entry)
    }

    /// The limits of which `subject` has no volume left; `None` if there are none by volume.
    pub(super) fn used_up(&self, subject: &Subject, now: i64) -> Option<Vec<Arc<str>>> {
        let mut volumes = self.slots.iter().map(|slot| &slot.limit.volume);
        if volumes.all(Option::is_none) {
            return None;
        }
        let mut names = Vec::new();
        for slot in &self.slots {
            let Some(volume) = &slot.limit.volume else {
                continue;
            };
            let used_up = subject.keys(slot.limit.per).iter().any(|key| {
                if let Some(entry) = self.known(slot, key) {
                    let account = entry.account.as_ref();
                    return account.is_some_and(|account| account.is_used_up());
                }
                let name = (Arc::clone(&slot.limit.name), key.to_text());
                self.restored.get(&name).is_some_and(|record| {
                    record.end > now && volume.is_used_up(record.sent, record.received)
                })
            });
            if used_up {
                names.push(Arc::clone(&slot.limit.name));
            }
        }
        Some(names)
    }

    /// Forgets entries that nobody would miss, if it is time. Not between looking entries up and holding
    /// them: until they are held nobody misses them.
    pub(super) fn sweep_if_due(&mut self, shared: &Shared, now: u64) {
        for slot in &mut self.slots {
            slot.sweep_if_due(shared, &mut self.entries, now);
        }
    }

    /// The entries that a session counts in, made if they are not there: of the limits that `scope`
    /// chooses.
    pub(super) fn entries_of(
        &mut self,
        shared: &Shared,
        session: &Session,
        scope: impl Fn(Per) -> bool,
        now: u64,
    ) -> Vec<usize> {
        let mut found = Vec::new();
        for index in 0..self.slots.len() {
            let Some(slot) = self.slots.get(index) else {
                break;
            };
            let per = slot.limit.per;
            let accepting = session.subject.known.is_none();
            if !slot.applies(&session.names)
                || accepting && !per.is_known_at_accept()
                || !scope(per)
            {
                continue;
            }
            for key in session.subject.keys(per) {
                found.extend(self.entry(shared, index, key, now));
            }
        }
        found
    }

    /// Takes a place in each entry, and gives those of `old` back.
    pub(super) fn hold(
        &mut self,
        session: &Session,
        entries: Vec<usize>,
        old: &[(usize, bool)],
        shared: &Shared,
    ) {
        let admitted = session.admitted.as_ref();
        let takes = |entry: &usize| !admitted.is_some_and(|admitted| admitted.takes(*entry));
        let entries: Vec<_> = entries
            .into_iter()
            .map(|entry| (entry, takes(&entry)))
            .collect();
        for (entry, takes) in &entries {
            if let Some(entry) = self.entries.get_mut(*entry) {
                entry.holders += 1;
                entry.sessions += usize::from(*takes);
            }
        }
        self.let_go(old, shared);
        let mut chain: Vec<_> = entries
            .iter()
            .filter_map(|(entry, _)| self.entries.get(*entry))
            .collect();
        chain.sort_by_key(|entry| {
            let slot = self.slots.get(entry.slot);
            slot.map_or(u8::MAX, |slot| slot.limit.per.width())
        });
        let up = chain.iter().filter_map(|entry| entry.up).collect();
        let down = chain.iter().filter_map(|entry| entry.down).collect();
        let accounts = chain.iter().filter_map(|entry| entry.account.clone());
        session.set(entries, up, down, accounts.collect());
    }

    /// Gives places back.
    pub(super) fn let_go(&mut self, old: &[(usize, bool)], shared: &Shared) {
        for (id, takes) in old {
            let Some(entry) = self.entries.get_mut(*id) else {
                continue;
            };
            entry.holders = entry.holders.saturating_sub(1);
            entry.sessions = entry.sessions.saturating_sub(usize::from(*takes));
            // Nobody comes back to these.
            if entry.holders == 0 && matches!(entry.key, Key::Session(_)) {
                let entry = self.entries.remove(*id);
                if let Some(slot) = self.slots.get_mut(entry.slot) {
                    slot.keys.remove(&entry.key);
                }
                entry.discard(shared);
            }
        }
    }
}

impl Slot {
    fn is_full(&self) -> bool {
        self.keys.len() >= self.limit.max_keys
    }

    fn sweep_if_due(&mut self, shared: &Shared, entries: &mut Slab<Entry>, now: u64) {
        let every = if self.is_full() { SWEEP_FULL } else { SWEEP };
        if now < self.swept.saturating_add(every) {
            return;
        }
        self.swept = now;
        self.keys.retain(|_, id| {
            let fresh = entries
                .get_mut(*id)
                .is_none_or(|entry| entry.is_fresh(shared, now));
            if fresh && let Some(entry) = entries.try_remove(*id) {
                entry.discard(shared);
            }
            !fresh
        });
        if self.keys.capacity() / 4 > self.keys.len() {
            self.keys.shrink_to(self.keys.len() * 2);
        }
    }
}

fn shared_key(hasher: &RandomState, key: &Key) -> Key {
    let place = hasher.hash_one(key) % SHARED;
    Key::Shared(u8::try_from(place).unwrap_or(0))
}
