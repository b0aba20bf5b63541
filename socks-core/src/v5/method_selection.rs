use bytes::BufMut;

use super::VERSION;
use crate::{DecodeError, Method, wire};

/// The server's answer to a [`Greeting`](super::Greeting): VER, METHOD (RFC 1928 §3). 2 octets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MethodSelection {
    /// The method to run, or [`Method::NO_ACCEPTABLE`], after which both sides close (`R5-14`).
    pub method: Method,
}

impl MethodSelection {
    /// Reads one selection; `Ok(None)` asks for more octets.
    ///
    /// # Errors
    ///
    /// [`DecodeError::BadVersion`] (`R5-20`).
    pub fn decode(src: &mut &[u8]) -> Result<Option<Self>, DecodeError> {
        wire::decode(src, |reader| {
            reader.version(VERSION)?;
            Ok(Self {
                method: Method(reader.u8()?),
            })
        })
    }

    /// Appends the message. `dst` must have room for 2 octets or grow.
    pub fn encode(&self, dst: &mut impl BufMut) {
        dst.put_slice(&[VERSION, self.method.0]);
    }
}
