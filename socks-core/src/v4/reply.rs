use core::net::{Ipv4Addr, SocketAddrV4};

use bytes::BufMut;

use super::{ReplyCode, VERSION};
use crate::{DecodeError, wire};

/// How a SOCKS4 request ended: VN, CD, DSTPORT, DSTIP (`S4-11`). 8 octets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reply {
    /// CD.
    pub code: ReplyCode,
    /// DSTIP and DSTPORT; zeros on failure, meaningful in the replies to BIND (`S4-12`, `S4-14`).
    pub bound: SocketAddrV4,
}

impl Reply {
    /// `0.0.0.0:0`.
    pub const UNSPECIFIED: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, 0);

    /// A failure reply, with zeros for the address.
    pub const fn failure(code: ReplyCode) -> Self {
        Self {
            code,
            bound: Self::UNSPECIFIED,
        }
    }

    /// Reads one reply; `Ok(None)` asks for more octets. VN is 00, and 04 from servers that got
    /// it wrong (`S4-20`).
    ///
    /// # Errors
    ///
    /// [`DecodeError::BadVersion`].
    pub fn decode(src: &mut &[u8]) -> Result<Option<Self>, DecodeError> {
        wire::decode(src, |reader| {
            match reader.u8()? {
                0x00 | VERSION => {}
                octet => return Err(DecodeError::BadVersion(octet).into()),
            }
            let code = ReplyCode(reader.u8()?);
            let port = reader.u16()?;
            let ip = Ipv4Addr::from(reader.array::<4>()?);
            Ok(Self {
                code,
                bound: SocketAddrV4::new(ip, port),
            })
        })
    }

    /// Appends the message. `dst` must have room for 8 octets or grow.
    pub fn encode(&self, dst: &mut impl BufMut) {
        dst.put_slice(&[0x00, self.code.0]);
        dst.put_u16(self.bound.port());
        dst.put_slice(&self.bound.ip().octets());
    }
}
