use core::fmt;

/// What an assertion is about (`CH-5`). Open: an attribute that is not understood is skipped
/// (`CH-7`).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Attribute(pub u8);

impl Attribute {
    /// 00: how it ended, see [`Status`](super::Status).
    pub const STATUS: Self = Self(0x00);
    /// 01: text for the user or the log; untrusted (`CH-20`).
    pub const TEXT_MESSAGE: Self = Self(0x01);
    /// 02: the user's name.
    pub const USER_IDENTITY: Self = Self(0x02);
    /// 03: what the other side proves itself with; in CRAM a text to show to a person.
    pub const CHALLENGE: Self = Self(0x03);
    /// 04: the proof; in CRAM what the person typed.
    pub const RESPONSE: Self = Self(0x04);
    /// 05: MIME name of a character set, advisory (`CH-21`).
    pub const CHARSET: Self = Self(0x05);
    /// 10: CHAP's identifier, one octet, only with [`Algorithm::MD5`](super::Algorithm::MD5)
    /// (`CH-16`).
    pub const IDENTIFIER: Self = Self(0x10);
    /// 11: algorithms, one octet each.
    pub const ALGORITHMS: Self = Self(0x11);

    /// Whether the value must stay out of logs and debug output (`SE-34`).
    pub const fn is_secret(self) -> bool {
        matches!(self, Self::CHALLENGE | Self::RESPONSE)
    }
}

impl fmt::Display for Attribute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::STATUS => f.write_str("STATUS"),
            Self::TEXT_MESSAGE => f.write_str("TEXT-MESSAGE"),
            Self::USER_IDENTITY => f.write_str("USER-IDENTITY"),
            Self::CHALLENGE => f.write_str("CHALLENGE"),
            Self::RESPONSE => f.write_str("RESPONSE"),
            Self::CHARSET => f.write_str("CHARSET"),
            Self::IDENTIFIER => f.write_str("IDENTIFIER"),
            Self::ALGORITHMS => f.write_str("ALGORITHMS"),
            Self(octet) => write!(f, "{octet:#04x}"),
        }
    }
}

impl fmt::Debug for Attribute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
