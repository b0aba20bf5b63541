use core::fmt;

/// A way to compute a response, as listed by
/// [`Attribute::ALGORITHMS`](super::Attribute::ALGORITHMS).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Algorithm(pub u8);

impl Algorithm {
    /// 85: HMAC-MD5 over the challenge, keyed with the secret; mandatory (`CH-9`, `CH-13`).
    pub const HMAC_MD5: Self = Self(0x85);
    /// 05: MD5 over identifier, secret and challenge, as in RFC 1994. The draft itself calls it
    /// weak; off unless configured (`CH-16`).
    pub const MD5: Self = Self(0x05);

    /// Whether every message behind the choice of this algorithm carries an IDENTIFIER (`CH-16`).
    pub const fn has_identifier(self) -> bool {
        matches!(self, Self::MD5)
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::HMAC_MD5 => f.write_str("hmac-md5"),
            Self::MD5 => f.write_str("md5"),
            Self(octet) => write!(f, "{octet:#04x}"),
        }
    }
}

impl fmt::Debug for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
