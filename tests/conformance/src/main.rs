//! Writes `docs/conformance.md`.

use std::process::ExitCode;

use conformance::{Error, Repository};

fn main() -> Result<ExitCode, Error> {
    let repository = Repository::load()?;
    repository.write()?;
    let problems = repository.problems();
    for problem in &problems {
        eprintln!("{problem}");
    }
    Ok(if problems.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
