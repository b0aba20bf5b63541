use core::fmt;

/// Why octets are not the message that was expected.
///
/// A decoder returns an error as early as an octet proves it, with one exception: what can be
/// delimited is read whole first, so that the answer does not overtake the question
/// (`R5-4`, `R5-25`, `R5-32`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DecodeError {
    /// The version octet belongs to another protocol or to another message.
    BadVersion(u8),
    /// A command (CMD, CD) outside the known ones (`R5-24`, `S4-4`).
    UnknownCommand(u8),
    /// An address type (ATYP) other than 01, 03 and 04; the address cannot be delimited (`R5-26`).
    UnknownAddressType(u8),
    /// A domain name of zero octets (`R5-32`, `S4A-7`, `UD-27`).
    EmptyDomain,
    /// A NUL octet inside a domain name (`R5-34`, `UD-27`).
    NulInDomain,
    /// A field is longer than its cap: user id (`S4-7`), domain name (`S4A-6`), ident line and user
    /// id (`ID-15`, `ID-16`), CHAP message (`CH-4`).
    TooLong,
    /// A datagram that ends inside its header; it is never completed (`UD-26`).
    Truncated,
    /// The fragment field is 80: last fragment at position zero (`UD-23`).
    BadFragment,
    /// The message type (mtyp) of a GSSAPI frame is unknown or not valid here (`GS-24`, `GS-27`).
    BadMessageType(u8),
    /// The unwrapped protection level is not one octet of a known value (`GS-16`).
    BadProtectionLevel,
    /// The length field of a GSSAPI datagram does not equal the rest of the datagram (`GS-24`).
    LengthMismatch,
    /// A port outside 1–65535 in an ident line (`ID-6`).
    BadPort,
    /// An ident line that does not follow the grammar (`ID-14`).
    BadLine,
    /// A user name that starts with Tor's magic prefix and breaks its format (`TO-21`…`TO-23`).
    BadIsolationFormat,
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BadVersion(octet) => write!(f, "unexpected version octet {octet:#04x}"),
            Self::UnknownCommand(octet) => write!(f, "unknown command {octet:#04x}"),
            Self::UnknownAddressType(octet) => write!(f, "unknown address type {octet:#04x}"),
            Self::EmptyDomain => f.write_str("empty domain name"),
            Self::NulInDomain => f.write_str("NUL octet in a domain name"),
            Self::TooLong => f.write_str("field is longer than its limit"),
            Self::Truncated => f.write_str("datagram ends inside its header"),
            Self::BadFragment => f.write_str("last fragment at position zero"),
            Self::BadMessageType(octet) => write!(f, "unexpected message type {octet:#04x}"),
            Self::BadProtectionLevel => f.write_str("unknown GSSAPI protection level"),
            Self::LengthMismatch => f.write_str("length field does not match the datagram"),
            Self::BadPort => f.write_str("port is not in 1-65535"),
            Self::BadLine => f.write_str("line does not follow the ident grammar"),
            Self::BadIsolationFormat => f.write_str("malformed isolation parameters"),
        }
    }
}

impl core::error::Error for DecodeError {}

/// A value does not fit the length field that it would be sent in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LengthError {
    /// Fewest octets that the field holds.
    pub min: usize,
    /// Most octets that the field holds.
    pub max: usize,
    /// Octets in the value.
    pub actual: usize,
}

impl LengthError {
    pub(crate) fn check(actual: usize, min: usize, max: usize) -> Result<(), Self> {
        if (min..=max).contains(&actual) {
            Ok(())
        } else {
            Err(Self { min, max, actual })
        }
    }
}

impl fmt::Display for LengthError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { min, max, actual } = self;
        write!(f, "{actual} octets where {min} to {max} fit")
    }
}

impl core::error::Error for LengthError {}
