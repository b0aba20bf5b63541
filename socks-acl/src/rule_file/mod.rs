//! Rules as a TOML file.

mod conditions;
mod node;
mod rule_table;
mod safe_default;
mod sets;
mod source;
mod value;

#[cfg(test)]
mod tests;

use std::{
    fmt,
    fs::{self, File},
    io::Read,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Deserializer};
use toml::Spanned;

use self::{node::Node, rule_table::rule, sets::Sets, source::Source, value::Value};
use crate::{Point, RuleError, Rules, RulesBuilder, SafeDefault};

const KEYS: [&str; 12] = [
    "time_zone",
    "networks",
    "domains",
    "ports",
    "users",
    "times",
    "safe_default",
    "accept",
    "request",
    "bind_peer",
    "udp_reply",
    "inspection",
];

/// A file of rules, parsed and not yet checked. Its language is described on the [crate's
/// page](crate#rules).
///
/// It can also be a part of a larger TOML file, by its [`Deserialize`]; the [span](RuleError::span) of an
/// error is then one in that file.
///
/// ```
/// use socks_acl::{Acl, RuleFile};
///
/// let text = r#"
///     [[request]]
///     name = "web"
///     port = [80, 443]
///     verdict = "allow"
/// "#;
/// let acl = Acl::new(RuleFile::parse("rules.toml", text)?.rules()?);
/// let error = RuleFile::parse("rules.toml", &text.replace("443", "443000"))?.rules().unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "rules.toml:4:17: request[1].port: \
///      expected a port, 0 to 65535, or a range such as \"8000-8099\""
/// );
/// # Ok::<(), socks_acl::RuleError>(())
/// ```
#[derive(Clone)]
pub struct RuleFile {
    root: Spanned<Node>,
    base: Option<PathBuf>,
    source: Option<Source>,
    safe_default: SafeDefault,
}

impl RuleFile {
    /// Most octets of a file: 16 MiB. Sets in files of their own do not count.
    pub const MAX_OCTETS: usize = 16 << 20;

    /// Reads and parses the file at `path`. Files of entries that it names are relative to where it
    /// stands. Blocks.
    ///
    /// # Errors
    ///
    /// If it cannot be read, has not one octet, is too long, or is no TOML.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, RuleError> {
        let path = path.as_ref();
        let name = path.display().to_string();
        let failed = |what: &dyn fmt::Display| RuleError::new(format_args!("{name}: {what}"));
        let metadata = fs::metadata(path).map_err(|error| failed(&error))?;
        // To open a named pipe would wait for somebody to write into it.
        if !metadata.is_file() {
            return Err(failed(&"not a file"));
        }
        // As a disk that is full leaves a file.
        if metadata.len() == 0 {
            return Err(failed(
                &"the file is empty, expected a comment if no rule is meant",
            ));
        }
        let mut text = String::new();
        let file = File::open(path).map_err(|error| failed(&error))?;
        let mut file = file.take(Self::MAX_OCTETS as u64 + 1);
        file.read_to_string(&mut text)
            .map_err(|error| failed(&error))?;
        let parsed = Self::parse(&name, &text)?;
        Ok(parsed.base(path.parent().unwrap_or(Path::new(""))))
    }

    /// Parses `text`, which errors call `name`.
    ///
    /// # Errors
    ///
    /// If it is too long or no TOML.
    pub fn parse(name: &str, text: &str) -> Result<Self, RuleError> {
        if text.len() > Self::MAX_OCTETS {
            let what = format!("{name}: expected {} octets at most", Self::MAX_OCTETS);
            return Err(RuleError::new(what));
        }
        let source = Source {
            name: name.to_owned(),
            text: text.to_owned(),
        };
        match toml::from_str::<Self>(text) {
            Ok(file) => Ok(Self {
                source: Some(source),
                ..file
            }),
            Err(error) => {
                let span = error.span().unwrap_or(0..0);
                let place = source.place(&span);
                Err(RuleError::new(error.message()).at(span).in_file(place))
            }
        }
    }

    /// The text that stands in place of a table of rules, if one does: for a configuration that takes
    /// rules or the path of a file of them.
    pub fn as_str(&self) -> Option<&str> {
        match self.root.get_ref() {
            Node::String(text) => Some(text),
            _ => None,
        }
    }

    /// Where the files of entries are that are not named by an absolute path. Without it no file is
    /// read.
    #[must_use]
    pub fn base(mut self, directory: impl Into<PathBuf>) -> Self {
        self.base = Some(directory.into());
        self
    }

    /// What the table `[safe_default]` adds to: the server's own listeners, networks that are open.
    #[must_use]
    pub fn safe_default(mut self, safe_default: SafeDefault) -> Self {
        self.safe_default = safe_default;
        self
    }

    /// The files of entries that it names, for whoever watches them.
    pub fn files(&self) -> Vec<PathBuf> {
        let Some(base) = &self.base else {
            return Vec::new();
        };
        let mut files = Vec::new();
        for key in ["networks", "domains", "ports", "users"] {
            let sets = self
                .root
                .get_ref()
                .get(key)
                .map(|node| Value::new(key, node));
            let sets = sets.and_then(|sets| sets.entries().ok());
            for item in sets.into_iter().flatten().flat_map(|set| set.value.items()) {
                let file = sets::file_of(&item).ok().flatten();
                files.extend(file.and_then(|file| Some(base.join(file.string().ok()?))));
            }
        }
        files
    }

    /// Reads the files of entries, and checks everything. Blocks.
    ///
    /// # Errors
    ///
    /// Says where and what was expected.
    pub fn rules(&self) -> Result<Rules, RuleError> {
        self.build().map_err(|error| self.place(error))
    }

    fn build(&self) -> Result<Rules, RuleError> {
        let root = Value {
            path: String::new(),
            node: self.root.get_ref(),
            span: self.root.span(),
        };
        for entry in root.entries()? {
            if !KEYS.contains(&entry.key) {
                return Err(entry.unknown(&KEYS));
            }
        }
        let sets = Sets::read(self.root.get_ref(), self.base.as_deref())?;
        let mut builder = self.with_safe_default(Rules::builder())?;
        for point in Point::ALL {
            let Some(list) = self.root.get_ref().get(point.name()) else {
                continue;
            };
            let list = Value::new(point.name(), list);
            let Node::Array(_) = list.node else {
                return Err(list.error(format_args!("expected [[{point}]], a table for each rule")));
            };
            for (index, mut table) in list.items().enumerate() {
                table.path = path(point, index);
                builder = builder.rule(point, rule(&table, &sets)?);
            }
        }
        builder.build()
    }

    fn with_safe_default(&self, builder: RulesBuilder) -> Result<RulesBuilder, RuleError> {
        let given = self.safe_default.clone();
        let Some(table) = self.root.get_ref().get("safe_default") else {
            return Ok(builder.safe_default(given));
        };
        let table = Value::new("safe_default", table);
        let (safe_default, enabled) = safe_default::safe_default(&table, given)?;
        let builder = builder.safe_default(safe_default);
        Ok(match enabled {
            true => builder,
            false => builder.without_safe_default(),
        })
    }

    /// Finds out where an error is.
    fn place(&self, mut error: RuleError) -> RuleError {
        if let Some((point, index)) = error.rule() {
            let key = error.key().unwrap_or_default().to_owned();
            let table = match self.root.get_ref().get(point.name()).map(Spanned::get_ref) {
                Some(Node::Array(tables)) => tables.get(index),
                _ => None,
            };
            let value = table.and_then(|table| {
                key.split('.')
                    .try_fold(table, |table, key| table.get_ref().get(key))
            });
            let span = value.or(table).map(Spanned::span).unwrap_or_default();
            error = error
                .at(span)
                .in_key(format!("{}.{key}", path(point, index)));
        }
        let span = error.span().unwrap_or(self.root.span());
        if let Some(source) = &self.source {
            error = error.in_file(source.place(&span));
        }
        error.at(span)
    }
}

fn path(point: Point, index: usize) -> String {
    format!("{point}[{}]", index + 1)
}

impl Default for RuleFile {
    /// A file without rules: nothing is allowed.
    fn default() -> Self {
        Self {
            root: Spanned::new(0..0, Node::Table(Vec::new())),
            base: None,
            source: None,
            safe_default: SafeDefault::new(),
        }
    }
}

impl<'de> Deserialize<'de> for RuleFile {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let root = Spanned::deserialize(deserializer)?;
        Ok(Self {
            root,
            ..Self::default()
        })
    }
}

impl fmt::Debug for RuleFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.source.as_ref().map(|source| &source.name);
        f.debug_struct("RuleFile")
            .field("name", &name)
            .finish_non_exhaustive()
    }
}
