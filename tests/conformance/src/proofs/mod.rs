//! The tests of the workspace and the requirements that they cite.

mod crate_name;
mod module;
mod scan;
mod walk;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use crate::{Error, Id, error::read};

/// Which tests cite a requirement.
#[derive(Clone, Debug, Default)]
pub struct Proofs(BTreeMap<Id, BTreeSet<String>>);

impl Proofs {
    pub(crate) fn load(root: &Path) -> Result<Self, Error> {
        let mut proofs = Self::default();
        for package in crate_name::packages(root)? {
            for file in walk::rust_files(&package.root)? {
                let text = read(&file)?;
                let path = file.strip_prefix(&package.root).unwrap_or(&file);
                let tests = scan::tests(&text, &module::path(&package.name, path));
                let tests = tests.map_err(|error| Error::new(file.display(), error))?;
                proofs.add(tests);
            }
        }
        Ok(proofs)
    }

    fn add(&mut self, tests: Vec<scan::Test>) {
        for test in tests {
            for id in test.ids {
                self.0.entry(id).or_default().insert(test.name.clone());
            }
        }
    }

    /// The tests of one requirement, sorted by name.
    pub fn of(&self, id: Id) -> impl ExactSizeIterator<Item = &str> {
        self.0
            .get(&id)
            .map(BTreeSet::iter)
            .unwrap_or_default()
            .map(String::as_str)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (Id, &BTreeSet<String>)> {
        self.0.iter().map(|(id, tests)| (*id, tests))
    }

    #[cfg(test)]
    pub(crate) fn sample(tests: &[(&str, &str)]) -> Self {
        let mut proofs = Self::default();
        for (name, ids) in tests {
            let ids = crate::citation::in_text(ids);
            proofs.add(vec![scan::Test {
                name: (*name).to_owned(),
                ids,
            }]);
        }
        proofs
    }
}
