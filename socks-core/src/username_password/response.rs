use bytes::BufMut;

use super::VERSION;
use crate::{DecodeError, wire};

/// The answer to a login: VER, STATUS (RFC 1929 §2). 2 octets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Response {
    /// VER: 01, or what a careless server sent in its place (`UP-11`).
    pub version: u8,
    /// STATUS: 00 is success, everything else is failure (`UP-10`).
    pub status: u8,
}

impl Response {
    /// Logged in.
    pub const SUCCESS: Self = Self {
        version: VERSION,
        status: 0x00,
    };
    /// Not logged in, for whatever reason: every failure is these two octets (`UP-9`, `UP-13`).
    pub const FAILURE: Self = Self {
        version: VERSION,
        status: 0x01,
    };

    /// Judges by STATUS alone (`UP-11`).
    pub const fn is_success(self) -> bool {
        self.status == 0x00
    }

    /// Reads one answer; `Ok(None)` asks for more octets. Never an error: VER is the caller's to
    /// judge when it wants to be strict.
    ///
    /// # Errors
    ///
    /// None today; the signature is the one that all messages have.
    pub fn decode(src: &mut &[u8]) -> Result<Option<Self>, DecodeError> {
        wire::decode(src, |reader| {
            Ok(Self {
                version: reader.u8()?,
                status: reader.u8()?,
            })
        })
    }

    /// Appends the message. `dst` must have room for 2 octets or grow.
    pub fn encode(&self, dst: &mut impl BufMut) {
        dst.put_slice(&[self.version, self.status]);
    }
}
