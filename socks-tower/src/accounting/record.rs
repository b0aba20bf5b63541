use std::{
    fmt, process,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use slab::Slab;
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::{Account, AccountingLayer, Event, EventKind};
use crate::{
    SessionEnd, SessionReport,
    record::{Record, RecordLayer},
    sessions::Live,
    time::after,
};

/// Accounts for sessions; see the [module](crate::accounting). Clones are one.
#[derive(Clone)]
pub struct Accounting(Arc<Inner>);

struct Inner {
    accounts: Vec<Arc<dyn Account>>,
    instance: Arc<str>,
    sequence: AtomicU64,
    open: Mutex<Slab<Open>>,
}

struct Open {
    live: Arc<Live>,
    /// When it was accounted for last.
    told: Instant,
}

/// What [`Accounting`] keeps of a session.
#[derive(Debug)]
pub struct AccountingEntry {
    started: SystemTime,
    /// Its place, once its start is told.
    open: Option<usize>,
}

/// How often the timer looks within an interval, so that not all that is due goes out at once.
const LOOKS: u32 = 16;

/// Sessions that are told of in one go: less than a millisecond.
const TURN: usize = 64;

impl Accounting {
    /// Tells `account` of each session. Its instance is the time and the process's number.
    pub fn new(account: impl Account) -> Self {
        Self(Arc::new(Inner {
            accounts: vec![Arc::new(account)],
            instance: instance().into(),
            sequence: AtomicU64::new(0),
            open: Mutex::default(),
        }))
    }

    /// Tells another one as well. The service's layers are made after this.
    #[must_use]
    pub fn and(self, account: impl Account) -> Self {
        let mut accounts = self.0.accounts.clone();
        accounts.push(Arc::new(account));
        self.with(accounts, Arc::clone(&self.0.instance))
    }

    /// What events say of which server they are, in which run ([`Event::instance`]): two runs must
    /// not have the same, or their events count as one in a database.
    #[must_use]
    pub fn instance(self, instance: impl Into<Arc<str>>) -> Self {
        self.with(self.0.accounts.clone(), instance.into())
    }

    fn with(&self, accounts: Vec<Arc<dyn Account>>, instance: Arc<str>) -> Self {
        Self(Arc::new(Inner {
            accounts,
            instance,
            sequence: AtomicU64::new(0),
            open: Mutex::default(),
        }))
    }

    /// Accounts for the sessions of a service.
    pub fn layer(&self) -> AccountingLayer {
        RecordLayer::new(self.clone())
    }

    /// Tells of each session that goes on, `every` so often since its start and a sixteenth of that
    /// later at most; every second at most. One timer for all, which runs while this is polled.
    ///
    /// # Cancel safety
    ///
    /// Dropping it ends it. Starts and stops are told all the same.
    pub fn interim_every(&self, every: Duration) -> impl Future<Output = ()> + Send + 'static {
        let every = every.max(Duration::from_secs(1));
        let this = self.clone();
        async move {
            let mut timer = interval(every / LOOKS);
            timer.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                timer.tick().await;
                this.interim(every);
            }
        }
    }

    fn interim(&self, every: Duration) {
        let now = Instant::now();
        let mut from = 0;
        // Told while the list is locked, so that no interim comes behind a stop; but a session that begins or
        // ends meanwhile waits for some of the others, not for all.
        loop {
            let open = &mut *self.open();
            let until = open.capacity().min(from + TURN);
            for key in from..until {
                if let Some(Open { live, told }) = open.get_mut(key) {
                    self.interim_of(live, told, now, every);
                }
            }
            if until == open.capacity() {
                break;
            }
            from = until;
        }
    }

    fn interim_of(&self, live: &Live, told: &mut Instant, now: Instant, every: Duration) {
        let due = after(*told, every);
        if due <= now {
            // From the session's start on, unless the timer has not run for long.
            *told = if now - due < every { due } else { now };
            let report = live.report(SessionEnd::Running);
            self.tell(EventKind::Interim, live.started(), report.into());
        }
    }

    fn tell(&self, kind: EventKind, started: SystemTime, report: Arc<SessionReport>) {
        let event = Event {
            instance: Arc::clone(&self.0.instance),
            sequence: self.0.sequence.fetch_add(1, Ordering::Relaxed),
            kind,
            time: SystemTime::now(),
            started,
            report,
        };
        for account in &self.0.accounts {
            account.account(event.clone());
        }
    }

    fn open(&self) -> MutexGuard<'_, Slab<Open>> {
        self.0.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Record for Accounting {
    type Entry = AccountingEntry;

    fn begin(&self, live: &Arc<Live>) -> AccountingEntry {
        AccountingEntry {
            started: live.started(),
            open: None,
        }
    }

    fn open(&self, entry: &mut AccountingEntry, live: &Arc<Live>) {
        let report = live.report(SessionEnd::Running);
        self.tell(EventKind::Start, entry.started, report.into());
        entry.open = Some(self.open().insert(Open {
            live: Arc::clone(live),
            told: Instant::now(),
        }));
    }

    fn end(&self, entry: AccountingEntry, report: &SessionReport) {
        let Some(key) = entry.open else {
            return;
        };
        self.open().try_remove(key);
        self.tell(EventKind::Stop, entry.started, report.copy().into());
    }
}

fn instance() -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = now.map_or(0, |since| since.as_nanos());
    format!("{now:x}-{:x}", process::id())
}

impl fmt::Debug for Accounting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Accounting")
            .field("instance", &self.0.instance)
            .field("open", &self.open().len())
            .finish_non_exhaustive()
    }
}
