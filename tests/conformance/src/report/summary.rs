use std::fmt::Write as _;

use crate::{Repository, Series, Standing, Status};

/// The columns, in order. `Unknown` never gets into a file that passes its test.
const COLUMNS: [Standing; 7] = [
    Standing::Proved,
    Standing::Vectors,
    Standing::Stated(Status::Partly),
    Standing::Stated(Status::ByDesign),
    Standing::Stated(Status::NotYet),
    Standing::Stated(Status::NotPlanned),
    Standing::Stated(Status::NotApplicable),
];

/// A row for each series and one for all.
pub(super) fn render(repository: &Repository) -> String {
    let mut out = String::from("| Series | | Requirements |");
    for column in COLUMNS {
        let _ = write!(out, " {column} |");
    }
    out.push_str("\n| --- | --- | ---: |");
    out.push_str(&" ---: |".repeat(COLUMNS.len()));
    out.push('\n');
    for series in Series::ALL {
        let name = format!("{series} | {}", series.title());
        row(&mut out, repository, &name, |of| of == series);
    }
    row(&mut out, repository, "**all** |", |_| true);
    out
}

fn row(out: &mut String, repository: &Repository, name: &str, of: impl Fn(Series) -> bool) {
    let ids = repository
        .catalogue
        .iter()
        .map(|(id, _)| id)
        .filter(|id| of(id.series));
    let standings: Vec<Standing> = ids.map(|id| repository.standing(id)).collect();
    let _ = write!(out, "| {name} | {} |", standings.len());
    for column in COLUMNS {
        let count = standings
            .iter()
            .filter(|standing| **standing == column)
            .count();
        let _ = match count {
            0 => write!(out, " |"),
            count => write!(out, " {count} |"),
        };
    }
    out.push('\n');
}
