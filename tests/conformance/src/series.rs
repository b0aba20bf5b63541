use std::fmt;

use serde::Deserialize;

/// A series of requirements. The order is the report's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[allow(missing_docs)]
pub enum Series {
    R5,
    UP,
    S4,
    S4A,
    SE,
    BI,
    UD,
    GS,
    CH,
    ID,
    TO,
    G,
    S6,
}

impl Series {
    /// All of them, in the report's order.
    pub const ALL: [Self; 13] = [
        Self::R5,
        Self::UP,
        Self::S4,
        Self::S4A,
        Self::SE,
        Self::BI,
        Self::UD,
        Self::GS,
        Self::CH,
        Self::ID,
        Self::TO,
        Self::G,
        Self::S6,
    ];

    /// What stands in front of the number.
    pub fn prefix(self) -> &'static str {
        match self {
            Self::R5 => "R5",
            Self::UP => "UP",
            Self::S4 => "S4",
            Self::S4A => "S4A",
            Self::SE => "SE",
            Self::BI => "BI",
            Self::UD => "UD",
            Self::GS => "GS",
            Self::CH => "CH",
            Self::ID => "ID",
            Self::TO => "TO",
            Self::G => "G",
            Self::S6 => "S6",
        }
    }

    /// What it is about.
    pub fn title(self) -> &'static str {
        match self {
            Self::R5 => "SOCKS5 core",
            Self::UP => "Username/password",
            Self::S4 => "SOCKS4",
            Self::S4A => "SOCKS4A",
            Self::SE => "Security",
            Self::BI => "BIND",
            Self::UD => "UDP ASSOCIATE",
            Self::GS => "GSSAPI",
            Self::CH => "CHAP and CRAM",
            Self::ID => "Ident lookups",
            Self::TO => "Tor's extensions",
            Self::G => "IPv6/IPv4 gateway",
            Self::S6 => "SOCKS6 draft",
        }
    }

    /// Its file in the catalogue.
    pub fn file(self) -> &'static str {
        match self {
            Self::R5 => "socks5.md",
            Self::UP => "userpass.md",
            Self::S4 | Self::S4A => "socks4.md",
            Self::SE => "security.md",
            Self::BI => "bind.md",
            Self::UD => "udp.md",
            Self::GS => "gssapi.md",
            Self::CH => "chap.md",
            Self::ID => "ident.md",
            Self::TO => "tor.md",
            Self::G => "gateway.md",
            Self::S6 => "socks6.md",
        }
    }

    /// Whether each of its requirements needs a test or a reason of its own. One reason may stand
    /// for all of another series.
    pub fn is_strict(self) -> bool {
        matches!(self, Self::R5 | Self::UP | Self::S4 | Self::S4A | Self::SE)
    }

    pub(crate) fn from_prefix(prefix: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|series| series.prefix() == prefix)
    }
}

impl fmt::Display for Series {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.prefix())
    }
}
