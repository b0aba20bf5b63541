use crate::DecodeError;

/// What FRAG of a [`UdpHeader`](crate::v5::UdpHeader) says (`UD-20`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fragment {
    /// 00: the datagram is whole.
    Standalone,
    /// A part of a datagram.
    Part {
        /// Low seven bits: 1 to 127.
        position: u8,
        /// High bit: no part follows.
        last: bool,
    },
}

impl TryFrom<u8> for Fragment {
    type Error = DecodeError;

    /// # Errors
    ///
    /// [`DecodeError::BadFragment`] for 80: last, at position zero (`UD-23`).
    fn try_from(octet: u8) -> Result<Self, DecodeError> {
        match octet {
            0x00 => Ok(Self::Standalone),
            0x80 => Err(DecodeError::BadFragment),
            octet => Ok(Self::Part {
                position: octet & 0x7f,
                last: octet & 0x80 != 0,
            }),
        }
    }
}
