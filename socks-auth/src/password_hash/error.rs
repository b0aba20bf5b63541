use std::fmt;

/// What is stored is not a hash that counts here. Says what was expected and nothing of what is
/// there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PasswordHashError(pub(super) &'static str);

impl fmt::Display for PasswordHashError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for PasswordHashError {}
