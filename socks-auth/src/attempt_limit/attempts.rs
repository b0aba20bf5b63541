use std::{
    collections::HashMap,
    hash::{BuildHasher, RandomState},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use tokio::{
    sync::{Notify, futures::OwnedNotified},
    time::Instant,
};

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
    /// Waiting for whatever reason, and waiting for those that are asked.
    waiting: usize,
    queued: usize,
    ended: Arc<Notify>,
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
    Later(OwnedNotified),
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
        let mut place = None;
        loop {
            let ended = {
                // One lock for all of it, so that no attempt ends unnoticed in between.
                let mut state = self.lock();
                match state.admit(client, place.is_some(), limits) {
                    Admission::Refused => return None,
                    Admission::Admitted => return Some(self.attempt(Some(client), limits)),
                    Admission::Later(ended) => {
                        if place.is_none() {
                            place = Some(self.place(&mut state, Some(client), true)?);
                        }
                        ended
                    }
                }
            };
            ended.await;
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
    pub(super) fn delay(self: &Arc<Self>, client: Option<Client>) -> Option<Place> {
        let place = self.place(&mut self.lock(), client, false)?;
        self.delayed.fetch_add(1, Relaxed);
        Some(place)
    }

    fn place(
        self: &Arc<Self>,
        state: &mut State,
        client: Option<Client>,
        queued: bool,
    ) -> Option<Place> {
        state.wait(client, queued).then(|| Place {
            attempts: Arc::clone(self),
            client,
            queued,
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
    fn admit(&mut self, client: Client, from_queue: bool, limits: Limits) -> Admission {
        let most = limits.client.most();
        let failures = self.clients.count(&client, Instant::now(), limits.client);
        if failures >= most {
            return Admission::Refused;
        }
        let under_way = self.under_way.entry(client).or_default();
        let has_room = failures + under_way.asked < most;
        // Nobody overtakes those that wait already.
        if !has_room || (under_way.queued > 0 && !from_queue) {
            return Admission::Later(Arc::clone(&under_way.ended).notified_owned());
        }
        under_way.asked += 1;
        self.wake(client, limits);
        Admission::Admitted
    }

    fn wait(&mut self, client: Option<Client>, queued: bool) -> bool {
        if self.waiting >= MOST_WAITING {
            return false;
        }
        if let Some(client) = client {
            let under_way = self.under_way.entry(client).or_default();
            // If not, some wait, so it was there before.
            if under_way.waiting >= MOST_WAITING_OF_CLIENT {
                return false;
            }
            under_way.waiting += 1;
            under_way.queued += usize::from(queued);
        }
        self.waiting += 1;
        true
    }

    /// Lets those that wait for `client` know what has become of it: all of them if it is
    /// exhausted, and the next one if there is room for it, which then wakes the one behind it.
    fn wake(&mut self, client: Client, limits: Limits) {
        let most = limits.client.most();
        let failures = self.clients.count(&client, Instant::now(), limits.client);
        match self.under_way.get(&client) {
            Some(under_way) if failures >= most => under_way.ended.notify_waiters(),
            Some(under_way) if under_way.queued > 0 && failures + under_way.asked < most => {
                under_way.ended.notify_one();
            }
            _ => {}
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
            state.wake(client, self.limits);
        }
    }
}

/// A place among the attempts that wait, until it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    attempts: Arc<Attempts>,
    client: Option<Client>,
    queued: bool,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut state = self.attempts.lock();
        state.waiting -= 1;
        if let Some(client) = self.client {
            let queued = usize::from(self.queued);
            state.under_way(client, |under_way| {
                under_way.waiting -= 1;
                under_way.queued -= queued;
            });
        }
    }
}
