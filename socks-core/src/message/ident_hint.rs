use core::fmt;

use alloc::sync::Arc;

use crate::{
    Escaped,
    ident::{Identity, Token},
};

/// What the client's host says about who owns the connection (RFC 1413).
///
/// **Untrusted**: it is as honest as whoever runs that host, so it is for logs, and for rules about
/// hosts that the administrator trusts (`ID-24`). Cloning shares it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct IdentHint(Arc<Identity>);

impl IdentHint {
    /// What the ident server answered.
    pub fn new(answer: Identity) -> Self {
        Self(Arc::new(answer))
    }

    /// The answer as it came.
    pub fn answer(&self) -> &Identity {
        &self.0
    }

    /// The user id without leading spaces, in octets of [`charset`](Identity::charset).
    pub fn user_id(&self) -> &[u8] {
        self.0.trimmed()
    }

    /// Whether the octets are of a character set that [`Escaped`] shows so that they can be told:
    /// US-ASCII, which is meant if none is named, or UTF-8.
    fn is_readable(&self) -> bool {
        let octets = self.user_id();
        match self.0.charset().map(Token::as_str) {
            None => octets.is_ascii(),
            Some(name) if name.eq_ignore_ascii_case("US-ASCII") => octets.is_ascii(),
            Some(name) if name.eq_ignore_ascii_case("UTF-8") => {
                core::str::from_utf8(octets).is_ok()
            }
            Some(_) => false,
        }
    }
}

/// Escaped; in hexadecimal too if the character set is not known (`ID-25`). Long ones are cut.
impl fmt::Display for IdentHint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let user_id = self.user_id();
        Escaped(user_id).fmt(f)?;
        if self.is_readable() {
            return Ok(());
        }
        f.write_str(" (")?;
        for octet in user_id.iter().take(Escaped::MAX) {
            write!(f, "{octet:02x}")?;
        }
        let cut = if user_id.len() > Escaped::MAX {
            "…"
        } else {
            ""
        };
        write!(f, "{cut})")
    }
}

impl fmt::Debug for IdentHint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("IdentHint").field(&self.0).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::UserId;
    use alloc::format;

    fn shown(charset: Option<&str>, user_id: &[u8]) -> alloc::string::String {
        let charset = charset.map(|charset| Token::new(charset).unwrap());
        let system = Token::new("UNIX").unwrap();
        let answer = Identity::new(system, charset, UserId::new(user_id).unwrap()).unwrap();
        format!("{}", IdentHint::new(answer))
    }

    /// ID-25, SE-38: escaped, and in hexadecimal too when nobody knows what the octets mean.
    #[test]
    fn unknown_octets_are_shown_in_hexadecimal_too() {
        assert_eq!(shown(None, b" fred"), "fred");
        assert_eq!(shown(Some("us-ascii"), b"fred\x1b"), "fred\\x1b");
        assert_eq!(shown(Some("UTF-8"), b"caf\xc3\xa9"), "caf\\xc3\\xa9");
        assert_eq!(shown(Some("UTF-8"), b"caf\xe9"), "caf\\xe9 (636166e9)");
        assert_eq!(shown(None, b"caf\xe9"), "caf\\xe9 (636166e9)");
        assert_eq!(shown(Some("KOI8-R"), b"fred"), "fred (66726564)");
        let long = shown(Some("X"), &[b'a'; 512]);
        assert_eq!(long.chars().count(), 257 + 2 + 512 + 1 + 1);
    }
}
