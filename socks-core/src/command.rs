use crate::DecodeError;

/// What a client asks for (RFC 1928 §4; SOCKS4 memo).
///
/// `Resolve` and `ResolvePtr` are Tor's extension (`TO-3`, `TO-6`): they decode always, and a
/// server treats them as unknown unless the extension is switched on (`TO-1`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Command {
    /// 01: open a TCP connection to the destination.
    Connect,
    /// 02: listen for a TCP connection from the destination.
    Bind,
    /// 03: relay datagrams. SOCKS5 only.
    UdpAssociate,
    /// F0: look a name up (Tor).
    Resolve,
    /// F1: look the name of an address up (Tor). SOCKS5 only.
    ResolvePtr,
}

impl Command {
    /// The octet on the wire.
    pub const fn octet(self) -> u8 {
        match self {
            Self::Connect => 0x01,
            Self::Bind => 0x02,
            Self::UdpAssociate => 0x03,
            Self::Resolve => 0xf0,
            Self::ResolvePtr => 0xf1,
        }
    }

    /// The standards' name, for logs and rules.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::Bind => "bind",
            Self::UdpAssociate => "udp associate",
            Self::Resolve => "resolve",
            Self::ResolvePtr => "resolve ptr",
        }
    }
}

impl TryFrom<u8> for Command {
    type Error = DecodeError;

    fn try_from(octet: u8) -> Result<Self, DecodeError> {
        Ok(match octet {
            0x01 => Self::Connect,
            0x02 => Self::Bind,
            0x03 => Self::UdpAssociate,
            0xf0 => Self::Resolve,
            0xf1 => Self::ResolvePtr,
            octet => return Err(DecodeError::UnknownCommand(octet)),
        })
    }
}

impl core::fmt::Display for Command {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.name())
    }
}
