use core::fmt;

/// An authentication method of SOCKS5 (IANA registry "SOCKS Methods", `R5-19`).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Method(pub u8);

impl Method {
    /// 00: no authentication required.
    pub const NO_AUTHENTICATION: Self = Self(0x00);
    /// 01: GSSAPI (RFC 1961).
    pub const GSSAPI: Self = Self(0x01);
    /// 02: username/password (RFC 1929).
    pub const USERNAME_PASSWORD: Self = Self(0x02);
    /// 03: challenge-handshake (draft-ietf-aft-socks-chap).
    pub const CHAP: Self = Self(0x03);
    /// 05: challenge-response (draft-ietf-aft-socks-cram).
    pub const CRAM: Self = Self(0x05);
    /// FF: the server's "no acceptable methods"; never a method to select.
    pub const NO_ACCEPTABLE: Self = Self(0xff);

    /// 80–FE, reserved for private methods.
    pub const fn is_private(self) -> bool {
        matches!(self.0, 0x80..=0xfe)
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::NO_AUTHENTICATION => f.write_str("none"),
            Self::GSSAPI => f.write_str("gssapi"),
            Self::USERNAME_PASSWORD => f.write_str("username/password"),
            Self::CHAP => f.write_str("chap"),
            Self::CRAM => f.write_str("cram"),
            Self(octet) => write!(f, "{octet:#04x}"),
        }
    }
}

impl fmt::Debug for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
