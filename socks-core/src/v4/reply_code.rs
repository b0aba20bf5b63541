use core::fmt;

/// CD of a SOCKS4 reply (`S4-11`).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ReplyCode(pub u8);

impl ReplyCode {
    /// 5A (90): request granted.
    pub const GRANTED: Self = Self(0x5a);
    /// 5B (91): request rejected or failed.
    pub const REJECTED: Self = Self(0x5b);
    /// 5C (92): the server could not reach an ident server on the client.
    pub const IDENT_UNREACHABLE: Self = Self(0x5c);
    /// 5D (93): the ident server names another user.
    pub const IDENT_MISMATCH: Self = Self(0x5d);

    /// Any other code is a failure and keeps its number (`S4-21`).
    pub const fn is_success(self) -> bool {
        self.0 == Self::GRANTED.0
    }
}

/// SOCKS4 has one code for success and one for every failure but ident's (`S4-24`).
impl From<crate::ReplyCode> for ReplyCode {
    fn from(code: crate::ReplyCode) -> Self {
        if code.is_success() {
            Self::GRANTED
        } else {
            Self::REJECTED
        }
    }
}

/// The SOCKS5 meaning, for callers of a client (`S4-25`).
impl From<ReplyCode> for crate::ReplyCode {
    fn from(code: ReplyCode) -> Self {
        match code {
            ReplyCode::GRANTED => Self::SUCCEEDED,
            ReplyCode::IDENT_UNREACHABLE | ReplyCode::IDENT_MISMATCH => Self::NOT_ALLOWED,
            _ => Self::GENERAL_FAILURE,
        }
    }
}

impl fmt::Debug for ReplyCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02x} ({self})", self.0)
    }
}

impl fmt::Display for ReplyCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::GRANTED => f.write_str("request granted"),
            Self::REJECTED => f.write_str("request rejected or failed"),
            Self::IDENT_UNREACHABLE => f.write_str("no ident server on the client"),
            Self::IDENT_MISMATCH => f.write_str("ident server names another user"),
            Self(octet) => write!(f, "unknown reply code {octet:#04x}"),
        }
    }
}
