use base64::{Engine, engine::general_purpose::STANDARD};
use sha1::Digest;
use subtle::ConstantTimeEq;

use super::PasswordHashError;

/// `{SHA}` and the SHA-1 of the password in base64.
#[derive(Clone)]
pub(super) struct Sha1([u8; 20]);

const EXPECTED: PasswordHashError =
    PasswordHashError("expected 28 characters of base64 behind {SHA}");

impl Sha1 {
    pub(super) fn parse(stored: &[u8]) -> Result<Self, PasswordHashError> {
        let hash = stored.strip_prefix(b"{SHA}").ok_or(EXPECTED)?;
        let hash = STANDARD.decode(hash).map_err(|_| EXPECTED)?;
        Ok(Self(hash.try_into().map_err(|_| EXPECTED)?))
    }

    pub(super) fn verify(&self, password: &[u8]) -> bool {
        sha1::Sha1::digest(password).ct_eq(&self.0).into()
    }
}
