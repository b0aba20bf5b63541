use std::{error::Error, fmt, ops::Range, sync::Arc};

use super::Point;

/// What is wrong with rules, or with a file of them: `FILE:LINE:COLUMN: KEY: what was expected`, as
/// far as there is a file.
#[derive(Clone, Debug)]
pub struct RuleError {
    pub(super) place: Option<Place>,
    pub(super) span: Option<Range<usize>>,
    pub(super) rule: Option<(Point, usize)>,
    pub(super) key: Option<String>,
    pub(super) what: String,
    pub(super) source: Option<Arc<dyn Error + Send + Sync>>,
}

/// Where in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) file: String,
    pub(super) line: usize,
    pub(super) column: usize,
}

impl RuleError {
    pub(super) fn new(what: impl fmt::Display) -> Self {
        Self {
            place: None,
            span: None,
            rule: None,
            key: None,
            what: what.to_string(),
            source: None,
        }
    }

    /// About a rule, the `index`th of those that were given for `point`, and its `key`.
    pub(super) fn of_rule(point: Point, index: usize, key: &str, what: impl fmt::Display) -> Self {
        Self {
            rule: Some((point, index)),
            key: Some(key.to_owned()),
            ..Self::new(what)
        }
    }

    /// The file's line, counted from 1.
    pub fn line(&self) -> Option<usize> {
        self.place.as_ref().map(|place| place.line)
    }

    /// The character in that line, counted from 1.
    pub fn column(&self) -> Option<usize> {
        self.place.as_ref().map(|place| place.column)
    }

    /// Where in the text it is, in octets.
    pub fn span(&self) -> Option<Range<usize>> {
        self.span.clone()
    }

    /// The key that is wrong, with the tables that it is in: `request[2].not.port`.
    pub fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }

    /// What is wrong with it, without the place and the key.
    pub fn what(&self) -> &str {
        &self.what
    }
}

impl fmt::Display for RuleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(Place { file, line, column }) = &self.place {
            write!(f, "{file}:{line}:{column}: ")?;
        }
        match (&self.key, self.rule) {
            // A file's keys have their rule in them.
            (Some(key), Some((point, index))) if self.span.is_none() => {
                write!(f, "{point}[{index}].{key}: ")?;
            }
            (Some(key), _) => write!(f, "{key}: ")?,
            (None, _) => {}
        }
        f.write_str(&self.what)
    }
}

impl Error for RuleError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_ref().map(|source| &**source as _)
    }
}
