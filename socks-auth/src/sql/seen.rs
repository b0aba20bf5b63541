use std::{
    hash::{BuildHasher, RandomState},
    sync::{Mutex, PoisonError},
};

use socks_core::UserName;

use crate::{Formats, PasswordHash};

/// Hashes of the kinds and costs that were seen, for unknown users to be checked against
/// (`SE-32`).
pub(super) struct Seen {
    hashes: Mutex<Vec<PasswordHash>>,
    /// With a key of its own, so that nobody knows what it picks.
    pick: RandomState,
}

/// Kinds and costs that are kept apart.
const MAX: usize = 16;

/// Argon2id as its implementation makes it by default, of nobody's password.
const DEFAULT: &[u8] = b"$argon2id$v=19$m=19456,t=2,p=1$c29ja3MtYXV0aC1kdW1teQ$\
    AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

impl Seen {
    pub(super) fn new(like: Option<PasswordHash>) -> Self {
        Self {
            hashes: Mutex::new(like.into_iter().collect()),
            pick: RandomState::new(),
        }
    }

    pub(super) fn add(&self, hash: &PasswordHash) {
        let mut hashes = self.hashes.lock().unwrap_or_else(PoisonError::into_inner);
        if hashes.len() < MAX && !hashes.iter().any(|seen| seen.costs_like(hash)) {
            hashes.push(hash.clone());
        }
    }

    /// One of those, always the same for a name as long as no other kind is seen.
    pub(super) fn pick(&self, username: &UserName) -> Option<PasswordHash> {
        let hashes = self.hashes.lock().unwrap_or_else(PoisonError::into_inner);
        let hash = self.pick.hash_one(username.as_bytes());
        let place = hash
            .checked_rem(hashes.len() as u64)
            .and_then(|place| usize::try_from(place).ok());
        match place {
            Some(place) => hashes.get(place).cloned(),
            None => Formats::new().parse(DEFAULT).ok(),
        }
    }
}
