use std::{fmt, str::FromStr};

use socks_core::{Domain, Host, NameError};

use super::{
    EntryError,
    entry_error::Expected,
    glob::Glob,
    name_list::{Below, Itself},
    normal_name::NormalName,
};

/// Which names an entry of a list of names means.
///
/// | entry | names |
/// |---|---|
/// | `example.com` | that one |
/// | `.example.com` | `example.com` and every name below it, however deep |
/// | `*.example.com` | every name below `example.com`, however deep, and not that one |
/// | `ads*.example.com`, `*.dev.*`, `*` | `*` stands for any octets or none, dots too |
///
/// Case and one trailing dot do not matter (`R5-37`), and without a `*` names are compared on the
/// boundaries of labels: `.example.com` is not `badexample.com` (`SE-41`). `.example.com` is read
/// as Dante and Squid read it. International names are written as A-labels (`xn--…`), the form in
/// which they arrive.
///
/// ```
/// use socks_acl::DomainPattern;
/// use socks_core::Domain;
///
/// let below: DomainPattern = ".example.com".parse()?;
/// assert!(below.matches(&Domain::try_from("example.com")?));
/// assert!(below.matches(&Domain::try_from("a.b.EXAMPLE.com.")?));
/// assert!(!below.matches(&Domain::try_from("badexample.com")?));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DomainPattern(pub(super) Kind);

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    Name {
        name: Box<str>,
        itself: Itself,
        below: Below,
    },
    Glob(Glob),
}

impl DomainPattern {
    /// Whether `name` is one of those meant. Takes time in the order of its length.
    pub fn matches(&self, name: &Domain) -> bool {
        self.matches_normal(NormalName::new(name).as_bytes())
    }

    pub(super) fn matches_normal(&self, name: &[u8]) -> bool {
        match &self.0 {
            Kind::Glob(glob) => glob.matches(name),
            Kind::Name {
                name: stem,
                itself,
                below,
            } => match name.strip_suffix(stem.as_bytes()) {
                Some([]) => itself.0,
                Some([.., b'.']) => below.0,
                _ => false,
            },
        }
    }
}

impl FromStr for DomainPattern {
    type Err = EntryError;

    /// # Errors
    ///
    /// If `text` is no host name, or one that the server would refuse as such (`R5-35`, `R5-36`).
    /// An address is an error too, since no name is ever equal to it.
    fn from_str(text: &str) -> Result<Self, EntryError> {
        let expected = |expected| EntryError::new(text, expected);
        let (rest, itself, below) = match text.strip_prefix("*.") {
            Some(rest) => (rest, false, true),
            None => match text.strip_prefix('.') {
                Some(rest) => (rest, true, true),
                None => (text, true, false),
            },
        };
        // A glob inside a suffix, `.*.example.com`, would be a second way to write one.
        if rest.contains('*') {
            return Glob::new(text)
                .map(|glob| Self(Kind::Glob(glob)))
                .map_err(expected);
        }
        let name = name(rest).map_err(expected)?;
        let (itself, below) = (Itself(itself), Below(below));
        Ok(Self(Kind::Name {
            name,
            itself,
            below,
        }))
    }
}

fn name(text: &str) -> Result<Box<str>, Expected> {
    let domain = Domain::try_from(text).map_err(|_| {
        Expected::Domain(match text.is_empty() {
            true => NameError::EmptyLabel,
            false => NameError::TooLong,
        })
    })?;
    match domain.canonical().map_err(Expected::Domain)? {
        Host::Ip(_) => Err(Expected::NotAddress),
        Host::Domain(name) => Ok(name.as_str().unwrap_or_default().into()),
    }
}

impl fmt::Display for DomainPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Glob(glob) => glob.fmt(f),
            Kind::Name {
                name,
                itself,
                below,
            } => {
                let prefix = match (itself.0, below.0) {
                    (false, _) => "*.",
                    (true, true) => ".",
                    (true, false) => "",
                };
                write!(f, "{prefix}{name}")
            }
        }
    }
}
