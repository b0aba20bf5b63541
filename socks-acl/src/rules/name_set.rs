use std::{collections::HashSet, fmt};

use socks_core::Escaped;

/// Names of users, groups, listeners or limits. Compared octet by octet, like the names of users
/// themselves.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct NameSet(HashSet<Box<[u8]>>);

impl NameSet {
    /// Whether `name` is one of them.
    pub fn contains(&self, name: impl AsRef<[u8]>) -> bool {
        self.0.contains(name.as_ref())
    }

    /// The names, in no order.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        self.0.iter().map(|name| &**name)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<N: AsRef<[u8]>> FromIterator<N> for NameSet {
    fn from_iter<I: IntoIterator<Item = N>>(names: I) -> Self {
        Self(names.into_iter().map(|name| name.as_ref().into()).collect())
    }
}

impl fmt::Debug for NameSet {
    /// The names of a small set, and how many of a large one.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.len() {
            0..=16 => {
                let mut names: Vec<_> = self.0.iter().map(|name| Escaped(name)).collect();
                names.sort_by_key(|name| name.0);
                f.debug_set().entries(names).finish()
            }
            len => write!(f, "NameSet({len})"),
        }
    }
}
