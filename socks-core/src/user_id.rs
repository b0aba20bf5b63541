use core::fmt;

use alloc::sync::Arc;

use crate::{Escaped, LengthError};

/// The user id of a SOCKS4 request: up to 512 octets of no declared character set, and a claim,
/// never proof (`S4-2`, `S4-7`, `S4-8`). Compared octet by octet, escaped when shown.
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct UserId(Arc<[u8]>);

impl UserId {
    /// Most octets accepted, the largest identifier an ident server may send.
    pub const MAX: usize = 512;

    /// # Errors
    ///
    /// If `octets` is longer than 512.
    pub fn new(octets: &[u8]) -> Result<Self, LengthError> {
        LengthError::check(octets.len(), 0, Self::MAX)?;
        Ok(Self(octets.into()))
    }

    /// What a decoder has already measured.
    pub(crate) fn truncated(octets: &[u8]) -> Self {
        Self(octets.get(..Self::MAX).unwrap_or(octets).into())
    }

    /// The octets as sent.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Escaped(&self.0).fmt(f)
    }
}

impl fmt::Debug for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&Escaped(&self.0), f)
    }
}
