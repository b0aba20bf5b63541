use argon2::{
    Algorithm, Argon2 as Hasher, Params, Version,
    password_hash::phc::{Output, PasswordHash, Salt},
};
use subtle::ConstantTimeEq;

use super::PasswordHashError;

/// A PHC string: `$argon2id$v=19$m=…,t=…,p=…$SALT$HASH`.
#[derive(Clone)]
pub(super) struct Argon2 {
    hasher: Hasher<'static>,
    salt: Salt,
    hash: Output,
}

/// In KiB. As much is taken by each login that is being verified.
const MAX_MEMORY: u32 = 256 * 1024;
/// In KiB, over all passes: what takes about two seconds.
const MAX_WORK: u64 = 1024 * 1024;
const MAX_LANES: u32 = 16;
/// In octets; fewer are guessed too easily.
const MIN_HASH: usize = 16;

const EXPECTED: PasswordHashError =
    PasswordHashError("expected an argon2 hash, $argon2id$v=19$m=…,t=…,p=…$SALT$HASH");
const COST: PasswordHashError = PasswordHashError(
    "expected argon2 parameters of at most 256 MiB (m), 1 GiB in all passes (m times t) and 16 lanes (p)",
);

impl Argon2 {
    pub(super) fn parse(stored: &str) -> Result<Self, PasswordHashError> {
        let parsed = PasswordHash::new(stored).map_err(|_| EXPECTED)?;
        let params = Params::try_from(&parsed).map_err(|_| EXPECTED)?;
        let (memory, passes, lanes) = (params.m_cost(), params.t_cost(), params.p_cost());
        let work = u64::from(memory) * u64::from(passes);
        if memory > MAX_MEMORY || work > MAX_WORK || lanes > MAX_LANES {
            return Err(COST);
        }
        let algorithm = Algorithm::new(parsed.algorithm.as_str()).map_err(|_| EXPECTED)?;
        // Without a number it is the first version (1.0), as the reference implementation has it.
        let version = parsed.version.unwrap_or(0x10);
        let version = Version::try_from(version).map_err(|_| EXPECTED)?;
        let (Some(salt), Some(hash)) = (parsed.salt, parsed.hash) else {
            return Err(EXPECTED);
        };
        if salt.len() < argon2::MIN_SALT_LEN || hash.len() < MIN_HASH {
            return Err(EXPECTED);
        }
        Ok(Self {
            hasher: Hasher::new(algorithm, version, params),
            salt,
            hash,
        })
    }

    /// Memory, passes and lanes.
    pub(super) fn cost(&self) -> [u32; 3] {
        let params = self.hasher.params();
        [params.m_cost(), params.t_cost(), params.p_cost()]
    }

    pub(super) fn verify(&self, password: &[u8]) -> bool {
        let expected = self.hash.as_bytes();
        let mut hashed = vec![0; expected.len()];
        let done = self
            .hasher
            .hash_password_into(password, &self.salt, &mut hashed);
        // Fails when there is no memory for it.
        done.is_ok() && bool::from(hashed.ct_eq(expected))
    }
}
