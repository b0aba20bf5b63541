/// Which protocol a connection opens with, judged by its first octet alone (`R5-5`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FirstOctet {
    /// 04.
    Socks4,
    /// 05.
    Socks5,
    /// `G`, `H`, `P` or `C`: GET, HEAD, POST, PUT, PATCH, CONNECT of an HTTP client, which may get
    /// a hint that this is no HTTP proxy (`TO-16`); without that option it is closed like the rest.
    Http,
    /// Anything else, 06 (SOCKS6) and 16 (TLS) included: the connection is closed without a word.
    Unknown(u8),
}

impl FirstOctet {
    /// Every octet has an answer; the octet stays in the buffer, since it is the version field of
    /// the message that follows.
    pub const fn detect(octet: u8) -> Self {
        match octet {
            crate::v4::VERSION => Self::Socks4,
            crate::v5::VERSION => Self::Socks5,
            b'G' | b'H' | b'P' | b'C' => Self::Http,
            octet => Self::Unknown(octet),
        }
    }
}
