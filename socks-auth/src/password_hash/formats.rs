use super::{
    Kind, PasswordHash, PasswordHashError, apr1::Apr1, argon2::Argon2, bcrypt::Bcrypt,
    plain_text::PlainText, sha_crypt::ShaCrypt, sha1::Sha1,
};

const EXPECTED: PasswordHashError = PasswordHashError(
    "expected a password hash of bcrypt ($2y$), argon2 ($argon2id$), SHA-crypt ($5$, $6$) or MD5-crypt ($apr1$, $1$)",
);
const PLAIN_TEXT: PasswordHashError =
    PasswordHashError("expected a password hash; plain text is not allowed here");
const SHA1: PasswordHashError =
    PasswordHashError("expected a salted password hash; {SHA} is not allowed here");
const DES: PasswordHashError = PasswordHashError(
    "expected a password hash, not one of DES crypt; plain text that looks like one is written {PLAIN}…",
);

/// Which forms of a stored password count.
///
/// | written | what | |
/// |---|---|---|
/// | `$2y$`, `$2b$`, `$2a$` | bcrypt, cost 4 to 15 | always |
/// | `$argon2id$`, `$argon2i$`, `$argon2d$` | argon2 as a PHC string: up to 256 MiB, up to 1 GiB in all passes, up to 16 lanes | always |
/// | `$5$`, `$6$` | SHA-crypt, 1,000 to 1,000,000 rounds | always |
/// | `$apr1$`, `$1$` | MD5-crypt, Apache's and the original | always |
/// | `{SHA}` | SHA-1 without a salt, in base64 | if allowed |
/// | `{PLAIN}`, or anything that neither starts with `$` or `{` nor looks like DES crypt: 13 letters, digits, `.`, `/` | the password itself | if allowed |
///
/// The bounds keep a check under about two seconds of one processor, so that one entry does not
/// hold up everybody's login. DES crypt is not there: it looks at eight octets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Formats {
    plain_text: bool,
    sha1: bool,
}

impl Formats {
    /// Salted hashes only.
    pub const fn new() -> Self {
        Self {
            plain_text: false,
            sha1: false,
        }
    }

    /// Lets passwords be stored as they are. Off by default (`SE-31`).
    #[must_use]
    pub const fn plain_text(mut self, allow: bool) -> Self {
        self.plain_text = allow;
        self
    }

    /// Lets `{SHA}` count, which is broken as soon as it is read. Off by default (`SE-31`).
    #[must_use]
    pub const fn sha1(mut self, allow: bool) -> Self {
        self.sha1 = allow;
        self
    }

    /// Reads what is stored.
    ///
    /// # Errors
    ///
    /// If it is in no form that counts here, or costs more than is bearable.
    pub fn parse(self, stored: &[u8]) -> Result<PasswordHash, PasswordHashError> {
        let kind = match stored {
            [b'{', ..] if stored.starts_with(b"{SHA}") => match self.sha1 {
                true => Kind::Sha1(Sha1::parse(stored)?),
                false => return Err(SHA1),
            },
            [b'{', ..] => match stored.strip_prefix(b"{PLAIN}") {
                Some(password) if self.plain_text => Kind::PlainText(PlainText::new(password)),
                Some(_) => return Err(PLAIN_TEXT),
                None => return Err(EXPECTED),
            },
            [b'$', ..] => {
                let stored = str::from_utf8(stored).map_err(|_| EXPECTED)?;
                parse_crypt(stored)?
            }
            [] => return Err(EXPECTED),
            // With plain text allowed, what DES crypt made would be a password that everybody
            // knows who reads the file.
            _ if looks_like_des(stored) => return Err(DES),
            _ if self.plain_text => Kind::PlainText(PlainText::new(stored)),
            _ => return Err(PLAIN_TEXT),
        };
        Ok(PasswordHash(kind))
    }
}

fn parse_crypt(stored: &str) -> Result<Kind, PasswordHashError> {
    let id = stored.split('$').nth(1).unwrap_or_default();
    match id {
        "2a" | "2b" | "2y" => Bcrypt::parse(stored).map(Kind::Bcrypt),
        "5" | "6" => ShaCrypt::parse(stored).map(Kind::ShaCrypt),
        "apr1" | "1" => Apr1::parse(stored).map(Kind::Apr1),
        "argon2d" | "argon2i" | "argon2id" => {
            Argon2::parse(stored).map(|hash| Kind::Argon2(Box::new(hash)))
        }
        _ => Err(EXPECTED),
    }
}

fn looks_like_des(stored: &[u8]) -> bool {
    stored.len() == 13 && stored.iter().all(is_crypt64)
}

/// Whether it is of the alphabet that crypt's formats use for base64.
pub(super) fn is_crypt64(octet: &u8) -> bool {
    octet.is_ascii_alphanumeric() || matches!(octet, b'.' | b'/')
}
