use hmac::{Hmac, KeyInit, Mac};
use md5::{Digest, Md5};
use socks_core::{
    LengthError, Secret,
    chap::{Algorithm, Challenge, Prover},
};
use subtle::ConstantTimeEq;

use super::{CHALLENGE_LEN, random};

/// A secret that both sides know, and the responses that prove it.
#[derive(Clone, Debug)]
pub struct ChapKey(Secret);

impl ChapKey {
    /// Most octets of a secret.
    pub const MAX_LEN: usize = 255;

    /// # Errors
    ///
    /// If the secret is empty or longer than 255 octets.
    pub fn new(secret: Secret) -> Result<Self, LengthError> {
        let actual = secret.expose().len();
        match (1..=Self::MAX_LEN).contains(&actual) {
            true => Ok(Self(secret)),
            false => Err(LengthError {
                min: 1,
                max: Self::MAX_LEN,
                actual,
            }),
        }
    }

    /// Stands in for the secret of a user who is not known (`CH-23`).
    pub(super) fn dummy() -> Self {
        Self(Secret::new(&[0; 16]))
    }
}

impl Prover for ChapKey {
    /// HMAC-MD5 keyed with the secret over the challenge (`CH-13`), or MD5 over identifier, secret
    /// and challenge (RFC 1994 §4.1, `CH-16`). `None` for any other algorithm.
    fn respond(&self, challenge: &Challenge) -> Option<Secret> {
        #[cfg(test)]
        work::count();

        let octets = challenge.octets.expose();
        match challenge.algorithm {
            Algorithm::HMAC_MD5 => {
                let mac = Hmac::<Md5>::new_from_slice(self.0.expose()).ok()?;
                Some(Secret::new(
                    &mac.chain_update(octets).finalize().into_bytes(),
                ))
            }
            Algorithm::MD5 => {
                let digest = Md5::new()
                    .chain_update([challenge.identifier?])
                    .chain_update(self.0.expose())
                    .chain_update(octets);
                Some(Secret::new(&digest.finalize()))
            }
            _ => None,
        }
    }

    fn verify(&self, challenge: &Challenge, response: &[u8]) -> bool {
        self.respond(challenge)
            .is_some_and(|expected| expected.expose().ct_eq(response).into())
    }

    fn random_challenge(&self) -> Option<Secret> {
        random::secret::<CHALLENGE_LEN>()
    }
}

/// Counts digests, so that tests compare work instead of time.
#[cfg(test)]
pub(super) mod work {
    use std::cell::Cell;

    thread_local!(static DIGESTS: Cell<usize> = const { Cell::new(0) });

    pub(super) fn count() {
        DIGESTS.set(DIGESTS.get() + 1);
    }

    pub(in super::super) fn take() -> usize {
        DIGESTS.take()
    }
}
