use std::{error::Error, fmt};

use socks_core::{Escaped, gssapi::MechanismError};

/// What the library says about a failure.
#[derive(Clone, Debug)]
pub struct GssapiError {
    status: MechanismError,
    text: String,
}

impl GssapiError {
    pub(super) fn new(status: MechanismError, text: String) -> Self {
        Self { status, text }
    }

    /// The library was asked for something that it cannot be asked for.
    pub(super) fn invalid(text: &str) -> Self {
        Self::new(MechanismError::FAILURE, text.into())
    }

    /// The status codes.
    pub const fn status(&self) -> MechanismError {
        self.status
    }

    /// For a log, since only the status codes go on from here.
    pub(super) fn logged(self, call: &'static str) -> MechanismError {
        tracing::debug!(call, error = %self, "gssapi");
        self.status
    }
}

/// The text may have the peer's names in it, so it is shown escaped.
impl fmt::Display for GssapiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Escaped(self.text.as_bytes()).fmt(f)
    }
}

impl Error for GssapiError {}
