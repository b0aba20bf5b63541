use std::{error::Error, fmt, ops::Range};

use super::Point;

/// What is wrong with rules, or with a file of them: `FILE:LINE:COLUMN: KEY: what was expected`, as
/// far as there is a file.
#[derive(Clone, Debug)]
pub struct RuleError(Box<Mistake>);

#[derive(Clone, Debug)]
struct Mistake {
    place: Option<Place>,
    span: Option<Range<usize>>,
    rule: Option<(Point, usize)>,
    key: Option<String>,
    what: String,
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
        Self(Box::new(Mistake {
            place: None,
            span: None,
            rule: None,
            key: None,
            what: what.to_string(),
        }))
    }

    /// About a rule, the `index`th of those that were given for `point`, and its `key`.
    pub(super) fn of_rule(point: Point, index: usize, key: &str, what: impl fmt::Display) -> Self {
        let mut error = Self::new(what);
        error.0.rule = Some((point, index));
        error.0.key = Some(key.to_owned());
        error
    }

    /// The file's line, counted from 1.
    pub fn line(&self) -> Option<usize> {
        self.0.place.as_ref().map(|place| place.line)
    }

    /// The character in that line, counted from 1.
    pub fn column(&self) -> Option<usize> {
        self.0.place.as_ref().map(|place| place.column)
    }

    /// Where in the text it is, in octets.
    pub fn span(&self) -> Option<Range<usize>> {
        self.0.span.clone()
    }

    /// The key that is wrong, with the tables that it is in: `request[2].not.port` of the second
    /// rule.
    pub fn key(&self) -> Option<&str> {
        self.0.key.as_deref()
    }

    /// What is wrong with it, without the place and the key.
    pub fn what(&self) -> &str {
        &self.0.what
    }
}

#[cfg(feature = "toml")]
impl RuleError {
    pub(crate) fn at(mut self, span: Range<usize>) -> Self {
        self.0.span = Some(span);
        self
    }

    pub(crate) fn in_key(mut self, key: impl Into<String>) -> Self {
        self.0.key = Some(key.into());
        self
    }

    pub(crate) fn in_file(mut self, place: Place) -> Self {
        self.0.place = Some(place);
        self
    }

    pub(crate) fn rule(&self) -> Option<(Point, usize)> {
        self.0.rule
    }
}

impl fmt::Display for RuleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Mistake {
            place,
            span,
            rule,
            key,
            what,
        } = &*self.0;
        if let Some(Place { file, line, column }) = place {
            write!(f, "{file}:{line}:{column}: ")?;
        }
        match (key, rule) {
            // A file's keys have their rule in them.
            (Some(key), Some((point, index))) if span.is_none() => {
                write!(f, "{point}[{}].{key}: ", index + 1)?;
            }
            (Some(key), _) => write!(f, "{key}: ")?,
            (None, _) => {}
        }
        f.write_str(what)
    }
}

impl Error for RuleError {}
