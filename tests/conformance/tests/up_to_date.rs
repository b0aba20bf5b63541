//! `docs/conformance.md` and `docs/conformance.toml` against the workspace as it is.

use conformance::{Repository, difference};

#[test]
fn every_requirement_is_accounted_for() {
    let problems = Repository::load().unwrap().problems();
    assert!(problems.is_empty(), "\n{}\n", problems.join("\n"));
}

#[test]
fn the_report_is_up_to_date() {
    let repository = Repository::load().unwrap();
    let written = repository.written().unwrap_or_default();
    if let Some(difference) = difference(&written, &repository.report()) {
        panic!(
            "docs/conformance.md is out of date; `cargo run -p conformance` writes it.\n{difference}"
        );
    }
}
