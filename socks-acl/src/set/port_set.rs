use std::fmt;

use super::{PortRange, ranges::Ranges};

/// Ports of any number of ranges.
///
/// ```
/// use socks_acl::{PortRange, PortSet};
///
/// let ports = ["80", "443", "8000-8099"].map(str::parse::<PortRange>);
/// let web = ports.into_iter().collect::<Result<PortSet, _>>()?;
/// assert!(web.contains(8080) && !web.contains(8100));
/// # Ok::<(), socks_acl::EntryError>(())
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct PortSet(Ranges<u16>);

impl PortSet {
    /// Whether `port` is in one of the ranges.
    pub fn contains(&self, port: u16) -> bool {
        self.0.contains(port)
    }

    /// Disjoint ranges that the ports come to.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether it has no port.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Octets on the heap.
    pub fn memory(&self) -> usize {
        self.0.memory()
    }

    fn iter(&self) -> impl Iterator<Item = PortRange> + '_ {
        self.0.iter().map(|(first, last)| PortRange { first, last })
    }
}

impl FromIterator<PortRange> for PortSet {
    fn from_iter<I: IntoIterator<Item = PortRange>>(ranges: I) -> Self {
        let ranges = ranges.into_iter().map(|range| (range.first, range.last));
        Self(Ranges::new(ranges.collect()))
    }
}

impl FromIterator<u16> for PortSet {
    fn from_iter<I: IntoIterator<Item = u16>>(ports: I) -> Self {
        ports.into_iter().map(PortRange::from).collect()
    }
}

impl fmt::Display for PortSet {
    /// `80, 443, 8000-8099`; the first 16 ranges, and how many more.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 16;
        for (index, range) in self.iter().take(SHOWN).enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            write!(f, "{comma}{range}")?;
        }
        match self.len().checked_sub(SHOWN) {
            None | Some(0) => Ok(()),
            Some(more) => write!(f, ", and {more} more"),
        }
    }
}

impl fmt::Debug for PortSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PortSet({self})")
    }
}
