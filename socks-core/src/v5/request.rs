use bytes::BufMut;

use super::{VERSION, address};
use crate::{Address, Command, DecodeError, wire};

/// What a client asks for: VER, CMD, RSV, ATYP, DST.ADDR, DST.PORT (RFC 1928 §4).
/// 10 to 262 octets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// CMD.
    pub command: Command,
    /// DST.ADDR and DST.PORT, as sent.
    pub destination: Address,
}

impl Request {
    /// Longest request: a domain name of 255 octets.
    pub const MAX_LEN: usize = 262;

    /// Reads one request; `Ok(None)` asks for more octets. A non-zero RSV is ignored (`R5-22`).
    ///
    /// # Errors
    ///
    /// Fields are judged in wire order (`R5-25`): [`BadVersion`](DecodeError::BadVersion),
    /// [`UnknownCommand`](DecodeError::UnknownCommand) (once the whole request has arrived,
    /// unless ATYP is unknown too), [`UnknownAddressType`](DecodeError::UnknownAddressType) (after
    /// the fourth octet, `R5-26`), [`EmptyDomain`](DecodeError::EmptyDomain).
    pub fn decode(src: &mut &[u8]) -> Result<Option<Self>, DecodeError> {
        wire::decode(src, |reader| {
            reader.version(VERSION)?;
            let command = Command::try_from(reader.u8()?);
            let _reserved = reader.u8()?;
            let destination = match (address::read(reader), command) {
                (Err(wire::Fault::Malformed(_)), Err(command)) => return Err(command.into()),
                (destination, _) => destination?,
            };
            Ok(Self {
                command: command?,
                destination,
            })
        })
    }

    /// Appends the message. `dst` must have room for [`MAX_LEN`](Self::MAX_LEN) octets or grow.
    pub fn encode(&self, dst: &mut impl BufMut) {
        dst.put_slice(&[VERSION, self.command.octet(), 0x00]);
        address::write(&self.destination, dst);
    }
}
