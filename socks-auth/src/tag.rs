use std::hash::{Hash, Hasher};

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use socks_core::{Secret, UserName};
use subtle::ConstantTimeEq;

/// What is kept of a login: HMAC-SHA-256 over its fields under a [`Tagger`]'s key.
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

    /// The tag of a login.
    pub(crate) fn tag(&self, username: &UserName, password: &Secret) -> Tag {
        self.tag_all([username.as_bytes(), password.expose()])
    }

    /// The tag of several fields in this order. The time this takes depends on the lengths of what
    /// is tagged and on nothing else.
    pub(crate) fn tag_all<'a>(&self, fields: impl IntoIterator<Item = &'a [u8]>) -> Tag {
        #[cfg(test)]
        work::count();

        let mut mac = self.0.clone();
        for field in fields {
            // The length keeps the fields apart: all may hold any octet (`UP-15`).
            mac.update(&field.len().to_be_bytes());
            mac.update(field);
        }
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
