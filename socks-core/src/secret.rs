use core::fmt;

use alloc::{boxed::Box, sync::Arc};
use secrecy::{ExposeSecret, SecretSlice};

/// Octets that must not leak: a password, a shared secret, a token.
///
/// Zeroed when the last clone is dropped, and redacted by `Debug` (`UP-23`, `SE-34`). It has no
/// `PartialEq` on purpose: compare with a constant-time function on [`expose`](Self::expose).
/// Clones share the octets.
#[derive(Clone)]
pub struct Secret(Arc<SecretSlice<u8>>);

impl Secret {
    /// Takes a copy of `octets`; wiping the original stays with the caller.
    pub fn new(octets: &[u8]) -> Self {
        Self(Arc::new(SecretSlice::from(alloc::vec::Vec::from(octets))))
    }

    /// The octets themselves. Keep the borrow short and copy it nowhere.
    pub fn expose(&self) -> &[u8] {
        self.0.expose_secret()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

impl From<Box<[u8]>> for Secret {
    fn from(octets: Box<[u8]>) -> Self {
        Self(Arc::new(SecretSlice::from(octets)))
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self::new(text.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;

    /// SE-34: debug formatting never shows a secret.
    #[test]
    fn debug_is_redacted() {
        let secret = Secret::from("hunter2");
        assert_eq!(format!("{secret:?}"), "[redacted]");
        assert_eq!(secret.expose(), b"hunter2");
    }
}
