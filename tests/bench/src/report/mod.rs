//! What was measured, its medians, and how they compare.

mod figures;
mod statistics;
mod table;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub(crate) use self::{
    figures::Figures,
    statistics::{Spread, quantile},
};
use crate::contender::Kind;

/// Figures of one measurement, by their columns' keys.
pub(crate) type Sample = BTreeMap<String, f64>;

/// A sample from keys and figures.
pub(crate) fn sample<const N: usize>(figures: [(&str, f64); N]) -> Sample {
    figures.map(|(key, figure)| (key.to_owned(), figure)).into()
}

/// `1 stream`, `2 streams`.
pub(crate) fn count(number: usize, noun: &str) -> String {
    let s = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{s}")
}

/// One figure of all servers.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Column {
    pub(crate) key: String,
    pub(crate) title: String,
    pub(crate) of: Of,
    pub(crate) digits: usize,
}

/// What is shown of a column's samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Of {
    /// The median; the least is the best.
    Less,
    /// The median; the most is the best.
    More,
    /// The median, which is neither good nor bad.
    Median,
    /// The sum, and only if it is not zero: what went wrong.
    Sum,
}

impl Column {
    pub(crate) fn new(key: &str, title: &str, of: Of, digits: usize) -> Self {
        Self {
            key: key.into(),
            title: title.into(),
            of,
            digits,
        }
    }
}

/// One server in one case.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Row {
    pub(crate) server: String,
    pub(crate) kind: Kind,
    pub(crate) samples: Vec<Sample>,
    /// Measurements that failed, and how.
    pub(crate) errors: Vec<String>,
}

impl Row {
    pub(crate) fn spread(&self, key: &str) -> Option<Spread> {
        Spread::of(self.samples.iter().filter_map(|sample| sample.get(key)))
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) rows: Vec<Row>,
}

impl Case {
    pub(crate) fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            rows: Vec::new(),
        }
    }

    pub(crate) fn add(&mut self, server: &str, kind: Kind, measured: Result<Sample, String>) {
        let known = self.rows.iter().position(|row| row.server == server);
        let index = known.unwrap_or_else(|| {
            self.rows.push(Row {
                server: server.into(),
                kind,
                samples: Vec::new(),
                errors: Vec::new(),
            });
            self.rows.len() - 1
        });
        match measured {
            Ok(sample) => self.rows[index].samples.push(sample),
            Err(error) => self.rows[index].errors.push(error),
        }
    }

    /// Whether a server has been measured, and never with success.
    pub(crate) fn is_failing(&self, server: &str) -> bool {
        let mut rows = self.rows.iter();
        rows.any(|row| row.server == server && row.samples.is_empty())
    }

    /// The median of `column` that is the best among `kind`.
    pub(crate) fn best(&self, column: &Column, kind: Kind) -> Option<f64> {
        let rows = self.rows.iter().filter(|row| row.kind == kind);
        let medians = rows.filter_map(|row| Some(row.spread(&column.key)?.median));
        match column.of {
            Of::Less => medians.reduce(f64::min),
            Of::More => medians.reduce(f64::max),
            Of::Median | Of::Sum => None,
        }
    }
}

/// Everything of one mode.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Report {
    pub(crate) mode: String,
    pub(crate) pinned: bool,
    /// What one measurement is.
    pub(crate) about: String,
    pub(crate) columns: Vec<Column>,
    pub(crate) cases: Vec<Case>,
}
