use crate::DecodeError;

/// MTYP: what a frame carries (RFC 1961 §3.4, §3.8, §4.3, §5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MessageType {
    /// 01: a token of the context establishment.
    Context,
    /// 02: the protection level, wrapped.
    ProtectionLevel,
    /// 03: encapsulated traffic.
    Data,
    /// FF: the server refuses; neither length nor token follow (`GS-10`).
    Abort,
}

impl MessageType {
    /// The octet on the wire.
    pub const fn octet(self) -> u8 {
        match self {
            Self::Context => 0x01,
            Self::ProtectionLevel => 0x02,
            Self::Data => 0x03,
            Self::Abort => 0xff,
        }
    }
}

impl TryFrom<u8> for MessageType {
    type Error = DecodeError;

    /// # Errors
    ///
    /// [`DecodeError::BadMessageType`]. Closed on purpose: a frame of another type is answered
    /// with an abort, whatever it holds (`GS-27`).
    fn try_from(octet: u8) -> Result<Self, DecodeError> {
        Ok(match octet {
            0x01 => Self::Context,
            0x02 => Self::ProtectionLevel,
            0x03 => Self::Data,
            0xff => Self::Abort,
            octet => return Err(DecodeError::BadMessageType(octet)),
        })
    }
}
