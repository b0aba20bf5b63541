use std::str::FromStr;

use bcrypt::HashParts;
use subtle::ConstantTimeEq;

use super::PasswordHashError;

/// `$2y$COST$SALTHASH`, cost 4 to [`MAX_COST`].
#[derive(Clone)]
pub(super) struct Bcrypt {
    cost: u32,
    salt: [u8; 16],
    hash: Box<[u8]>,
}

/// About two seconds; each step doubles it.
const MAX_COST: u32 = 15;

const EXPECTED: PasswordHashError =
    PasswordHashError("expected a bcrypt hash of 60 characters, $2y$COST$…");
const COST: PasswordHashError = PasswordHashError("expected a bcrypt cost from 4 to 15");

impl Bcrypt {
    pub(super) fn parse(stored: &str) -> Result<Self, PasswordHashError> {
        let parts = HashParts::from_str(stored).map_err(|_| EXPECTED)?;
        if !(4..=MAX_COST).contains(&parts.get_cost()) {
            return Err(COST);
        }
        let hash = stored.get(29..).ok_or(EXPECTED)?;
        Ok(Self {
            cost: parts.get_cost(),
            salt: parts.get_salt_raw(),
            hash: hash.as_bytes().into(),
        })
    }

    pub(super) fn cost(&self) -> u32 {
        self.cost
    }

    pub(super) fn verify(&self, password: &[u8]) -> bool {
        // The key is what stands before the NUL over and over, so "a" and "a\0a" would be one.
        let whole = !password.contains(&0);
        let Ok(hashed) = bcrypt::hash_with_salt(password, self.cost, self.salt) else {
            return false;
        };
        let hashed = hashed.format_for_version(bcrypt::Version::TwoY);
        let hash = hashed.as_bytes().get(29..).unwrap_or_default();
        bool::from(hash.ct_eq(&self.hash)) && whole
    }
}
