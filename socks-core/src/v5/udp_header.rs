use bytes::BufMut;

use super::address;
use crate::{
    Address, DecodeError,
    wire::{Fault, Reader},
};

/// The header in front of each datagram between client and relay: RSV, FRAG, ATYP, DST.ADDR,
/// DST.PORT (RFC 1928 §7). 10 to 262 octets.
///
/// From the client it names the destination, from the relay the remote sender (`UD-17`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UdpHeader {
    /// FRAG: 00 stands alone, else the position in the low seven bits and "last" in the high one.
    /// [`Reassembler`](crate::udp::Reassembler) reads it.
    pub fragment: u8,
    /// DST.ADDR and DST.PORT.
    pub address: Address,
}

impl UdpHeader {
    /// The header of a standalone datagram.
    pub const fn new(address: Address) -> Self {
        Self {
            fragment: 0,
            address,
        }
    }

    /// Octets the header takes: 10 for IPv4, 22 for IPv6, 7 + n for a name of n octets (`UD-35`).
    pub fn encoded_len(&self) -> usize {
        3 + address::len(&self.address)
    }

    /// Reads the header of one datagram and leaves `src` at the data, which may be empty
    /// (`UD-30`). RSV is ignored (`UD-14`).
    ///
    /// # Errors
    ///
    /// [`Truncated`](DecodeError::Truncated), since a datagram is never completed by a later one
    /// (`UD-26`); [`UnknownAddressType`](DecodeError::UnknownAddressType);
    /// [`EmptyDomain`](DecodeError::EmptyDomain).
    pub fn decode(src: &mut &[u8]) -> Result<Self, DecodeError> {
        fn read(reader: &mut Reader<'_>) -> Result<UdpHeader, Fault> {
            let _reserved = reader.u16()?;
            let fragment = reader.u8()?;
            Ok(UdpHeader {
                fragment,
                address: address::read(reader)?,
            })
        }
        crate::wire::decode(src, read)?.ok_or(DecodeError::Truncated)
    }

    /// Appends the header. `dst` must have room for 262 octets or grow.
    pub fn encode(&self, dst: &mut impl BufMut) {
        dst.put_slice(&[0x00, 0x00, self.fragment]);
        address::write(&self.address, dst);
    }
}
