//! Stored passwords, whatever made them.

mod apr1;
mod argon2;
mod bcrypt;
mod error;
mod formats;
mod plain_text;
mod sha1;
mod sha_crypt;

#[cfg(test)]
mod tests;
#[cfg(test)]
pub(crate) mod work;

use std::{fmt, mem::discriminant};

use socks_core::Secret;

use self::{
    apr1::Apr1, argon2::Argon2, bcrypt::Bcrypt, plain_text::PlainText, sha_crypt::ShaCrypt,
    sha1::Sha1,
};
pub use self::{error::PasswordHashError, formats::Formats};

/// A stored password: what a login is checked against.
///
/// Made by [`Formats::parse`] from what a file or a database holds. Checking takes as long as the
/// hash was made to take, up to about two seconds: do it in a `VerifyPool`.
#[derive(Clone)]
pub struct PasswordHash(Kind);

#[derive(Clone)]
enum Kind {
    Apr1(Apr1),
    Argon2(Box<Argon2>),
    Bcrypt(Bcrypt),
    PlainText(PlainText),
    Sha1(Sha1),
    ShaCrypt(ShaCrypt),
}

impl PasswordHash {
    /// Whether `password` is the one. Compares in constant time (`SE-32`).
    ///
    /// bcrypt looks at the first 72 octets of a password and no further, and at none of a password
    /// with a NUL in it, whose end it could not tell (`UP-16`).
    pub fn verify(&self, password: &Secret) -> bool {
        let password = password.expose();
        #[cfg(test)]
        work::note(password, self.name());
        match &self.0 {
            Kind::Apr1(hash) => hash.verify(password),
            Kind::Argon2(hash) => hash.verify(password),
            Kind::Bcrypt(hash) => hash.verify(password),
            Kind::PlainText(hash) => hash.verify(password),
            Kind::Sha1(hash) => hash.verify(password),
            Kind::ShaCrypt(hash) => hash.verify(password),
        }
    }

    /// Whether checking it takes as long as checking `other`, for a password of the same length.
    pub fn costs_like(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Kind::Argon2(own), Kind::Argon2(other)) => own.cost() == other.cost(),
            (Kind::Bcrypt(own), Kind::Bcrypt(other)) => own.cost() == other.cost(),
            (Kind::ShaCrypt(own), Kind::ShaCrypt(other)) => own.cost() == other.cost(),
            (own, other) => discriminant(own) == discriminant(other),
        }
    }

    /// What made it.
    pub fn name(&self) -> &'static str {
        match &self.0 {
            Kind::Apr1(hash) => hash.name(),
            Kind::Argon2(_) => "argon2",
            Kind::Bcrypt(_) => "bcrypt",
            Kind::PlainText(_) => "plain text",
            Kind::Sha1(_) => "SHA-1",
            Kind::ShaCrypt(_) => "SHA-crypt",
        }
    }
}

// A hash is good for guessing the password at leisure, so it is not shown.
impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PasswordHash({})", self.name())
    }
}
