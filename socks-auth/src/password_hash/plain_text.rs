use sha2::{Digest, Sha256};
use socks_core::Secret;
use subtle::ConstantTimeEq;

/// The password itself.
#[derive(Clone)]
pub(super) struct PlainText(Secret);

impl PlainText {
    pub(super) fn new(password: &[u8]) -> Self {
        Self(Secret::new(password))
    }

    /// By digests, so that the length does not show in the time.
    pub(super) fn verify(&self, password: &[u8]) -> bool {
        let (stored, sent) = (self.0.expose(), password);
        Sha256::digest(stored).ct_eq(&Sha256::digest(sent)).into()
    }
}
