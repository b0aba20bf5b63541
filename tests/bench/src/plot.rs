//! Bars of a run's figures as SVG.

use std::{fmt::Write, fs, path::Path};

use crate::{
    BoxError,
    contender::Kind,
    report::{Case, Column, Figures, Of, Report},
};

const WIDTH: f64 = 760.0;
const NAMES: f64 = 150.0;
const FIGURES: f64 = 90.0;
const BAR: f64 = 18.0;
const HEAD: f64 = 34.0;

/// Writes a file for each report of `json` into `folder`.
pub(crate) fn run(json: &Path, folder: &Path) -> Result<(), BoxError> {
    let figures: Figures = serde_json::from_str(&fs::read_to_string(json)?)?;
    fs::create_dir_all(folder)?;
    for report in &figures.reports {
        let compared = |column: &&Column| matches!(column.of, Of::Less | Of::More);
        if let Some(column) = report.columns.iter().find(compared) {
            let file = folder.join(format!("{}.svg", report.mode));
            fs::write(&file, svg(report, column)?)?;
            eprintln!("{}", file.display());
        }
    }
    Ok(())
}

fn svg(report: &Report, column: &Column) -> Result<String, BoxError> {
    let panel = |case: &Case| HEAD + BAR * case.rows.len() as f64;
    let height = HEAD + report.cases.iter().map(panel).sum::<f64>() + 10.0;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{height}\" \
         font-family=\"sans-serif\" font-size=\"12\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n"
    );
    let better = match column.of {
        Of::More => "more is better",
        _ => "less is better",
    };
    let title = format!("{}: {} ({better})", report.mode, column.title);
    text(&mut svg, (10.0, 22.0), "start", "font-size=\"15\"", &title)?;
    let mut top = HEAD;
    for case in &report.cases {
        bars(&mut svg, case, column, top)?;
        top += panel(case);
    }
    svg.push_str("</svg>\n");
    Ok(svg)
}

/// A bar a server for the median, and a line from the least to the most.
fn bars(svg: &mut String, case: &Case, column: &Column, top: f64) -> Result<(), BoxError> {
    text(
        svg,
        (10.0, top + 20.0),
        "start",
        "font-weight=\"bold\"",
        &case.name,
    )?;
    let spreads = case.rows.iter().filter_map(|row| row.spread(&column.key));
    let most = spreads
        .map(|spread| spread.most)
        .fold(f64::MIN_POSITIVE, f64::max);
    let length = |figure: f64| figure.max(0.0) / most * (WIDTH - NAMES - FIGURES);
    for (index, row) in case.rows.iter().enumerate() {
        let y = top + HEAD - 6.0 + BAR * index as f64;
        let (middle, baseline) = (y + BAR / 2.0 - 1.0, y + BAR - 5.0);
        text(svg, (NAMES - 8.0, baseline), "end", "", &row.server)?;
        let Some(spread) = row.spread(&column.key) else {
            // Not all have every figure.
            let (more, what) = match row.samples.is_empty() {
                true => ("fill=\"#a33\"", "failed"),
                false => ("", "-"),
            };
            text(svg, (NAMES, baseline), "start", more, what)?;
            continue;
        };
        let fill = match row.kind {
            Kind::Ours => "#2a6fbb",
            Kind::Peer => "#9aa4ae",
            Kind::Limit => "#d9c48f",
            Kind::NoProxy => "#e9e2cf",
        };
        let (x, width, thick) = (NAMES, length(spread.median), BAR - 4.0);
        writeln!(
            svg,
            "<rect x=\"{x}\" y=\"{y}\" width=\"{width:.1}\" height=\"{thick}\" fill=\"{fill}\"/>"
        )?;
        let (from, to) = (NAMES + length(spread.least), NAMES + length(spread.most));
        writeln!(
            svg,
            "<path d=\"M{from:.1} {middle} H{to:.1}\" stroke=\"#333\" stroke-width=\"1\"/>"
        )?;
        let figure = format!("{:.*}", column.digits, spread.median);
        text(svg, (to + 6.0, baseline), "start", "", &figure)?;
    }
    Ok(())
}

fn text(
    svg: &mut String,
    (x, y): (f64, f64),
    anchor: &str,
    more: &str,
    text: &str,
) -> Result<(), BoxError> {
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    writeln!(
        svg,
        "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\" {more}>{text}</text>"
    )?;
    Ok(())
}
