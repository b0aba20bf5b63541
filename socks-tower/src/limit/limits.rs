use std::{
    collections::{HashMap, HashSet},
    fmt, mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::SystemTime,
};

use socks_core::{ReplyCode, message::Denial};
use tokio::time::Instant;

use super::{
    Limit, LimitLayer, LimitStatus, LimitsError, LimitsErrorKind, Per,
    account::{self, Account, Clock},
    key::Subject,
    scheduler::Scheduler,
    session::{Place, Session},
    table::{Entry, Slot, Table},
    tokens::Tokens,
};

/// Named limits and what is used of them: clones share both.
///
/// As a `Service<AcceptRequest>` it admits connections before they say anything: of the
/// limits by server, listener and network, sessions at once and new ones in a while. What a connection
/// took then, its session does not take again. [`layer`](Self::layer) has the others.
#[derive(Clone)]
pub struct Limits {
    pub(super) shared: Arc<Shared>,
}

pub(super) struct Shared {
    table: Mutex<Table>,
    pub(super) up: Arc<Scheduler>,
    pub(super) down: Arc<Scheduler>,
    pub(super) clock: Clock,
    start: Instant,
}

impl Limits {
    /// How many there may be.
    pub const MAX: usize = 256;

    /// Puts limits in force.
    ///
    /// # Errors
    ///
    /// Two have the same name, one has none, or there are too many.
    pub fn new(limits: impl IntoIterator<Item = Limit>) -> Result<Self, LimitsError> {
        Self::with_clock(limits, SystemTime::now)
    }

    /// The same, with days, weeks and months by another clock than the system's. Rates go by
    /// tokio's.
    ///
    /// # Errors
    ///
    /// Those of [`new`](Self::new).
    pub fn with_clock(
        limits: impl IntoIterator<Item = Limit>,
        clock: impl Fn() -> SystemTime + Send + Sync + 'static,
    ) -> Result<Self, LimitsError> {
        let this = Self {
            shared: Arc::new(Shared {
                table: Mutex::default(),
                up: Scheduler::new(),
                down: Scheduler::new(),
                clock: Arc::new(clock),
                start: Instant::now(),
            }),
        };
        this.replace(limits)?;
        Ok(this)
    }

    /// Puts other limits in force, all at once; where they are faulty the old ones stay.
    ///
    /// Running sessions follow: what is new applies to them as well, at another rate they go on at that
    /// rate, and what is gone bounds them no longer. None of them ends because there are more than may
    /// be now. A limit with the name and the scope of an old one keeps what was used of it.
    ///
    /// # Errors
    ///
    /// Those of [`new`](Self::new).
    pub fn replace(&self, limits: impl IntoIterator<Item = Limit>) -> Result<(), LimitsError> {
        let limits = checked(limits)?;
        self.shared.replace(limits);
        Ok(())
    }

    /// The layer for the access controller.
    pub fn layer(&self) -> LimitLayer {
        LimitLayer::new(self.clone())
    }

    /// What is used of the limits now, and how often they refused somebody.
    pub fn status(&self) -> Vec<LimitStatus> {
        let table = self.shared.table();
        let mut all: Vec<_> = table
            .slots
            .iter()
            .map(|slot| LimitStatus {
                name: Arc::clone(&slot.limit.name),
                keys: slot.keys.len(),
                sessions: 0,
                refused: slot.refused,
            })
            .collect();
        for (_, entry) in &table.entries {
            if let Some(status) = all.get_mut(entry.slot) {
                status.sessions += entry.sessions;
            }
        }
        all
    }

    /// How often somebody who moved octets had to wait for a lock: measured, so that it is known
    /// whether the one that each direction has is enough.
    pub fn contended(&self) -> u64 {
        self.shared.up.contended() + self.shared.down.contended()
    }
}

fn checked(limits: impl IntoIterator<Item = Limit>) -> Result<Vec<Limit>, LimitsError> {
    let limits: Vec<_> = limits.into_iter().take(Limits::MAX + 1).collect();
    if limits.len() > Limits::MAX {
        return Err(LimitsError::new(LimitsErrorKind::TooMany));
    }
    let mut names = HashSet::new();
    for limit in &limits {
        if !(1..=255).contains(&limit.name.len()) {
            return Err(LimitsError::new(LimitsErrorKind::Name));
        }
        if !names.insert(&limit.name) {
            let name = Arc::clone(&limit.name);
            return Err(LimitsError::new(LimitsErrorKind::Duplicate(name)));
        }
    }
    Ok(limits)
}

impl Shared {
    pub(super) fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    pub(super) fn used_up(&self, subject: &Subject) -> Option<Vec<Arc<str>>> {
        self.table()
            .used_up(subject, account::seconds((self.clock)()))
    }

    /// Takes a place of every limit that applies, or of none; then the first one that is reached is
    /// told.
    pub(super) fn admit(
        self: &Arc<Self>,
        subject: Subject,
        names: Vec<Arc<str>>,
        admitted: Option<Arc<Session>>,
    ) -> Result<Place, Denial> {
        let accepting = subject.known.is_none();
        let session = Session::new(Arc::clone(self), subject, names, admitted);
        let mut table = self.table();
        let now = self.now();
        table.sweep_if_due(self, now);
        let mut entries = table.entries_of(self, &session, |per| per != Per::Session, now);
        let Table {
            slots,
            entries: all,
            ..
        } = &mut *table;
        let takes = |entry: usize| {
            let admitted = session.admitted.as_ref();
            !admitted.is_some_and(|admitted| admitted.takes(entry))
        };
        for id in &entries {
            let Some(entry) = all.get_mut(*id) else {
                continue;
            };
            let Some(slot) = slots.get_mut(entry.slot) else {
                continue;
            };
            let sessions = slot.limit.sessions.is_some_and(|max| entry.sessions >= max);
            let connects = entry.connects.as_mut().is_some_and(|connects| {
                connects.refill(now, 0);
                !connects.has(1)
            });
            let over = |account: &Arc<Account>| account.is_over();
            let volume = !accepting && entry.account.as_ref().is_some_and(over);
            if takes(*id) && (sessions || connects) || volume {
                slot.refused += 1;
                let code = match slot.limit.per.is_total() {
                    true => ReplyCode::GENERAL_FAILURE,
                    false => ReplyCode::NOT_ALLOWED,
                };
                return Err(Denial::new(code).limit(Arc::clone(&slot.limit.name)));
            }
        }
        for id in entries.iter().filter(|id| takes(**id)) {
            if let Some(entry) = all.get_mut(*id)
                && let Some(connects) = &mut entry.connects
            {
                connects.take(1);
            }
        }
        let session = Arc::new(session);
        // Nothing can be refused any more, so those of the session alone may be made.
        let own = table.entries_of(self, &session, |per| per == Per::Session, now);
        entries.extend(own);
        table.hold(&session, entries, &[], self);
        let number = table.sessions.insert(Arc::downgrade(&session));
        session.held().number = Some(number);
        drop(table);
        Ok(Place(session))
    }

    pub(super) fn release(&self, session: &Session) {
        let mut table = self.table();
        let (number, entries) = session.give_up();
        if let Some(number) = number {
            table.sessions.try_remove(number);
        }
        table.let_go(&entries, self);
    }

    fn replace(&self, limits: Vec<Limit>) {
        let mut table = self.table();
        let now = self.now();
        let old = mem::take(&mut table.slots);
        let mut old: HashMap<_, _> = old
            .into_iter()
            .map(|slot| (Arc::clone(&slot.limit.name), slot))
            .collect();
        for (index, limit) in limits.into_iter().enumerate() {
            let same = |slot: &mut Slot| slot.limit.per == limit.per;
            let kept = match old.get_mut(&limit.name).is_some_and(same) {
                true => old.remove(&limit.name),
                false => None,
            };
            let slot = match kept {
                None => Slot::new(limit, now),
                Some(mut slot) => {
                    for id in slot.keys.values() {
                        if let Some(entry) = table.entries.get_mut(*id) {
                            entry.redefine(self, &limit, index, now);
                        }
                    }
                    slot.limit = limit;
                    slot
                }
            };
            table.slots.push(slot);
        }
        // What the sessions hold of the limits that are gone is given up before that is, so that no
        // number stands for two entries.
        let sessions: Vec<_> = table
            .sessions
            .iter()
            .filter_map(|(_, session)| session.upgrade())
            .collect();
        let (admitted, others): (Vec<_>, Vec<_>) = sessions
            .into_iter()
            .partition(|session| session.admitted.is_none());
        for session in admitted.into_iter().chain(others) {
            let old = session.held().entries.clone();
            let entries = table.entries_of(self, &session, |_| true, now);
            table.hold(&session, entries, &old, self);
        }
        for entry in old.into_values().flat_map(|slot| slot.keys.into_values()) {
            if let Some(entry) = table.entries.try_remove(entry) {
                entry.discard(self);
            }
        }
    }
}

impl Entry {
    /// Goes on under another definition.
    fn redefine(&mut self, shared: &Shared, limit: &Limit, slot: usize, now: u64) {
        self.slot = slot;
        self.connects = limit.connects.map(|rate| {
            let burst = rate.burst_of_connects();
            match self.connects.take() {
                None => Tokens::new(rate, burst, now),
                Some(mut tokens) => {
                    tokens.set(rate, burst, now);
                    tokens
                }
            }
        });
        for (bucket, rate, scheduler) in [
            (&mut self.up, limit.up, &shared.up),
            (&mut self.down, limit.down, &shared.down),
        ] {
            *bucket = match (*bucket, rate) {
                (None, None) => None,
                (None, Some(rate)) => Some(scheduler.add_bucket(rate)),
                (Some(bucket), Some(rate)) => {
                    scheduler.set_bucket(bucket, rate);
                    Some(bucket)
                }
                (Some(bucket), None) => {
                    scheduler.drop_bucket(bucket);
                    None
                }
            };
        }
        self.account = limit.volume.clone().map(|volume| {
            Arc::new(match &self.account {
                Some(account) => account.redefined(volume),
                None => {
                    let (name, clock) = (Arc::clone(&limit.name), Arc::clone(&shared.clock));
                    Account::new(name, volume, clock, None)
                }
            })
        });
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").finish_non_exhaustive()
    }
}

impl fmt::Debug for Limits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Limits")
            .field("status", &self.status())
            .finish()
    }
}
