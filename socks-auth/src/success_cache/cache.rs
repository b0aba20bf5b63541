use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use socks_core::message::{AuthRequest, Credentials, Endpoint, Identity};
use tokio::time::Instant;

use crate::{
    expiring_map::ExpiringMap,
    tag::{Tag, Tagger},
};

/// Identities by the tag of the question that they were the answer to.
pub(super) struct Cache {
    /// `None` when the system gave no randomness for a key; then nothing is cached.
    tagger: Option<Tagger>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    identities: ExpiringMap<Tag, Identity>,
    /// How often it was cleared.
    cleared: u64,
}

/// Where the answer to a question may be kept.
pub(super) struct Slot {
    tag: Tag,
    /// What was under way when the cache was cleared may have asked the store of before.
    cleared: u64,
}

impl Cache {
    pub(super) fn new() -> Self {
        Self {
            tagger: Tagger::random(),
            state: Mutex::default(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing in here panics half way.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The place of a login with a password; other credentials have none, since they prove
    /// something once only, or nothing.
    ///
    /// `scope` keeps authenticators apart.
    pub(super) fn slot(&self, request: &AuthRequest, scope: u64) -> Option<Slot> {
        let Credentials::Password { username, password } = &request.credentials else {
            return None;
        };
        let conn = &request.conn;
        let listener = conn.listener.as_deref();
        let tag = self.tagger.as_ref()?.tag_all([
            &scope.to_be_bytes()[..],
            &[request.method.0],
            username.as_bytes(),
            password.expose(),
            &[u8::from(listener.is_some())],
            listener.unwrap_or_default().as_bytes(),
            conn.local.to_string().as_bytes(),
            host(&conn.peer).as_bytes(),
        ]);
        let cleared = self.lock().cleared;
        Some(Slot { tag, cleared })
    }

    pub(super) fn get(&self, slot: &Slot) -> Option<Identity> {
        let state = self.lock();
        let (identity, _) = state.identities.get(&slot.tag, Instant::now())?;
        Some(identity.clone())
    }

    pub(super) fn insert(&self, slot: Slot, identity: Identity, ttl: Duration, capacity: usize) {
        let now = Instant::now();
        let mut state = self.lock();
        if state.cleared == slot.cleared {
            let expires = now + ttl;
            state
                .identities
                .insert(slot.tag, identity, expires, now, capacity);
        }
    }

    pub(super) fn clear(&self) {
        let mut state = self.lock();
        state.cleared += 1;
        state.identities.clear();
    }

    pub(super) fn len(&self) -> usize {
        self.lock().identities.len()
    }
}

/// The client's end without the port, which differs from connection to connection.
fn host(peer: &Endpoint) -> String {
    match peer.ip() {
        Some(ip) => ip.to_string(),
        None => peer.to_string(),
    }
}
