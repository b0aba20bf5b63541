use std::collections::HashMap;

use super::glob::Glob;

/// Globs by the domain that each ends with, of which a name has as many as labels: so what is tried for a name are
/// those of its own domains, and those that end with none (`ads*`, `*.dev.*`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct GlobList {
    by_domain: HashMap<Box<[u8]>, Vec<Glob>>,
    len: usize,
}

impl GlobList {
    /// Whether one of the globs matches `name`, which is normal.
    pub(super) fn contains(&self, name: &[u8]) -> bool {
        if self.len == 0 {
            return false;
        }
        let labels = name.iter().enumerate().filter(|(_, octet)| **octet == b'.');
        let domains = labels.filter_map(|(dot, _)| name.get(dot + 1..));
        domains.chain([&b""[..]]).any(|domain| {
            let globs = self.by_domain.get(domain);
            globs.is_some_and(|globs| globs.iter().any(|glob| glob.matches(name)))
        })
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Octets on the heap; of the table those that are in use.
    pub(super) fn memory(&self) -> usize {
        let lists = self.by_domain.iter().map(|(domain, globs)| {
            let texts = globs.iter().map(Glob::memory).sum::<usize>();
            size_of_val(&**globs) + texts + domain.len()
        });
        let entry = size_of::<(Box<[u8]>, Vec<Glob>)>() + 1;
        self.by_domain.capacity() * entry + lists.sum::<usize>()
    }
}

impl FromIterator<Glob> for GlobList {
    fn from_iter<I: IntoIterator<Item = Glob>>(globs: I) -> Self {
        let mut list = Self::default();
        for glob in globs {
            let domain = glob.domain().as_bytes().into();
            list.by_domain.entry(domain).or_default().push(glob);
        }
        for globs in list.by_domain.values_mut() {
            globs.sort_unstable();
            globs.dedup();
            globs.shrink_to_fit();
            list.len += globs.len();
        }
        list
    }
}
