use sha_crypt::{PasswordVerifier, ShaCrypt as Hasher};

use super::{PasswordHashError, formats::is_crypt64};

/// `$5$` or `$6$`, `rounds=N$` or not, `SALT$HASH`.
#[derive(Clone)]
pub(super) struct ShaCrypt {
    stored: Box<str>,
    rounds: u32,
}

const DEFAULT_ROUNDS: u32 = 5_000;
/// About a second.
const MAX_ROUNDS: u32 = 1_000_000;

const EXPECTED: PasswordHashError =
    PasswordHashError("expected a SHA-crypt hash, $5$SALT$HASH or $6$SALT$HASH");
const ROUNDS: PasswordHashError =
    PasswordHashError("expected SHA-crypt rounds from 1000 to 1000000");

impl ShaCrypt {
    pub(super) fn parse(stored: &str) -> Result<Self, PasswordHashError> {
        let (hash_length, rest) = match (stored.strip_prefix("$5$"), stored.strip_prefix("$6$")) {
            (Some(rest), _) => (43, rest),
            (_, Some(rest)) => (86, rest),
            _ => return Err(EXPECTED),
        };
        let (rounds, rest) = match rest.strip_prefix("rounds=") {
            Some(rest) => {
                let (rounds, rest) = rest.split_once('$').ok_or(EXPECTED)?;
                // Digits alone, and no zeros before them, so that there is one reading.
                if rounds.starts_with('0') || !rounds.bytes().all(|octet| octet.is_ascii_digit()) {
                    return Err(ROUNDS);
                }
                match rounds.parse() {
                    Ok(rounds @ 1_000..=MAX_ROUNDS) => (rounds, rest),
                    _ => return Err(ROUNDS),
                }
            }
            None => (DEFAULT_ROUNDS, rest),
        };
        let (salt, hash) = rest.split_once('$').ok_or(EXPECTED)?;
        let fits = (1..=16).contains(&salt.len()) && hash.len() == hash_length;
        match fits
            && salt
                .bytes()
                .chain(hash.bytes())
                .all(|octet| is_crypt64(&octet))
        {
            true => Ok(Self {
                stored: stored.into(),
                rounds,
            }),
            false => Err(EXPECTED),
        }
    }

    /// Which of the two functions, and how many rounds of it.
    pub(super) fn cost(&self) -> (bool, u32) {
        (self.stored.starts_with("$5$"), self.rounds)
    }

    pub(super) fn verify(&self, password: &[u8]) -> bool {
        Hasher::default()
            .verify_password(password, &*self.stored)
            .is_ok()
    }
}
