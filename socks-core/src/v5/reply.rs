use bytes::BufMut;

use super::{VERSION, address};
use crate::{Address, DecodeError, ReplyCode, wire};

/// How a request ended: VER, REP, RSV, ATYP, BND.ADDR, BND.PORT (RFC 1928 §6).
/// 10 to 262 octets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// REP.
    pub code: ReplyCode,
    /// BND.ADDR and BND.PORT. [`Address::UNSPECIFIED`] on failure (`R5-44`).
    pub bound: Address,
}

impl Reply {
    /// A failure reply, which is ten octets like every other (`R5-44`, `R5-45`).
    pub const fn failure(code: ReplyCode) -> Self {
        Self {
            code,
            bound: Address::UNSPECIFIED,
        }
    }

    /// Reads one reply; `Ok(None)` asks for more octets. RSV is ignored (`R5-43`).
    ///
    /// A client that gets an error, or the end of the stream in place of the rest, reports the
    /// code in [`ReplyPrefix`] rather than the framing (`R5-47`).
    ///
    /// # Errors
    ///
    /// [`BadVersion`](DecodeError::BadVersion),
    /// [`UnknownAddressType`](DecodeError::UnknownAddressType),
    /// [`EmptyDomain`](DecodeError::EmptyDomain).
    pub fn decode(src: &mut &[u8]) -> Result<Option<Self>, DecodeError> {
        wire::decode(src, |reader| {
            reader.version(VERSION)?;
            let code = ReplyCode(reader.u8()?);
            let _reserved = reader.u8()?;
            Ok(Self {
                code,
                bound: address::read(reader)?,
            })
        })
    }

    /// Appends the message. `dst` must have room for 262 octets or grow.
    pub fn encode(&self, dst: &mut impl BufMut) {
        dst.put_slice(&[VERSION, self.code.0, 0x00]);
        address::write(&self.bound, dst);
    }
}

/// The first two octets of a reply, VER and REP: all that a failing server may get across.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReplyPrefix {
    /// REP.
    pub code: ReplyCode,
}

impl ReplyPrefix {
    /// Reads the two octets without asking whether a whole reply follows; consumes nothing.
    pub fn peek(src: &[u8]) -> Option<Self> {
        match src {
            [VERSION, code, ..] => Some(Self {
                code: ReplyCode(*code),
            }),
            _ => None,
        }
    }
}
