//! ATYP, address and port, as requests, replies and datagrams share them (RFC 1928 §5).

use core::net::{IpAddr, SocketAddr};

use bytes::BufMut;

use crate::{
    Address, DecodeError, Domain,
    wire::{Fault, Reader, put_short},
};

const IPV4: u8 = 0x01;
const DOMAIN: u8 = 0x03;
const IPV6: u8 = 0x04;

/// Reads a field that can be delimited to its end before judging it, so that an empty name is
/// answered after the port has arrived (`R5-32`).
pub(super) fn read(reader: &mut Reader<'_>) -> Result<Address, Fault> {
    let ip = match reader.u8()? {
        IPV4 => IpAddr::from(reader.array::<4>()?),
        IPV6 => IpAddr::from(reader.array::<16>()?),
        DOMAIN => {
            let name = reader.short()?;
            let port = reader.u16()?;
            let domain = Domain::new(name).map_err(|_| DecodeError::EmptyDomain)?;
            return Ok(Address::Domain(domain, port));
        }
        octet => return Err(DecodeError::UnknownAddressType(octet).into()),
    };
    Ok(Address::Socket(SocketAddr::new(ip, reader.u16()?)))
}

pub(super) fn write(address: &Address, dst: &mut impl BufMut) {
    match address {
        Address::Socket(SocketAddr::V4(addr)) => {
            dst.put_u8(IPV4);
            dst.put_slice(&addr.ip().octets());
        }
        Address::Socket(SocketAddr::V6(addr)) => {
            dst.put_u8(IPV6);
            dst.put_slice(&addr.ip().octets());
        }
        Address::Domain(domain, _) => {
            dst.put_u8(DOMAIN);
            put_short(dst, domain.as_bytes());
        }
    }
    dst.put_u16(address.port());
}

/// Octets that [`write`] produces.
pub(super) fn len(address: &Address) -> usize {
    1 + 2
        + match address {
            Address::Socket(SocketAddr::V4(_)) => 4,
            Address::Socket(SocketAddr::V6(_)) => 16,
            Address::Domain(domain, _) => 1 + domain.as_bytes().len(),
        }
}
