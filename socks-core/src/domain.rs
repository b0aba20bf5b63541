use core::{fmt, net::IpAddr};

use alloc::{string::String, sync::Arc};

use crate::{Escaped, LengthError, NameError};

/// A domain name as SOCKS frames it: 1 to 255 octets of no declared character set (RFC 1928 §5).
///
/// The octets are what a client sent and nothing more is promised about them. Before a name is
/// resolved, matched or written into another protocol it goes through
/// [`canonical`](Self::canonical), which the server handshake does for every request.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Domain(Arc<[u8]>);

/// What a domain field names once it was validated.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Host {
    /// The field held an address literal, which is handled like ATYP 01 or 04 (`R5-36`).
    Ip(IpAddr),
    /// A host name in its canonical form.
    Domain(Domain),
}

impl Domain {
    /// Most octets that the length field can express.
    pub const MAX: usize = 255;

    /// # Errors
    ///
    /// If `octets` is empty or longer than 255.
    pub fn new(octets: &[u8]) -> Result<Self, LengthError> {
        LengthError::check(octets.len(), 1, Self::MAX)?;
        Ok(Self(octets.into()))
    }

    /// The octets as they stand on the wire.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The name as text, if it is UTF-8. Always `Some` for a canonical name.
    pub fn as_str(&self) -> Option<&str> {
        core::str::from_utf8(&self.0).ok()
    }

    /// Validates the name and brings it into the one form that rules, resolvers and logs see:
    /// lower case, without the trailing dot, an address literal as an address
    /// (`R5-33`…`R5-38`, `SE-39`…`SE-42`).
    ///
    /// # Errors
    ///
    /// Says which rule the name breaks; a server answers each with `01`, general failure.
    pub fn canonical(&self) -> Result<Host, NameError> {
        let text = self.as_str().ok_or(NameError::NonAscii)?;
        if text.contains('\0') {
            return Err(NameError::Nul);
        }
        if let Some(ip) = literal(text) {
            return Ok(Host::Ip(ip.to_canonical()));
        }
        let name = text.strip_suffix('.').unwrap_or(text);
        if name.len() > 253 {
            return Err(NameError::TooLong);
        }
        for label in name.split('.') {
            check_label(label)?;
        }
        // What ends in a number is an address in some old notation, never a host name: `127.1`,
        // `0x7f000001`, `2130706433`. A resolver might still read it as one (`R5-36`).
        if name.rsplit('.').next().is_some_and(is_number) {
            return Err(NameError::LegacyAddress);
        }
        let canonical: String = name.to_ascii_lowercase();
        Ok(Host::Domain(Self(canonical.into_bytes().into())))
    }
}

fn literal(text: &str) -> Option<IpAddr> {
    match text.strip_prefix('[').and_then(|t| t.strip_suffix(']')) {
        Some(bracketed) => bracketed.parse().ok().map(IpAddr::V6),
        None => text.parse().ok(),
    }
}

fn check_label(label: &str) -> Result<(), NameError> {
    match label.len() {
        0 => return Err(NameError::EmptyLabel),
        1..=63 => {}
        _ => return Err(NameError::TooLong),
    }
    for octet in label.bytes() {
        match octet {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' => {}
            0x80.. => return Err(NameError::NonAscii),
            _ => return Err(NameError::BadOctet(octet)),
        }
    }
    Ok(())
}

fn is_number(label: &str) -> bool {
    let hex = label
        .strip_prefix("0x")
        .or_else(|| label.strip_prefix("0X"));
    match hex {
        Some(digits) => digits.bytes().all(|octet| octet.is_ascii_hexdigit()),
        None => label.bytes().all(|octet| octet.is_ascii_digit()),
    }
}

impl fmt::Display for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Escaped(&self.0).fmt(f)
    }
}

impl fmt::Debug for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&Escaped(&self.0), f)
    }
}

impl TryFrom<&str> for Domain {
    type Error = LengthError;

    fn try_from(text: &str) -> Result<Self, Self::Error> {
        Self::new(text.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::{format, string::ToString};

    fn canonical(text: &str) -> Result<Host, NameError> {
        Domain::try_from(text).unwrap().canonical()
    }

    fn name(text: &str) -> Host {
        Host::Domain(Domain::try_from(text).unwrap())
    }

    /// R5-37, SE-41: one form for rules, whatever the case and the trailing dot.
    #[test]
    fn case_and_trailing_dot_do_not_matter() {
        assert_eq!(canonical("Example.COM."), Ok(name("example.com")));
        assert_eq!(
            canonical("_srv.xn--bcher-kva.example"),
            Ok(name("_srv.xn--bcher-kva.example"))
        );
        assert_eq!(canonical("example.com.."), Err(NameError::EmptyLabel));
        assert_eq!(canonical("."), Err(NameError::EmptyLabel));
    }

    /// R5-36: a literal in a name is handled like an address, mapped forms included.
    #[test]
    fn literals_become_addresses() {
        for (text, ip) in [
            ("127.0.0.1", "127.0.0.1"),
            ("::1", "::1"),
            ("[2001:db8::1]", "2001:db8::1"),
            ("[::ffff:10.0.0.1]", "10.0.0.1"),
        ] {
            assert_eq!(canonical(text), Ok(Host::Ip(ip.parse().unwrap())), "{text}");
        }
    }

    /// R5-36: number forms that only old resolvers accept are refused.
    #[test]
    fn legacy_numbers_are_refused() {
        for text in [
            "2130706433",
            "0x7f.1",
            "0177.0.0.1",
            "127.1",
            "0x7f000001",
            "1.2.3.4.5",
            "256.1.1.1",
            "127.0.0.1.",
            "0x",
        ] {
            assert_eq!(canonical(text), Err(NameError::LegacyAddress), "{text}");
        }
        assert_eq!(canonical("[127.0.0.1]"), Err(NameError::BadOctet(b'[')));
    }

    /// R5-33, R5-34, R5-35, R5-38, SE-39, SE-40, SE-42: what a host name cannot contain.
    #[test]
    fn bad_octets_are_refused() {
        assert_eq!(canonical("exa\0mple.com"), Err(NameError::Nul));
        assert_eq!(canonical("b\u{fc}cher.example"), Err(NameError::NonAscii));
        assert_eq!(
            Domain::new(b"b\xfccher").unwrap().canonical(),
            Err(NameError::NonAscii)
        );
        assert_eq!(canonical("a b"), Err(NameError::BadOctet(b' ')));
        assert_eq!(canonical("a\r\nb"), Err(NameError::BadOctet(b'\r')));
        assert_eq!(canonical("fe80::1%eth0"), Err(NameError::BadOctet(b':')));
        assert_eq!(canonical(&"a".repeat(64)), Err(NameError::TooLong));
        let long = format!("{0}.{0}.{0}.{0}", "a".repeat(63));
        assert_eq!(canonical(&long), Err(NameError::TooLong));
        assert!(canonical(&long[2..]).is_ok());
    }

    /// R5-33: framing takes 1 to 255 octets, and display is escaped.
    #[test]
    fn length_and_display() {
        assert!(Domain::new(b"").is_err());
        assert!(Domain::new(&[b'a'; 256]).is_err());
        assert_eq!(Domain::new(b"a\nb").unwrap().to_string(), "a\\nb");
    }
}
