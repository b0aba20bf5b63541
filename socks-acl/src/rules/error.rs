use std::{error::Error, fmt, ops::Range, sync::Arc};

use super::Point;

/// What is wrong with rules, or with a file of them: `FILE:LINE:COLUMN: KEY: what was expected`, as
/// far as there is a file.
#[derive(Clone, Debug)]
pub struct RuleError {
    pub(crate) place: Option<Place>,
    pub(crate) span: Option<Range<usize>>,
    pub(crate) rule: Option<(Point, usize)>,
    pub(crate) key: Option<String>,
    pub(crate) what: String,
    pub(crate) source: Option<Arc<dyn Error + Send + Sync>>,
}

/// Where in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) file: String,
    pub(crate) line: usize,
    pub(crate) column: usize,
}

impl RuleError {
    pub(crate) fn new(what: impl fmt::Display) -> Self {
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

    /// The key that is wrong, with the tables that it is in: `request[2].not.port` of the second
    /// rule.
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
                write!(f, "{point}[{}].{key}: ", index + 1)?;
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
