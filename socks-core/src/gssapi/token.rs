use core::fmt;

use bytes::BufMut;

use crate::LengthError;

/// The opaque content of a frame: up to 65535 octets, borrowed from the caller's buffer.
///
/// Tokens are as large as a whole read of the relay, so a frame is taken apart and put together
/// without copying one. `Debug` shows the length only: what a mechanism puts into a token may
/// identify or authenticate its user (`SE-34`).
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct Token<'a>(&'a [u8]);

impl<'a> Token<'a> {
    /// Most octets that LEN can express (`GS-2`). Writers ask the mechanism how much plain text
    /// fits and split what is longer (`GS-21`).
    pub const MAX: usize = 65535;

    /// No octets: tells the client that the server's side of the context is complete (`GS-7`).
    pub const EMPTY: Self = Self(&[]);

    /// # Errors
    ///
    /// If `octets` is longer than 65535.
    pub fn new(octets: &'a [u8]) -> Result<Self, LengthError> {
        LengthError::check(octets.len(), 0, Self::MAX)?;
        Ok(Self(octets))
    }

    /// What a decoder has already measured by a LEN field.
    pub(super) const fn measured(octets: &'a [u8]) -> Self {
        Self(octets)
    }

    /// The octets, for the mechanism.
    pub const fn as_bytes(self) -> &'a [u8] {
        self.0
    }

    /// LEN and TOKEN.
    pub(super) fn encode(self, dst: &mut impl BufMut) {
        let len = u16::try_from(self.0.len()).unwrap_or(u16::MAX);
        dst.put_u16(len);
        dst.put_slice(self.0);
    }
}

impl fmt::Debug for Token<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{} octets]", self.0.len())
    }
}
