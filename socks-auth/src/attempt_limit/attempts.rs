use std::{
    collections::{HashMap, VecDeque},
    hash::{BuildHasher, RandomState},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use tokio::{sync::oneshot, time::Instant};

use super::{
    client::Client,
    failures::{Failures, Rate},
};

/// Attempts that may wait at a time, of one client and of all.
const MOST_WAITING_OF_CLIENT: usize = 256;
const MOST_WAITING: usize = 4096;

/// What all services of a layer and its clones count together.
#[derive(Debug, Default)]
pub(super) struct Attempts {
    state: Mutex<State>,
    /// Keyed, so that nobody can choose names that share a count.
    names: RandomState,
    pub(super) failed: AtomicU64,
    pub(super) refused: AtomicU64,
    pub(super) delayed: AtomicU64,
}

#[derive(Debug, Default)]
struct State {
    clients: Failures<Client>,
    users: Failures<u64>,
    // No entry is all zeros, so clients that are gone leave nothing behind.
    under_way: HashMap<Client, UnderWay>,
    waiting: usize,
}

/// A client's attempts that have not ended.
#[derive(Debug, Default)]
struct UnderWay {
    /// With the authenticator. Any of them may fail, so together with the client's failures they
    /// are never more than the limit.
    asked: u32,
    /// Delayed or queued.
    waiting: usize,
    /// What waits for those that are asked, in order. Each is told when it is admitted, and hears
    /// of nothing any more if there is nothing left.
    queue: VecDeque<oneshot::Sender<()>>,
}

/// What counts, and of how many clients and names it is remembered.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) client: Rate,
    pub(super) user: Rate,
    pub(super) capacity: usize,
}

enum Admission {
    Admitted,
    /// Attempts under way may use up what is left, or leave it.
    Queued(oneshot::Receiver<()>),
    Refused,
}

impl Attempts {
    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing in here panics half way.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Names that differ in the case of ASCII letters count together: for many a back end they are
    /// the same name.
    pub(super) fn user(&self, name: &[u8]) -> u64 {
        self.names.hash_one(name.to_ascii_lowercase())
    }

    /// Whether the client has used its attempts up.
    pub(super) fn is_exhausted(&self, client: Client, limits: Limits) -> bool {
        let clients = &self.lock().clients;
        clients.count(&client, Instant::now(), limits.client) >= limits.client.most()
    }

    /// Whether so many attempts on the name have failed that the next one is delayed.
    pub(super) fn is_attacked(&self, user: u64, limits: Limits) -> bool {
        let users = &self.lock().users;
        users.count(&user, Instant::now(), limits.user) >= limits.user.most()
    }

    /// Takes one of the attempts that the client has left, and waits while that depends on those
    /// that are under way. `None` if there is none left, or if too many wait.
    pub(super) async fn begin(self: &Arc<Self>, client: Client, limits: Limits) -> Option<Attempt> {
        let admission = self.lock().admit(client, limits);
        match admission {
            Admission::Refused => None,
            Admission::Admitted => Some(self.attempt(Some(client), limits)),
            Admission::Queued(admitted) => {
                let mut queued = Queued {
                    attempts: Arc::clone(self),
                    limits,
                    client,
                    admitted,
                };
                (&mut queued.admitted).await.ok()?;
                Some(self.attempt(Some(client), limits))
            }
        }
    }

    /// An attempt that was admitted, or of a client that is not limited.
    pub(super) fn attempt(self: &Arc<Self>, client: Option<Client>, limits: Limits) -> Attempt {
        Attempt {
            attempts: Arc::clone(self),
            limits,
            client,
            user: None,
            failed: true,
        }
    }

    /// A place for an attempt that is delayed, or `None` if too many wait.
    pub(super) fn delay(self: &Arc<Self>, client: Option<Client>) -> Option<Delayed> {
        if !self.lock().wait(client) {
            return None;
        }
        self.delayed.fetch_add(1, Relaxed);
        Some(Delayed {
            attempts: Arc::clone(self),
            client,
        })
    }

    #[cfg(test)]
    pub(super) fn sizes(&self) -> (usize, usize, usize, usize) {
        let state = self.lock();
        let (clients, users) = (state.clients.len(), state.users.len());
        (clients, users, state.under_way.len(), state.waiting)
    }
}

impl State {
    fn admit(&mut self, client: Client, limits: Limits) -> Admission {
        // What has been forgotten meanwhile is for those that wait already.
        self.advance(client, limits);
        let failures = self.clients.count(&client, Instant::now(), limits.client);
        if failures >= limits.client.most() {
            return Admission::Refused;
        }
        let under_way = self.under_way.entry(client).or_default();
        if under_way.queue.is_empty() && failures + under_way.asked < limits.client.most() {
            under_way.asked += 1;
            return Admission::Admitted;
        }
        // Some are under way, so the entry was there before.
        if !self.wait(Some(client)) {
            return Admission::Refused;
        }
        let (sender, receiver) = oneshot::channel();
        if let Some(under_way) = self.under_way.get_mut(&client) {
            under_way.queue.push_back(sender);
        }
        Admission::Queued(receiver)
    }

    /// Admits those at the head of the queue that there is room for, or turns all away if the
    /// client is exhausted.
    fn advance(&mut self, client: Client, limits: Limits) {
        let failures = self.clients.count(&client, Instant::now(), limits.client);
        let Some(under_way) = self.under_way.get_mut(&client) else {
            return;
        };
        if failures >= limits.client.most() {
            under_way.queue.clear();
        }
        while failures + under_way.asked < limits.client.most() {
            let Some(next) = under_way.queue.pop_front() else {
                return;
            };
            // One that has left takes nothing.
            under_way.asked += u32::from(next.send(()).is_ok());
        }
    }

    /// Counts an attempt that waits, if there is a place for it.
    fn wait(&mut self, client: Option<Client>) -> bool {
        if self.waiting >= MOST_WAITING {
            return false;
        }
        if let Some(client) = client {
            let under_way = self.under_way.entry(client).or_default();
            // If so, some wait, so the entry was there before.
            if under_way.waiting >= MOST_WAITING_OF_CLIENT {
                return false;
            }
            under_way.waiting += 1;
        }
        self.waiting += 1;
        true
    }

    /// An attempt does not wait any more.
    fn waited(&mut self, client: Option<Client>) {
        self.waiting -= 1;
        if let Some(client) = client {
            self.under_way(client, |under_way| under_way.waiting -= 1);
        }
    }

    /// Changes what is under way, and forgets it if that is nothing.
    fn under_way(&mut self, client: Client, change: impl FnOnce(&mut UnderWay)) {
        if let Some(under_way) = self.under_way.get_mut(&client) {
            change(under_way);
            if under_way.asked == 0 && under_way.waiting == 0 {
                self.under_way.remove(&client);
            }
        }
    }
}

/// An attempt that is with the authenticator. It counts as failed unless it is said not to have:
/// a client that leaves before the answer has made the authenticator work like any other.
#[derive(Debug)]
pub(super) struct Attempt {
    attempts: Arc<Attempts>,
    limits: Limits,
    client: Option<Client>,
    user: Option<u64>,
    failed: bool,
}

impl Attempt {
    /// Counts for a name too.
    pub(super) fn on(mut self, user: Option<u64>) -> Self {
        self.user = user;
        self
    }

    /// Counts for nothing.
    pub(super) fn give_back(mut self) {
        self.failed = false;
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        let Limits {
            client: rate,
            user: user_rate,
            capacity,
        } = self.limits;
        let now = Instant::now();
        let mut state = self.attempts.lock();
        if self.failed {
            self.attempts.failed.fetch_add(1, Relaxed);
            if let Some(client) = self.client {
                state.clients.add(client, now, rate, capacity);
            }
            if let Some(user) = self.user {
                state.users.add(user, now, user_rate, capacity);
            }
        }
        if let Some(client) = self.client {
            state.under_way(client, |under_way| under_way.asked -= 1);
            state.advance(client, self.limits);
        }
    }
}

/// Counts as waiting until it is dropped.
#[derive(Debug)]
pub(super) struct Delayed {
    attempts: Arc<Attempts>,
    client: Option<Client>,
}

impl Drop for Delayed {
    fn drop(&mut self) {
        self.attempts.lock().waited(self.client);
    }
}

/// A place in a client's queue.
struct Queued {
    attempts: Arc<Attempts>,
    limits: Limits,
    client: Client,
    admitted: oneshot::Receiver<()>,
}

impl Drop for Queued {
    fn drop(&mut self) {
        let mut state = self.attempts.lock();
        self.admitted.close();
        // It was admitted and left without knowing.
        if self.admitted.try_recv().is_ok() {
            state.under_way(self.client, |under_way| under_way.asked -= 1);
            state.advance(self.client, self.limits);
        }
        state.under_way(self.client, |under_way| {
            under_way.queue.retain(|sender| !sender.is_closed());
        });
        state.waited(Some(self.client));
    }
}
