use core::fmt;

use crate::{DecodeError, NameError, subnegotiation::SubnegotiationError};

/// Why a handshake cannot go on. What the client is told is in the output already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum HandshakeError {
    /// The first octet belongs to no protocol that is served here; nothing is sent but the
    /// optional hint to an HTTP client (`R5-5`, `TO-16`).
    UnknownProtocol(u8),
    /// The greeting or the request is malformed.
    Malformed(DecodeError),
    /// The sub-negotiation failed before its credentials could be judged.
    Subnegotiation(SubnegotiationError),
    /// The destination's name is not a host name.
    Name(NameError),
    /// CONNECT to port 0 (`R5-40`, `S4-5`).
    PortZero,
    /// SOCKS4 CONNECT to 0.0.0.0 (`S4A-3`).
    ZeroAddress,
    /// RESOLVE_PTR of something that is not an address (`TO-6`).
    NotAnAddress,
    /// This version of SOCKS is switched off.
    VersionDisabled,
}

impl fmt::Display for HandshakeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownProtocol(octet) => write!(f, "first octet {octet:#04x} is not SOCKS"),
            Self::Malformed(_) => f.write_str("malformed message"),
            Self::Subnegotiation(_) => f.write_str("authentication method failed"),
            Self::Name(_) => f.write_str("destination is not a host name"),
            Self::PortZero => f.write_str("destination port is zero"),
            Self::ZeroAddress => f.write_str("destination address is zero"),
            Self::NotAnAddress => f.write_str("reverse lookup of a name"),
            Self::VersionDisabled => f.write_str("this version of SOCKS is switched off"),
        }
    }
}

impl core::error::Error for HandshakeError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Malformed(error) => Some(error),
            Self::Subnegotiation(error) => Some(error),
            Self::Name(error) => Some(error),
            _ => None,
        }
    }
}
