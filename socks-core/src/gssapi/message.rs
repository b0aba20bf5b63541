use bytes::BufMut;

use super::{MessageType, Token, VERSION};
use crate::{
    DecodeError,
    wire::{self, Fault, Reader},
};

/// One frame of method 01: VER, MTYP, LEN, TOKEN (`GS-2`). 4 to 65539 octets, or the 2 of an abort.
///
/// Which type may come when (`GS-27`) is for the exchange to judge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Message<'a> {
    /// A token of the context establishment.
    Context(Token<'a>),
    /// The wrapped protection level, see [`ProtectionLevel`](super::ProtectionLevel).
    ProtectionLevel(Token<'a>),
    /// Wrapped traffic: on TCP a piece of the byte stream (`GS-20`), on UDP a whole datagram with
    /// its header (`GS-24`).
    Data(Token<'a>),
    /// The server refuses, for whatever reason, and closes (`GS-9`).
    Abort,
}

impl<'a> Message<'a> {
    /// Octets in front of a token.
    pub const HEADER_LEN: usize = 4;
    /// Longest frame.
    pub const MAX_LEN: usize = Self::HEADER_LEN + Token::MAX;

    /// MTYP.
    pub const fn message_type(self) -> MessageType {
        match self {
            Self::Context(_) => MessageType::Context,
            Self::ProtectionLevel(_) => MessageType::ProtectionLevel,
            Self::Data(_) => MessageType::Data,
            Self::Abort => MessageType::Abort,
        }
    }

    /// TOKEN, which an abort does not have.
    pub const fn token(self) -> Option<Token<'a>> {
        match self {
            Self::Context(token) | Self::ProtectionLevel(token) | Self::Data(token) => Some(token),
            Self::Abort => None,
        }
    }

    /// Octets that [`encode`](Self::encode) writes.
    pub const fn encoded_len(self) -> usize {
        match self.token() {
            Some(token) => Self::HEADER_LEN + token.as_bytes().len(),
            None => 2,
        }
    }

    /// Reads one frame; `Ok(None)` asks for more octets. An abort is complete after two (`GS-10`).
    ///
    /// # Errors
    ///
    /// [`BadVersion`](DecodeError::BadVersion) (`GS-3`) after the first octet,
    /// [`BadMessageType`](DecodeError::BadMessageType) (`GS-27`) after the second. Both are told
    /// before the frame is complete: neither can be answered but by an abort, and a peer that
    /// speaks another protocol must not be waited for.
    pub fn decode(src: &mut &'a [u8]) -> Result<Option<Self>, DecodeError> {
        wire::decode(src, |reader| {
            reader.version(VERSION)?;
            Ok(match MessageType::try_from(reader.u8()?)? {
                MessageType::Context => Self::Context(token(reader)?),
                MessageType::ProtectionLevel => Self::ProtectionLevel(token(reader)?),
                MessageType::Data => Self::Data(token(reader)?),
                MessageType::Abort => Self::Abort,
            })
        })
    }

    /// Reads a UDP datagram, which is one data frame from end to end, and returns the token that
    /// unwraps to UDP header and data (`GS-24`). On an error the datagram is dropped.
    ///
    /// # Errors
    ///
    /// [`BadVersion`](DecodeError::BadVersion);
    /// [`BadMessageType`](DecodeError::BadMessageType) for every type but 03;
    /// [`Truncated`](DecodeError::Truncated) if the datagram ends inside the first four octets;
    /// [`LengthMismatch`](DecodeError::LengthMismatch) if LEN is not the length of what follows.
    pub fn decode_datagram(datagram: &'a [u8]) -> Result<Token<'a>, DecodeError> {
        let mut rest = datagram;
        let len = wire::decode(&mut rest, |reader| {
            reader.version(VERSION)?;
            match MessageType::try_from(reader.u8()?)? {
                MessageType::Data => Ok(reader.u16()?),
                other => Err(DecodeError::BadMessageType(other.octet()).into()),
            }
        })?;
        let len = len.ok_or(DecodeError::Truncated)?;
        if usize::from(len) == rest.len() {
            Ok(Token::measured(rest))
        } else {
            Err(DecodeError::LengthMismatch)
        }
    }

    /// Appends the frame. `dst` must have room for [`encoded_len`](Self::encoded_len) octets or
    /// grow.
    pub fn encode(&self, dst: &mut impl BufMut) {
        dst.put_slice(&[VERSION, self.message_type().octet()]);
        if let Some(token) = self.token() {
            token.encode(dst);
        }
    }
}

fn token<'a>(reader: &mut Reader<'a>) -> Result<Token<'a>, Fault> {
    let len = reader.u16()?;
    reader.take(usize::from(len)).map(Token::measured)
}
