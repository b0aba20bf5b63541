use std::{fmt, net::IpAddr, ops::Range, str::FromStr};

use toml::Spanned;

use super::node::Node;
use crate::RuleError;

/// A value in a rule file, and the keys that lead to it.
#[derive(Clone)]
pub(super) struct Value<'n> {
    pub(super) path: String,
    pub(super) node: &'n Node,
    pub(super) span: Range<usize>,
}

impl<'n> Value<'n> {
    pub(super) fn new(path: impl Into<String>, node: &'n Spanned<Node>) -> Self {
        Self {
            path: path.into(),
            node: node.get_ref(),
            span: node.span(),
        }
    }

    pub(super) fn error(&self, what: impl fmt::Display) -> RuleError {
        let error = RuleError::new(what).at(self.span.clone());
        match self.path.as_str() {
            "" => error,
            path => error.in_key(path),
        }
    }

    fn expected(&self, what: &str) -> RuleError {
        self.error(format_args!("expected {what}"))
    }

    pub(super) fn string(&self) -> Result<&'n str, RuleError> {
        match self.node {
            Node::String(text) => Ok(text),
            _ => Err(self.expected("a text in quotes")),
        }
    }

    /// A text that is a `T`, whose errors say what was expected.
    pub(super) fn parse<T: FromStr<Err: fmt::Display>>(&self) -> Result<T, RuleError> {
        self.string()?.parse().map_err(|error| self.error(error))
    }

    /// The same where the errors of `T` do not say it.
    pub(super) fn parse_as<T: FromStr>(&self, what: &str) -> Result<T, RuleError> {
        let text = self.string().map_err(|_| self.expected(what))?;
        text.parse().map_err(|_| self.expected(what))
    }

    /// One of several words.
    pub(super) fn word<T: Copy>(&self, words: &[(&str, T)]) -> Result<T, RuleError> {
        let found = match self.node {
            Node::String(text) => words.iter().find(|(word, _)| word == text),
            _ => None,
        };
        found.map(|(_, value)| *value).ok_or_else(|| {
            let words: Vec<_> = words.iter().map(|(word, _)| format!("{word:?}")).collect();
            self.expected(&format!("one of {}", words.join(", ")))
        })
    }

    pub(super) fn boolean(&self) -> Result<bool, RuleError> {
        match self.node {
            Node::Boolean(value) => Ok(*value),
            _ => Err(self.expected("true or false")),
        }
    }

    /// A number that fits into `T`.
    pub(super) fn number<T: TryFrom<i64>>(&self, what: &str) -> Result<T, RuleError> {
        let number = match self.node {
            Node::Integer(number) => T::try_from(*number).ok(),
            _ => None,
        };
        number.ok_or_else(|| self.expected(what))
    }

    pub(super) fn address<T: TryFrom<IpAddr>>(&self, what: &str) -> Result<T, RuleError> {
        let ip: IpAddr = self.parse_as(what)?;
        T::try_from(ip).map_err(|_| self.expected(what))
    }

    /// The values of an array, or a single one that stands for itself.
    pub(super) fn items(&self) -> impl Iterator<Item = Value<'n>> + use<'n> {
        let (array, single) = match self.node {
            Node::Array(items) => (&items[..], None),
            _ => (&[][..], Some(self.clone())),
        };
        let path = self.path.clone();
        let items = array.iter().map(move |item| Value::new(path.clone(), item));
        single.into_iter().chain(items)
    }

    /// The keys and values of a table.
    pub(super) fn entries(&self) -> Result<impl Iterator<Item = Entry<'n>> + use<'n>, RuleError> {
        let Node::Table(entries) = self.node else {
            return Err(self.expected("a table"));
        };
        let prefix = match self.path.as_str() {
            "" => String::new(),
            path => format!("{path}."),
        };
        Ok(entries.iter().map(move |(key, value)| Entry {
            key: key.get_ref(),
            key_span: key.span(),
            value: Value::new(format!("{prefix}{}", key.get_ref()), value),
        }))
    }
}

/// A key of a table and its value.
pub(super) struct Entry<'n> {
    pub(super) key: &'n str,
    key_span: Range<usize>,
    pub(super) value: Value<'n>,
}

impl Entry<'_> {
    /// The key is none of those that belong here.
    pub(super) fn unknown(&self, keys: &[&str]) -> RuleError {
        let keys = keys.join(", ");
        let error = self
            .value
            .error(format_args!("unknown key, expected one of {keys}"));
        error.at(self.key_span.clone())
    }
}
