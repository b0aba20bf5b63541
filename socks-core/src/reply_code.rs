use core::fmt;

/// REP of a SOCKS5 reply (RFC 1928 §6, `R5-42`), the project's one vocabulary for how a request
/// ended. SOCKS4 has fewer codes; [`v4::ReplyCode`](crate::v4::ReplyCode) converts.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ReplyCode(pub u8);

impl ReplyCode {
    /// 00: succeeded.
    pub const SUCCEEDED: Self = Self(0x00);
    /// 01: general SOCKS server failure.
    pub const GENERAL_FAILURE: Self = Self(0x01);
    /// 02: connection not allowed by ruleset.
    pub const NOT_ALLOWED: Self = Self(0x02);
    /// 03: network unreachable.
    pub const NETWORK_UNREACHABLE: Self = Self(0x03);
    /// 04: host unreachable, which includes names that do not resolve (`R5-67`).
    pub const HOST_UNREACHABLE: Self = Self(0x04);
    /// 05: connection refused.
    pub const CONNECTION_REFUSED: Self = Self(0x05);
    /// 06: TTL expired, which includes timeouts (`R5-67`).
    pub const TTL_EXPIRED: Self = Self(0x06);
    /// 07: command not supported.
    pub const COMMAND_NOT_SUPPORTED: Self = Self(0x07);
    /// 08: address type not supported.
    pub const ADDRESS_TYPE_NOT_SUPPORTED: Self = Self(0x08);

    /// F0: onion service descriptor not found (Tor proposal 304, as the rest to F7; `TO-14`).
    pub const ONION_DESCRIPTOR_NOT_FOUND: Self = Self(0xf0);
    /// F1: onion service descriptor invalid.
    pub const ONION_DESCRIPTOR_INVALID: Self = Self(0xf1);
    /// F2: onion service introduction failed.
    pub const ONION_INTRODUCTION_FAILED: Self = Self(0xf2);
    /// F3: onion service rendezvous failed.
    pub const ONION_RENDEZVOUS_FAILED: Self = Self(0xf3);
    /// F4: onion service client authorization missing.
    pub const ONION_AUTHORIZATION_MISSING: Self = Self(0xf4);
    /// F5: onion service client authorization wrong.
    pub const ONION_AUTHORIZATION_WRONG: Self = Self(0xf5);
    /// F6: onion address invalid.
    pub const ONION_ADDRESS_INVALID: Self = Self(0xf6);
    /// F7: onion service introduction timed out on every attempt.
    pub const ONION_INTRODUCTION_TIMED_OUT: Self = Self(0xf7);

    /// Only 00 is success; an unassigned code is a failure (`R5-48`).
    pub const fn is_success(self) -> bool {
        self.0 == Self::SUCCEEDED.0
    }

    /// The standards' wording, if the code is assigned.
    pub const fn name(self) -> Option<&'static str> {
        Some(match self {
            Self::SUCCEEDED => "succeeded",
            Self::GENERAL_FAILURE => "general SOCKS server failure",
            Self::NOT_ALLOWED => "connection not allowed by ruleset",
            Self::NETWORK_UNREACHABLE => "network unreachable",
            Self::HOST_UNREACHABLE => "host unreachable",
            Self::CONNECTION_REFUSED => "connection refused",
            Self::TTL_EXPIRED => "TTL expired",
            Self::COMMAND_NOT_SUPPORTED => "command not supported",
            Self::ADDRESS_TYPE_NOT_SUPPORTED => "address type not supported",
            Self::ONION_DESCRIPTOR_NOT_FOUND => "onion service descriptor not found",
            Self::ONION_DESCRIPTOR_INVALID => "onion service descriptor invalid",
            Self::ONION_INTRODUCTION_FAILED => "onion service introduction failed",
            Self::ONION_RENDEZVOUS_FAILED => "onion service rendezvous failed",
            Self::ONION_AUTHORIZATION_MISSING => "onion service authorization missing",
            Self::ONION_AUTHORIZATION_WRONG => "onion service authorization wrong",
            Self::ONION_ADDRESS_INVALID => "onion service address invalid",
            Self::ONION_INTRODUCTION_TIMED_OUT => "onion service introduction timed out",
            _ => return None,
        })
    }
}

impl fmt::Display for ReplyCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "unassigned reply code {:#04x}", self.0),
        }
    }
}

impl fmt::Debug for ReplyCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02x} ({self})", self.0)
    }
}
