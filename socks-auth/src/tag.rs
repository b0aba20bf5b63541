use std::hash::{Hash, Hasher};

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use socks_core::{Secret, UserName};
use subtle::ConstantTimeEq;

/// What is kept of a login: HMAC-SHA-256 over name and password under a [`Tagger`]'s key.
///
/// Equality takes the same time wherever two tags differ.
#[derive(Clone)]
pub(crate) struct Tag([u8; 32]);

impl PartialEq for Tag {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for Tag {}

impl Hash for Tag {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

/// Makes tags under a random key that never leaves it.
///
/// The key makes a tag unpredictable, so that a client cannot choose logins whose tags come close
/// to a stored one and learn from the time that a lookup takes.
#[derive(Clone)]
pub(crate) struct Tagger(Hmac<Sha256>);

impl Tagger {
    /// A fresh key, or `None` on a system that has no randomness to give.
    pub(crate) fn random() -> Option<Self> {
        let mut key = [0; 64];
        getrandom::fill(&mut key).ok()?;
        Some(Self(Hmac::new(&key.into())))
    }

    /// The time this takes depends on the lengths of what is tagged and on nothing else.
    pub(crate) fn tag(&self, username: &UserName, password: &Secret) -> Tag {
        #[cfg(test)]
        work::count();

        let username = username.as_bytes();
        let mut mac = self.0.clone();
        // The length keeps the fields apart: both may hold any octet (`UP-15`).
        mac.update(&username.len().to_be_bytes());
        mac.update(username);
        mac.update(password.expose());
        Tag(mac.finalize().into_bytes().into())
    }
}

/// Counts tags, so that tests compare work instead of time.
#[cfg(test)]
pub(crate) mod work {
    use std::cell::Cell;

    thread_local!(static TAGS: Cell<usize> = const { Cell::new(0) });

    pub(crate) fn count() {
        TAGS.set(TAGS.get() + 1);
    }

    pub(crate) fn take() -> usize {
        TAGS.take()
    }
}
