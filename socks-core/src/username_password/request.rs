use bytes::BufMut;

use super::VERSION;
use crate::{
    DecodeError, LengthError, Secret, UserName,
    wire::{self, put_short},
};

/// A login: VER, ULEN, UNAME, PLEN, PASSWD (RFC 1929 §2). 3 to 513 octets.
///
/// Both fields may hold any octet, NUL and colon included (`UP-15`, `UP-16`), and both may be
/// empty when read, since clients send that (`UP-6`, `UP-7`); whether an empty one logs in is
/// not for the decoder to say.
#[derive(Clone, Debug)]
pub struct Request {
    username: UserName,
    password: Secret,
}

impl Request {
    /// Longest message.
    pub const MAX_LEN: usize = 513;

    /// A login to send.
    ///
    /// # Errors
    ///
    /// If a field is empty or longer than 255 octets (`UP-4`).
    pub fn new(username: UserName, password: Secret) -> Result<Self, LengthError> {
        LengthError::check(username.as_bytes().len(), 1, 255)?;
        LengthError::check(password.expose().len(), 1, 255)?;
        Ok(Self { username, password })
    }

    /// UNAME.
    pub fn username(&self) -> &UserName {
        &self.username
    }

    /// PASSWD.
    pub fn password(&self) -> &Secret {
        &self.password
    }

    /// UNAME and PASSWD.
    pub fn into_parts(self) -> (UserName, Secret) {
        (self.username, self.password)
    }

    /// Reads one login; `Ok(None)` asks for more octets.
    ///
    /// # Errors
    ///
    /// [`DecodeError::BadVersion`] (`UP-12`).
    pub fn decode(src: &mut &[u8]) -> Result<Option<Self>, DecodeError> {
        wire::decode(src, |reader| {
            reader.version(VERSION)?;
            let username = reader.short()?;
            let password = reader.short()?;
            Ok(Self {
                username: username.into(),
                password: Secret::new(password),
            })
        })
    }

    /// Appends the message. `dst` must have room for 513 octets or grow; it then holds the
    /// password, so wipe it after use (`UP-23`).
    pub fn encode(&self, dst: &mut impl BufMut) {
        dst.put_u8(VERSION);
        put_short(dst, self.username.as_bytes());
        put_short(dst, self.password.expose());
    }
}
