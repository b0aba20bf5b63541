use std::fmt;

use sha2::{Digest, Sha256};
use socks_core::Secret;
use subtle::ConstantTimeEq;

/// What lets a client in that sends it. Its digest is kept and compared in constant time, so neither how much of a
/// guess is right nor its length shows.
#[derive(Clone)]
pub struct Token([u8; 32]);

impl Token {
    /// A token that is shorter could be guessed.
    const MIN: usize = 16;

    pub fn new(secret: &Secret) -> Result<Self, String> {
        let octets = secret.expose();
        match octets.len() >= Self::MIN && octets.iter().all(u8::is_ascii_graphic) {
            true => Ok(Self(digest(octets))),
            false => Err(format!(
                "expected at least {} printable ASCII characters without a space",
                Self::MIN
            )),
        }
    }

    pub fn is(&self, offered: &[u8]) -> bool {
        self.0.ct_eq(&digest(offered)).into()
    }
}

fn digest(octets: &[u8]) -> [u8; 32] {
    Sha256::digest(octets).into()
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}
