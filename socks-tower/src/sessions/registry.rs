use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use socks_core::message::SessionId;

use super::{EndReason, Judged, Judgement, Live, Octets, SessionsLayer, judgement::Judge};

/// The sessions under way of all services that a [`layer`](Self::layer) of it is around.
///
/// Clones share them. Nothing here waits; a session that is told to end does so as soon as its task
/// is run.
#[derive(Clone, Default)]
pub struct Sessions(Arc<[Mutex<Shard>; SHARDS]>);

/// Threads of a server meet rarely in one of so many.
const SHARDS: usize = 16;

#[derive(Default)]
struct Shard {
    live: HashMap<SessionId, Arc<Live>>,
    /// Octets of those that have ended.
    octets: Octets,
}

impl Sessions {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Enters the sessions of a service here.
    pub fn layer(&self) -> SessionsLayer {
        SessionsLayer::new(self.clone())
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.shards().map(|shard| shard.live.len()).sum()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All of them, the oldest first.
    pub fn list(&self) -> Vec<Arc<Live>> {
        let mut all = Vec::new();
        for shard in self.shards() {
            all.extend(shard.live.values().cloned());
        }
        all.sort_unstable_by_key(|live| live.id());
        all
    }

    /// The one with this number.
    pub fn find(&self, id: SessionId) -> Option<Arc<Live>> {
        self.shard(id)?.live.get(&id).cloned()
    }

    /// Octets of payload of all sessions so far, those that have ended too. It never goes back.
    pub fn octets(&self) -> Octets {
        let mut octets = Octets::default();
        for shard in self.shards() {
            octets.add(shard.octets);
            for live in shard.live.values() {
                octets.add(live.octets());
            }
        }
        octets
    }

    /// Ends one; false if there is none of this number, or if it is about to end already.
    pub fn end(&self, id: SessionId, reason: EndReason) -> bool {
        self.find(id).is_some_and(|live| live.end(reason))
    }

    /// Ends all of an authenticated user, and answers how many.
    pub fn end_user(&self, name: &[u8], reason: EndReason) -> usize {
        self.end_where(|live| live.is_user(name), reason)
    }

    /// Ends all that `chosen` chooses, and answers how many.
    pub fn end_where(&self, mut chosen: impl FnMut(&Live) -> bool, reason: EndReason) -> usize {
        let all = self.list();
        let ended = all.iter().filter(|live| chosen(live));
        ended.filter(|live| live.end(reason.clone())).count()
    }

    /// Asks about each session whether it may go on: call it when new rules are in force.
    ///
    /// [`Live::access_request`] is what was asked before. A session that has not asked for anything
    /// is judged by the new rules when it does; one whose target is being dialled is judged at once
    /// and again when its remote address is known, so `judge` may be called until then.
    ///
    /// `judge` must not count what it is asked about: a session that holds the last place of a
    /// limit would be refused for it.
    pub fn judge_again(
        &self,
        judge: impl Fn(&Live) -> Judgement + Send + Sync + 'static,
    ) -> Judged {
        let judge: Judge = Arc::new(judge);
        let mut judged = Judged::default();
        for live in self.list() {
            judged.count(live.judge(&judge));
        }
        judged
    }

    pub(super) fn enter(&self, live: Arc<Live>) {
        if let Some(mut shard) = self.shard(live.id()) {
            shard.live.insert(live.id(), live);
        }
    }

    pub(super) fn leave(&self, live: &Live) {
        if let Some(mut shard) = self.shard(live.id())
            && shard.live.remove(&live.id()).is_some()
        {
            shard.octets.add(live.octets());
        }
    }

    fn shard(&self, id: SessionId) -> Option<MutexGuard<'_, Shard>> {
        let index = id.0 % SHARDS as u64;
        self.0.get(index as usize).map(lock)
    }

    fn shards(&self) -> impl Iterator<Item = MutexGuard<'_, Shard>> {
        self.0.iter().map(lock)
    }
}

fn lock(shard: &Mutex<Shard>) -> MutexGuard<'_, Shard> {
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}

impl fmt::Debug for Sessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sessions")
            .field("len", &self.len())
            .finish_non_exhaustive()
    }
}
