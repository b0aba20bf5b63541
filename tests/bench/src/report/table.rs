use std::fmt;

use super::{Case, Column, Of, Report, Row};
use crate::contender::Kind;

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cores = match self.pinned {
            true => "servers on one core, the load on the others",
            false => "servers and load wherever the system puts them",
        };
        writeln!(f, "## {}\n\n{}; {cores}.", self.mode, self.about)?;
        for case in &self.cases {
            writeln!(f, "\n**{}**\n", case.name)?;
            write_table(f, &self.table(case))?;
            for row in &case.rows {
                if let Some(error) = row.errors.first() {
                    let (server, failed) = (&row.server, row.errors.len());
                    writeln!(f, "\n{server}: {failed} failed, the first one: {error}")?;
                }
            }
        }
        Ok(())
    }
}

impl Report {
    fn table(&self, case: &Case) -> Vec<Vec<String>> {
        let went_wrong = |column: &&Column| {
            let mut rows = case.rows.iter();
            column.of != Of::Sum
                || rows.any(|row| row.spread(&column.key).is_some_and(|of| of.sum > 0.0))
        };
        let columns: Vec<_> = self.columns.iter().filter(went_wrong).collect();
        let compared = |column: &Column| matches!(column.of, Of::Less | Of::More);
        let has = |kind| case.rows.iter().any(|row| row.kind == kind);
        let kinds: Vec<_> = [(Kind::Peer, "to best peer"), (Kind::Limit, "to best limit")]
            .into_iter()
            .filter(|(kind, _)| has(*kind))
            .collect();

        let mut head = vec!["server".to_owned()];
        for column in &columns {
            head.push(column.title.clone());
            if compared(column) {
                head.extend(kinds.iter().map(|(_, title)| (*title).to_owned()));
            }
        }
        let cells = |row: &Row| {
            let mut cells = vec![row.server.clone()];
            for column in &columns {
                cells.push(figure(row, column));
                let ratio = |(kind, _): &(Kind, &str)| {
                    let median = row.spread(&column.key)?.median;
                    Some(format!("{:.2}", median / case.best(column, *kind)?))
                };
                if compared(column) {
                    let ratios = kinds.iter().map(|kind| ratio(kind).unwrap_or("-".into()));
                    cells.extend(ratios);
                }
            }
            cells
        };
        let mut rows: Vec<_> = case.rows.iter().collect();
        // Whoever came first in the first round.
        rows.sort_by_key(|row| row.kind as u8);
        [head]
            .into_iter()
            .chain(rows.into_iter().map(cells))
            .collect()
    }
}

fn figure(row: &Row, column: &Column) -> String {
    let digits = column.digits;
    let Some(spread) = row.spread(&column.key) else {
        return "-".into();
    };
    match column.of {
        Of::Less | Of::More if row.samples.len() > 1 => format!(
            "{:.digits$} ({:.digits$}–{:.digits$})",
            spread.median, spread.least, spread.most
        ),
        Of::Less | Of::More | Of::Median => format!("{:.digits$}", spread.median),
        Of::Sum => format!("{:.digits$}", spread.sum),
    }
}

/// As Markdown, padded so that it reads as it is.
fn write_table(f: &mut fmt::Formatter<'_>, table: &[Vec<String>]) -> fmt::Result {
    let columns = table.first().map_or(0, Vec::len);
    let width = |column: usize| {
        let cells = table.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<_> = (0..columns).map(width).collect();
    for (index, row) in table.iter().enumerate() {
        for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
            match column {
                0 => write!(f, "| {cell:<width$} ")?,
                _ => write!(f, "| {cell:>width$} ")?,
            }
        }
        writeln!(f, "|")?;
        if index == 0 {
            for (column, width) in widths.iter().enumerate() {
                let (dashes, colon) = ("-".repeat(*width), if column > 0 { "-:" } else { "--" });
                write!(f, "|{dashes}{colon}")?;
            }
            writeln!(f, "|")?;
        }
    }
    Ok(())
}
