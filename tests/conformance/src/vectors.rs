//! The byte vectors, which the tests of `socks-core` drive through its decoders.

use std::{collections::BTreeMap, path::Path};

use serde::Deserialize;

use crate::{Error, Id, error::read};

/// Vectors of these kinds are not driven: SOCKS6 is not implemented.
const NOT_DRIVEN: &str = "socks6_";

/// How many driven vectors illustrate a requirement.
#[derive(Clone, Debug, Default)]
pub struct Vectors(BTreeMap<Id, usize>);

#[derive(Deserialize)]
struct Vector {
    req: Id,
    kind: String,
}

impl Vectors {
    pub(crate) fn load(path: &Path) -> Result<Self, Error> {
        Self::parse(&read(path)?).map_err(|error| Error::new(path.display(), error))
    }

    fn parse(text: &str) -> Result<Self, serde_json::Error> {
        let vectors: Vec<Vector> = serde_json::from_str(text)?;
        let mut counts = BTreeMap::new();
        for vector in vectors
            .iter()
            .filter(|vector| !vector.kind.starts_with(NOT_DRIVEN))
        {
            *counts.entry(vector.req).or_default() += 1;
        }
        Ok(Self(counts))
    }

    /// The number of vectors of one requirement.
    pub fn of(&self, id: Id) -> usize {
        self.0.get(&id).copied().unwrap_or_default()
    }

    /// The ids that vectors name.
    pub fn ids(&self) -> impl Iterator<Item = Id> {
        self.0.keys().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_of_socks6_do_not_count() {
        let vectors = Vectors::parse(
            r#"[{"req": "R5-4", "kind": "request", "hex": ""}, {"req": "R5-4", "kind": "reply"},
                {"req": "R5-5", "kind": "socks6_request"}]"#,
        )
        .unwrap();
        assert_eq!(vectors.of("R5-4".parse().unwrap()), 2);
        assert_eq!(vectors.of("R5-5".parse().unwrap()), 0);
        assert!(Vectors::parse(r#"[{"req": "R5", "kind": "reply"}]"#).is_err());
    }
}
