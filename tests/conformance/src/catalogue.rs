use std::{collections::BTreeMap, path::Path};

use crate::{Error, Id, Series, error::read, level::level_and_role};

/// One requirement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requirement {
    /// `MUST*`, `MUST (send 00) / SHOULD*`.
    pub level: String,
    /// Whom it binds: `client`, `server`, `both`, `client / server`.
    pub role: String,
    /// What it says, without its sources and vectors.
    pub text: String,
}

/// All requirements of `docs/protocol`.
#[derive(Clone, Debug, Default)]
pub struct Catalogue(BTreeMap<Id, Requirement>);

impl Catalogue {
    pub(crate) fn load(directory: &Path) -> Result<Self, Error> {
        let mut catalogue = Self::default();
        for series in Series::ALL {
            let path = directory.join(series.file());
            let text = read(&path)?;
            catalogue
                .add(&text, series)
                .map_err(|error| Error::new(path.display(), error))?;
        }
        Ok(catalogue)
    }

    /// Adds the requirements of one series. Their numbers run from 1 without a gap, which shows
    /// that no paragraph was overlooked.
    fn add(&mut self, text: &str, series: Series) -> Result<(), String> {
        let mut next = 1;
        for paragraph in text.split("\n\n") {
            let paragraph = paragraph.trim().replace('\n', " ");
            let Some(rest) = paragraph.strip_prefix("**") else {
                continue;
            };
            let Some((id, rest)) = rest.split_once("** · ") else {
                continue;
            };
            let id: Id = id.parse()?;
            if id.series != series {
                continue;
            }
            if id.number != next {
                return Err(format!("{id} stands where {series}-{next} was expected"));
            }
            next += 1;
            let requirement = requirement(rest).ok_or_else(|| format!("{id} is not readable"))?;
            self.0.insert(id, requirement);
        }
        if next == 1 {
            Err(format!("no requirement of {series}"))
        } else {
            Ok(())
        }
    }

    /// In the report's order.
    pub fn iter(&self) -> impl Iterator<Item = (Id, &Requirement)> {
        self.0.iter().map(|(id, requirement)| (*id, requirement))
    }

    pub(crate) fn contains(&self, id: Id) -> bool {
        self.0.contains_key(&id)
    }
}

fn requirement(text: &str) -> Option<Requirement> {
    let (head, text) = text.split_once(" — ")?;
    let (level, role) = level_and_role(head)?;
    let text = text.split(" Source: ").next()?.trim().to_owned();
    Some(Requirement { level, role, text })
}

#[cfg(test)]
impl Catalogue {
    /// One series' worth of Markdown.
    pub(crate) fn sample(text: &str, series: Series) -> Self {
        let mut catalogue = Self::default();
        catalogue.add(text, series).unwrap();
        catalogue
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLE: &str = "# Title\n\n**Not one.** Text.\n\n**R5-1** · MUST · both — Do\nthis. \
        Source: RFC1928 §3 — here.\n\n| a | b |\n\n**S4-1** · MAY · client — Not that.\n\n\
        **R5-2** · MUST (send 00) · client / SHOULD* (ignore) · server — RSV — zero. Source: x.";

    #[test]
    fn paragraphs() {
        let catalogue = Catalogue::sample(SAMPLE, Series::R5);
        let read: Vec<_> = catalogue
            .iter()
            .map(|(id, r)| (id.to_string(), r))
            .collect();
        assert_eq!(read.len(), 2);
        assert_eq!(read[0].0, "R5-1");
        assert_eq!(read[0].1.text, "Do this.");
        assert_eq!(read[1].1.level, "MUST (send 00) / SHOULD* (ignore)");
        assert_eq!(read[1].1.role, "client / server");
        assert_eq!(read[1].1.text, "RSV — zero.");
    }

    #[test]
    fn a_gap_is_an_error() {
        let text = SAMPLE.replace("**R5-2**", "**R5-3**");
        let error = Catalogue::default().add(&text, Series::R5).unwrap_err();
        assert_eq!(error, "R5-3 stands where R5-2 was expected");
        assert!(Catalogue::default().add(SAMPLE, Series::UP).is_err());
    }
}
