use core::fmt;

use alloc::sync::Arc;

use super::line;
use crate::DecodeError;

/// A token of a response: 1 to 64 printable ASCII characters other than colon and space
/// (RFC 1413, formal syntax).
///
/// Compared as it stands, case included.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Token(Arc<str>);

impl Token {
    /// Most characters in a token.
    pub const MAX: usize = 64;

    /// `None` if `text` is empty, longer than 64 characters, or has other characters.
    pub fn new(text: &str) -> Option<Self> {
        let printable = |octet| matches!(octet, b'!'..=b'~') && octet != b':';
        ((1..=Self::MAX).contains(&text.len()) && text.bytes().all(printable))
            .then(|| Self(text.into()))
    }

    /// The characters.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Reads a field and the white space around it (`ID-7`).
    pub(super) fn parse(field: &[u8]) -> Result<Self, DecodeError> {
        core::str::from_utf8(line::trim(field))
            .ok()
            .and_then(Self::new)
            .ok_or(DecodeError::BadLine)
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}
