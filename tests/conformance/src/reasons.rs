use std::{collections::BTreeMap, fmt, path::Path};

use serde::Deserialize;

use crate::{Error, Id, Series, error::read};

/// `docs/conformance.toml`: what the tests do not prove, and why.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Reasons {
    /// For all of a series that is not said otherwise.
    #[serde(default)]
    pub series: BTreeMap<Series, Entry>,
    /// By requirement.
    #[serde(flatten)]
    pub entries: BTreeMap<Id, Entry>,
}

/// What is said of a requirement, or of a series.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// None for one that is proved and only needs a note.
    pub status: Option<Status>,
    /// Why it has this status.
    #[serde(default)]
    pub reason: String,
    /// A remark, whatever the status.
    #[serde(default)]
    pub note: String,
}

/// Where a requirement stands if tests do not simply prove it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
pub enum Status {
    /// Tests prove a part of it; the reason says what is missing.
    #[serde(rename = "partly")]
    Partly,
    /// The project deliberately does something else, tested or not.
    #[serde(rename = "by design")]
    ByDesign,
    /// Missing, and planned.
    #[serde(rename = "not yet")]
    NotYet,
    /// Missing, and it stays so: an option that is not offered.
    #[serde(rename = "not planned")]
    NotPlanned,
    /// Nothing that code could do or a test could show.
    #[serde(rename = "not applicable")]
    NotApplicable,
}

impl Reasons {
    pub(crate) fn load(path: &Path) -> Result<Self, Error> {
        toml::from_str(&read(path)?).map_err(|error| Error::new(path.display(), error))
    }

    /// What is said of one requirement: of itself or of its series.
    pub fn of(&self, id: Id) -> Option<&Entry> {
        self.entries
            .get(&id)
            .or_else(|| self.series.get(&id.series))
    }
}

impl Entry {
    /// Reason and note in one.
    pub(crate) fn remark(&self) -> String {
        let texts = [&self.reason, &self.note];
        let texts: Vec<&str> = texts.into_iter().map(|text| text.trim()).collect();
        texts.join(" ").trim().to_owned()
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Partly => "partly",
            Self::ByDesign => "by design",
            Self::NotYet => "not yet",
            Self::NotPlanned => "not planned",
            Self::NotApplicable => "not applicable",
        })
    }
}

#[cfg(test)]
impl Reasons {
    pub(crate) fn sample(text: &str) -> Self {
        toml::from_str(text).unwrap()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_and_defaults() {
        let reasons = Reasons::sample(
            "[series.GS]\nstatus = \"not yet\"\nreason = \"a\"\n\
             [GS-3]\nnote = \"b\"\n\
             [R5-63]\nstatus = \"by design\"\nreason = \"c\"\nnote = \"d\"",
        );
        let status = |id: &str| reasons.of(id.parse().unwrap()).map(|entry| entry.status);
        assert_eq!(status("GS-1"), Some(Some(Status::NotYet)));
        assert_eq!(status("GS-3"), Some(None));
        assert_eq!(status("R5-63"), Some(Some(Status::ByDesign)));
        assert_eq!(status("R5-1"), None);
        assert_eq!(
            reasons.of("R5-63".parse().unwrap()).unwrap().remark(),
            "c d"
        );
    }

    #[test]
    fn mistakes() {
        for text in [
            "[R5]\nnote = \"a\"",
            "[R5-1]\nstatus = \"later\"",
            "[R5-1]\nremark = \"a\"",
        ] {
            assert!(toml::from_str::<Reasons>(text).is_err(), "{text}");
        }
    }
}
