use std::fmt;

use memchr::memmem;
use socks_core::NameError;

use super::entry_error::Expected;

/// Most octets of a name (RFC 1035 §2.3.4, without the dot at its end).
const MAX_NAME: usize = 253;
const MAX_LABEL: usize = 63;

/// A name in which `*` stands for any octets or none, in lower case.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Glob(Box<str>);

impl Glob {
    /// `text` has a `*` in it.
    pub(super) fn new(text: &str) -> Result<Self, Expected> {
        let text = text.strip_suffix('.').unwrap_or(text);
        check(text).map_err(Expected::Domain)?;
        // It may be meant for addresses, `10.*`, which are never compared with names.
        let number = |octet| matches!(octet, b'0'..=b'9' | b'.' | b'*');
        let star = |octet| matches!(octet, b'.' | b'*');
        if text.bytes().all(number) && !text.bytes().all(star) {
            return Err(Expected::NotAddress);
        }
        Ok(Self(text.to_ascii_lowercase().into()))
    }

    /// Whether `name`, which is normal, matches.
    pub(super) fn matches(&self, name: &[u8]) -> bool {
        matches(&self.0, name)
    }

    /// The whole labels behind the last `*`: every name that matches is below this domain, which may be
    /// empty.
    pub(super) fn domain(&self) -> &str {
        let tail = self.0.rsplit('*').next().unwrap_or_default();
        tail.split_once('.').map_or("", |(_, domain)| domain)
    }

    pub(super) fn memory(&self) -> usize {
        self.0.len()
    }
}

/// Whether the whole of `text` is what `pattern` says, octet by octet. Each piece between two `*` is looked
/// for once, behind the one before, by a search that is linear: a hostile text costs no more than its
/// length.
pub(crate) fn matches(pattern: &str, text: &[u8]) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else {
        return pattern.as_bytes() == text;
    };
    let (middle, last) = rest.rsplit_once('*').unwrap_or(("", rest));
    // The ends first: most texts fail there, at the cost of a comparison.
    let inner = text.strip_suffix(last.as_bytes());
    let Some(mut inner) = inner.and_then(|inner| inner.strip_prefix(first.as_bytes())) else {
        return false;
    };
    middle.split('*').all(|piece| {
        let found = memmem::find(inner, piece.as_bytes());
        let rest = found.and_then(|at| inner.get(at + piece.len()..));
        rest.inspect(|rest| inner = rest).is_some()
    })
}

fn check(text: &str) -> Result<(), NameError> {
    if text.len() > MAX_NAME {
        return Err(NameError::TooLong);
    }
    for label in text.split('.') {
        if label.is_empty() {
            return Err(NameError::EmptyLabel);
        }
        if label.bytes().filter(|octet| *octet != b'*').count() > MAX_LABEL {
            return Err(NameError::TooLong);
        }
        for octet in label.bytes() {
            match octet {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'*' => {}
                0 => return Err(NameError::Nul),
                0x80.. => return Err(NameError::NonAscii),
                _ => return Err(NameError::BadOctet(octet)),
            }
        }
    }
    Ok(())
}

impl fmt::Display for Glob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
