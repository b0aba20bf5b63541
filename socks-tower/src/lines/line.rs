use std::{
    fmt::{Display, Write},
    time::SystemTime,
};

use jiff::Timestamp;
use socks_core::Escaped;

use super::Format;

/// A line in the making.
///
/// What it is given as text is escaped already or by [`words`](Self::words): it has no control
/// characters in it, and no quotes or backslashes of its own but behind one.
pub(crate) struct Line {
    format: Format,
    text: String,
}

impl Line {
    pub(crate) fn new(format: Format) -> Self {
        let mut text = String::with_capacity(512);
        if format == Format::Json {
            text.push('{');
        }
        Self { format, text }
    }

    pub(crate) fn number(&mut self, field: &str, number: u64) {
        self.field(field);
        let _ = write!(self.text, "{number}");
    }

    pub(crate) fn text(&mut self, field: &str, text: Option<impl Display>) {
        if let Some(text) = text {
            self.field(field);
            self.value(&text.to_string());
        }
    }

    /// Somebody's words, such as a rule's name, which are escaped here.
    pub(crate) fn words(&mut self, field: &str, words: Option<impl AsRef<str>>) {
        let words = words
            .as_ref()
            .map(|words| Escaped(words.as_ref().as_bytes()));
        self.text(field, words);
    }

    /// The same in a row; none of them is no field.
    pub(crate) fn list<'a>(&mut self, field: &str, list: impl Iterator<Item = &'a str>) {
        let list: Vec<_> = list
            .map(|words| Escaped(words.as_bytes()).to_string())
            .collect();
        if list.is_empty() {
            return;
        }
        self.field(field);
        match self.format {
            Format::Text => self.value(&list.join(",")),
            Format::Json => {
                let list: Vec<_> = list.iter().map(|words| quoted(words)).collect();
                let _ = write!(self.text, "[{}]", list.join(","));
            }
        }
    }

    /// RFC 3339, UTC, milliseconds. A time that it cannot say is the epoch.
    pub(crate) fn time(&mut self, field: &str, time: SystemTime) {
        let time = Timestamp::try_from(time).unwrap_or(Timestamp::UNIX_EPOCH);
        self.text(field, Some(format_args!("{time:.3}")));
    }

    fn field(&mut self, field: &str) {
        match self.format {
            Format::Json => {
                if self.text.len() > 1 {
                    self.text.push(',');
                }
                let _ = write!(self.text, "\"{field}\":");
            }
            Format::Text => {
                if !self.text.is_empty() {
                    self.text.push(' ');
                }
                let _ = write!(self.text, "{field}=");
            }
        }
    }

    fn value(&mut self, text: &str) {
        match self.format {
            Format::Json => self.text.push_str(&quoted(text)),
            Format::Text if text.is_empty() || text.contains([' ', '=']) => {
                let _ = write!(self.text, "\"{text}\"");
            }
            Format::Text => self.text.push_str(text),
        }
    }

    pub(crate) fn finish(mut self) -> Vec<u8> {
        if self.format == Format::Json {
            self.text.push('}');
        }
        self.text.push('\n');
        self.text.into_bytes()
    }
}

fn quoted(text: &str) -> String {
    // A string has no way to fail.
    serde_json::to_string(text).unwrap_or_default()
}
