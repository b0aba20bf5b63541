use std::{fmt, ops::RangeInclusive, str::FromStr};

use super::{EntryError, entry_error::Expected};

/// One port, `443`, or a range of them with both ends inside, `8000-8099`; 0 to 65535.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PortRange {
    pub(super) first: u16,
    pub(super) last: u16,
}

impl PortRange {
    /// Whether `port` is inside.
    pub const fn contains(self, port: u16) -> bool {
        self.first <= port && port <= self.last
    }
}

impl From<u16> for PortRange {
    fn from(port: u16) -> Self {
        Self {
            first: port,
            last: port,
        }
    }
}

impl From<RangeInclusive<u16>> for PortRange {
    /// One whose end is before its start has no port in it.
    fn from(range: RangeInclusive<u16>) -> Self {
        Self {
            first: *range.start(),
            last: *range.end(),
        }
    }
}

impl FromStr for PortRange {
    type Err = EntryError;

    /// # Errors
    ///
    /// If `text` is neither a port nor two of them in ascending order with a hyphen between.
    fn from_str(text: &str) -> Result<Self, EntryError> {
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        let range = port(first).zip(port(last));
        let range = range.filter(|(first, last)| first <= last);
        range
            .map(|(first, last)| Self { first, last })
            .ok_or_else(|| EntryError::new(text, Expected::PortRange))
    }
}

/// `u16::from_str` takes a sign.
fn port(text: &str) -> Option<u16> {
    let text = text.trim_ascii();
    let digits = text.bytes().all(|octet| octet.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

impl fmt::Display for PortRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.first == self.last {
            true => write!(f, "{}", self.first),
            false => write!(f, "{}-{}", self.first, self.last),
        }
    }
}
