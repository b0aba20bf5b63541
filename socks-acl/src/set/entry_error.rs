use std::{error::Error, fmt};

use ipnet::IpNet;
use socks_core::{Escaped, NameError};

/// An entry of a list or a file is not what belongs there. It shows what was expected and what was
/// found, the latter escaped and cut to 256 octets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntryError {
    found: Box<str>,
    expected: Expected,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Expected {
    Network,
    Prefix(IpNet),
    PortRange,
    Domain(NameError),
    NotAddress,
    TimeWindow(&'static str),
}

impl EntryError {
    pub(super) fn new(found: &str, expected: Expected) -> Self {
        Self {
            found: found.into(),
            expected,
        }
    }
}

impl fmt::Display for EntryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("expected ")?;
        match &self.expected {
            Expected::Network => f.write_str("an address or a network such as 192.0.2.0/24")?,
            Expected::Prefix(network) => {
                write!(f, "a network without host bits, such as {network}")?;
            }
            Expected::PortRange => f.write_str("a port or a range such as 8000-8099")?,
            Expected::Domain(error) => write!(
                f,
                "a name such as example.com, .example.com or *.example.com ({error})"
            )?,
            Expected::NotAddress => {
                f.write_str("a name, and addresses and networks where those belong")?;
            }
            Expected::TimeWindow(what) => f.write_str(what)?,
        }
        write!(f, ", found {:?}", Escaped(self.found.as_bytes()))
    }
}

impl Error for EntryError {}
