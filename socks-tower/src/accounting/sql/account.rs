use std::{
    fmt,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::Ordering,
        mpsc::{Receiver, RecvTimeoutError, sync_channel},
    },
    thread,
    time::Duration,
};

use socks_core::Secret;
use tokio::{runtime, sync::mpsc};

use super::{
    SqlAccountBuilder, SqlAccountError,
    database::Database,
    error::Kind,
    writer::{self, Lost, Settings},
};
use crate::accounting::{Account, Event};

/// Writes a row for each event to PostgreSQL or SQLite, from a thread of its own.
///
/// ```sql
/// CREATE TABLE socks_accounting (
///   instance TEXT NOT NULL,       -- of which run of which server
///   sequence BIGINT NOT NULL,     -- number of the event within it
///   event TEXT NOT NULL,          -- start, interim, stop
///   time BIGINT NOT NULL,         -- milliseconds since 1970
///   started BIGINT NOT NULL,      -- the same, when the connection was accepted
///   session BIGINT NOT NULL,      -- number of the session within the run
///   sent BIGINT NOT NULL,         -- octets of payload from the client
///   received BIGINT NOT NULL,     -- and to it
///   milliseconds BIGINT NOT NULL, -- since the connection was accepted
///   listener TEXT, peer TEXT, version TEXT, method TEXT, username TEXT,
///   command TEXT, destination TEXT, remote TEXT,
///   rule TEXT,                    -- that allowed it
///   reached TEXT,                 -- the limit that ended it
///   ended TEXT,                   -- in a stop: how it ended
///   reason TEXT,                  -- why it was ended from outside
///   code TEXT,                    -- what the client was told last, if it was refused
///   PRIMARY KEY (instance, sequence)
/// );
/// ```
///
/// The texts are those of the [access log](crate::lines#fields), escaped (`SE-38`). Events that
/// wait are written together. A batch is tried again, bounded in number and time, and never stands
/// there twice. What is lost is counted and logged.
///
/// Clones share the thread. The last one that is dropped waits until everything is written, for 5 s
/// at most. TLS to PostgreSQL needs a TLS feature of `sqlx` in the application, such as that of
/// `socks-auth`'s `sql-tls`.
#[derive(Clone)]
pub struct SqlAccount(Arc<Inner>);

struct Inner {
    /// `None` only while it is dropped.
    events: Option<mpsc::Sender<Event>>,
    lost: Arc<Lost>,
    done: Mutex<Receiver<()>>,
}

/// How long the last clone waits for the database.
const PATIENCE: Duration = Duration::from_secs(5);

impl SqlAccount {
    /// Settings first. The URL is `postgres://USER:PASSWORD@HOST/DATABASE` or `sqlite:///FILE`,
    /// with the parameters of `sqlx`.
    pub fn builder(url: Secret) -> SqlAccountBuilder {
        SqlAccountBuilder::new(url)
    }

    pub(super) fn start(
        database: Database,
        queue: usize,
        settings: Settings,
    ) -> Result<Self, SqlAccountError> {
        let (events, received) = mpsc::channel(queue);
        let (finished, done) = sync_channel(1);
        let lost = Arc::<Lost>::default();
        let counted = Arc::clone(&lost);
        let runtime = runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(Kind::Thread)?;
        thread::Builder::new()
            .name("accounting".into())
            .spawn(move || {
                runtime.block_on(writer::run(received, database, settings, &counted));
                let _ = finished.send(());
            })
            .map_err(Kind::Thread)?;
        Ok(Self(Arc::new(Inner {
            events: Some(events),
            lost,
            done: Mutex::new(done),
        })))
    }

    /// Events that are lost because too many waited.
    pub fn dropped(&self) -> u64 {
        self.0.lost.dropped.load(Ordering::Relaxed)
    }

    /// Events that are lost because the database did not take them, however often it was tried.
    pub fn failed(&self) -> u64 {
        self.0.lost.failed.load(Ordering::Relaxed)
    }
}

impl Account for SqlAccount {
    fn account(&self, event: Event) {
        let events = self.0.events.as_ref();
        if events.is_none_or(|events| events.try_send(event).is_err()) {
            self.0.lost.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        drop(self.events.take());
        let done = self.done.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let Err(RecvTimeoutError::Timeout) = done.recv_timeout(PATIENCE) {
            tracing::warn!("accounting events are not written yet, and given up");
        }
    }
}

impl fmt::Debug for SqlAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqlAccount")
            .field("lost", &self.0.lost)
            .finish_non_exhaustive()
    }
}
