use core::fmt;

/// Why a domain field is not a host name that a server passes on (`R5-33`…`R5-38`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NameError {
    /// A NUL octet, which would let two components read different names (`R5-34`).
    Nul,
    /// An octet above 7F; clients convert international names to A-labels (`R5-35`).
    NonAscii,
    /// An octet that is not a letter, digit, hyphen, underscore or dot (`R5-35`, `R5-38`).
    BadOctet(u8),
    /// Two dots in a row, or a dot at the start.
    EmptyLabel,
    /// A label over 63 octets or a name over 253 (RFC 1035 §2.3.4).
    TooLong,
    /// A number form of an address that is not a dotted quad, such as `0x7f.1` (`R5-36`).
    LegacyAddress,
}

impl fmt::Display for NameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nul => f.write_str("host name contains NUL"),
            Self::NonAscii => f.write_str("host name is not ASCII"),
            Self::BadOctet(octet) => write!(f, "host name contains octet {octet:#04x}"),
            Self::EmptyLabel => f.write_str("host name has an empty label"),
            Self::TooLong => f.write_str("host name or label is too long"),
            Self::LegacyAddress => f.write_str("host name is a legacy form of an address"),
        }
    }
}

impl core::error::Error for NameError {}
