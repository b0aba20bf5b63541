use std::{
    collections::{HashMap, hash_map::Entry},
    hash::{BuildHasher, RandomState},
};

use socks_core::{Secret, UserName};

use crate::{Formats, PasswordHash, lines::lines, reload::Expected};

/// What an htpasswd file says.
pub(super) struct Table {
    users: HashMap<UserName, User>,
    hashes: Vec<PasswordHash>,
    /// With a key of its own, so that nobody knows what it picks.
    pick: RandomState,
}

struct User {
    line: usize,
    /// Place in `hashes`; none of an account that is locked.
    hash: Option<usize>,
}

impl Table {
    pub(super) fn parse(content: &[u8], formats: Formats) -> Result<Self, Expected> {
        let mut table = Self {
            users: HashMap::new(),
            hashes: Vec::new(),
            pick: RandomState::new(),
        };
        for line in lines(content) {
            let (number, line) = line?;
            let expected = |what| Expected::at(number, what);
            let mut fields = line.split(|octet| *octet == b':');
            let (Some(name), Some(stored), None) = (fields.next(), fields.next(), fields.next())
            else {
                return Err(expected("expected NAME:HASH with one colon"));
            };
            if !(1..=255).contains(&name.len()) {
                return Err(expected("expected a name of 1 to 255 octets"));
            }
            let hash = match stored {
                // What locks an account in shadow files.
                [b'!' | b'*', ..] => None,
                _ => {
                    let hash = formats.parse(stored);
                    let hash = hash.map_err(|error| Expected::at(number, error.to_string()))?;
                    table.hashes.push(hash);
                    Some(table.hashes.len() - 1)
                }
            };
            match table.users.entry(name.into()) {
                Entry::Vacant(entry) => entry.insert(User { line: number, hash }),
                Entry::Occupied(entry) => {
                    let first = entry.get().line;
                    let what = format!("expected each user once; this one is in line {first} too");
                    return Err(Expected::at(number, what));
                }
            };
        }
        match table.users.is_empty() {
            true => Err(Expected::anywhere("expected at least one user")),
            false => Ok(table),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.users.len()
    }

    /// Checks one hash, whoever asks.
    ///
    /// An unknown or locked user is checked against the hash of another, always the same one for a
    /// name: so names that are not there take as long as names that are, in the same proportions,
    /// whatever mixture of hashes the file holds (`SE-32`).
    pub(super) fn verify(&self, username: &UserName, password: &Secret) -> bool {
        let own = self.users.get(username).and_then(|user| user.hash);
        let place = own.or_else(|| self.other(username));
        let Some(hash) = place.and_then(|place| self.hashes.get(place)) else {
            return false;
        };
        hash.verify(password) & own.is_some()
    }

    fn other(&self, username: &UserName) -> Option<usize> {
        let hash = self.pick.hash_one(username.as_bytes());
        usize::try_from(hash.checked_rem(self.hashes.len() as u64)?).ok()
    }
}
