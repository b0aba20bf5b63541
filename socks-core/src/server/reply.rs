//! The one place that writes replies.

use core::net::SocketAddr;

use alloc::vec::Vec;

use crate::{
    Address, ReplyCode,
    message::{Rejection, Version},
    v4, v5,
};

/// A reply with a BND of its own, or with zeros. SOCKS4 cannot express an IPv6 address or a name;
/// there the field stays zero.
pub(super) fn write(
    version: Version,
    code: ReplyCode,
    bound: Option<Address>,
    output: &mut Vec<u8>,
) {
    let bound = bound.unwrap_or(Address::UNSPECIFIED);
    match version {
        Version::Socks4 => {
            let bound = match bound {
                Address::Socket(SocketAddr::V4(addr)) => addr,
                _ => v4::Reply::UNSPECIFIED,
            };
            v4::Reply {
                code: code.into(),
                bound,
            }
            .encode(output);
        }
        Version::Socks5 => v5::Reply { code, bound }.encode(output),
    }
}

/// A client that was not let in, told in a reply: SOCKS4 knows no other way (`S4-24`).
pub(super) fn write_rejection(version: Version, rejection: Rejection, output: &mut Vec<u8>) {
    match version {
        Version::Socks4 => v4::Reply::failure(rejection.into()).encode(output),
        Version::Socks5 => v5::Reply::failure(ReplyCode::NOT_ALLOWED).encode(output),
    }
}
