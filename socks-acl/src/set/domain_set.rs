use std::fmt;

use socks_core::Domain;

use super::{
    DomainPattern,
    domain_pattern::Kind,
    glob_list::GlobList,
    name_list::{Builder, NameList},
    normal_name::NormalName,
};

/// Names of any number of [`DomainPattern`]s.
///
/// A lookup is a binary search among those without `*` and those that begin with `*.`, which take
/// their own length and some three octets each. Of all other globs those are tried, one by one, that
/// end with a domain of the name (`ads*.example.com`) or with no whole label (`*.dev.*`), at some tens of
/// nanoseconds each; rules take [`MAX_GLOBS`](Self::MAX_GLOBS) globs at most.
///
/// ```
/// use socks_acl::{DomainPattern, DomainSet};
/// use socks_core::Domain;
///
/// let entries = ["example.com", ".example.net", "ads*.example.org"];
/// let set = entries.into_iter().map(str::parse::<DomainPattern>).collect::<Result<DomainSet, _>>()?;
/// assert!(set.contains(&Domain::try_from("www.example.net")?));
/// assert!(!set.contains(&Domain::try_from("www.example.com")?));
/// assert_eq!(format!("{set:?}"), "DomainSet { names: 2, globs: 1 }");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct DomainSet {
    names: NameList,
    globs: GlobList,
}

impl DomainSet {
    /// Most globs in a set that a rule asks.
    pub const MAX_GLOBS: usize = 10_000;

    /// Whether one of the patterns means `name`.
    pub fn contains(&self, name: &Domain) -> bool {
        let name = NormalName::new(name);
        self.globs.contains(name.as_bytes()) || self.names.contains(name.into_key().as_bytes())
    }

    /// Entries kept: patterns given, without those that others include.
    pub fn len(&self) -> usize {
        self.names.len() + self.globs()
    }

    /// Entries with a `*` other than at their beginning.
    pub fn globs(&self) -> usize {
        self.globs.len()
    }

    /// Whether it means no name.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Octets on the heap.
    pub fn memory(&self) -> usize {
        self.names.memory() + self.globs.memory()
    }
}

impl FromIterator<DomainPattern> for DomainSet {
    fn from_iter<I: IntoIterator<Item = DomainPattern>>(patterns: I) -> Self {
        let mut names = Builder::default();
        let mut globs = Vec::new();
        for DomainPattern(kind) in patterns {
            match kind {
                Kind::Glob(glob) => globs.push(glob),
                Kind::Name {
                    name,
                    itself,
                    below,
                } => names.push(&name, itself, below),
            }
        }
        Self {
            names: names.build(),
            globs: globs.into_iter().collect(),
        }
    }
}

impl fmt::Debug for DomainSet {
    /// How many entries, not which.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DomainSet")
            .field("names", &self.names.len())
            .field("globs", &self.globs.len())
            .finish()
    }
}
