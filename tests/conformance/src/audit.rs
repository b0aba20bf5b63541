//! What the inputs contradict each other in.

use crate::{Catalogue, Entry, Id, Proofs, Reasons, Series, Standing, Status, Vectors, standing};

/// One line a problem.
pub(crate) fn problems(
    catalogue: &Catalogue,
    proofs: &Proofs,
    vectors: &Vectors,
    reasons: &Reasons,
) -> Vec<String> {
    let mut problems = Vec::new();
    for (id, tests) in proofs.iter().filter(|(id, _)| !catalogue.contains(*id)) {
        let tests: Vec<&str> = tests.iter().map(String::as_str).collect();
        problems.push(format!(
            "{id} is in no catalogue, but cited by {}",
            tests.join(", ")
        ));
    }
    for id in vectors.ids().filter(|id| !catalogue.contains(*id)) {
        problems.push(format!("{id} is in no catalogue, but a vector names it"));
    }
    for (id, entry) in &reasons.entries {
        if !catalogue.contains(*id) {
            problems.push(format!("{id} is in no catalogue, but in conformance.toml"));
        }
        problems.extend(entry_problem(*id, entry, proofs, vectors));
    }
    for (id, _) in catalogue.iter() {
        if standing(id, proofs, vectors, reasons) == Standing::Unknown {
            problems.push(format!(
                "{id} has neither a test nor a reason in conformance.toml"
            ));
        }
    }
    for (series, entry) in &reasons.series {
        let used = catalogue.iter().any(|(id, _)| {
            let open = id.series == *series && !reasons.entries.contains_key(&id);
            open && proofs.of(id).len() == 0
        });
        problems.extend(default_problem(*series, entry, used));
    }
    problems
}

fn entry_problem(id: Id, entry: &Entry, proofs: &Proofs, vectors: &Vectors) -> Option<String> {
    let tested = proofs.of(id).len() > 0;
    match entry.status {
        None if entry.note.trim().is_empty() => Some(format!("{id} has an empty entry")),
        None => None,
        Some(_) if entry.reason.trim().is_empty() => Some(format!("{id} has an empty reason")),
        Some(Status::ByDesign) => None,
        Some(Status::Partly) if tested || vectors.of(id) > 0 => None,
        Some(Status::Partly) => Some(format!("{id} is said to be partly proved, but has no test")),
        Some(status) if tested => Some(format!(
            "{id} is said to be \"{status}\", but is cited by {}",
            proofs.of(id).collect::<Vec<_>>().join(", ")
        )),
        Some(_) => None,
    }
}

fn default_problem(series: Series, entry: &Entry, used: bool) -> Option<String> {
    if series.is_strict() {
        return Some(format!(
            "{series} may have no default: each id needs its own reason"
        ));
    }
    match entry.status {
        None | Some(Status::Partly) => Some(format!("the default of {series} lacks a status")),
        Some(_) if entry.reason.trim().is_empty() => {
            Some(format!("the default of {series} has an empty reason"))
        }
        Some(_) if !used => Some(format!(
            "the default of {series} applies to nothing any more"
        )),
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(tests: &[(&str, &str)], reasons: &str) -> Vec<String> {
        let text = "**UP-1** · MUST · both — A.\n\n**UP-2** · MUST · both — B.";
        let catalogue = Catalogue::sample(text, Series::UP);
        let reasons = Reasons::sample(reasons);
        problems(
            &catalogue,
            &Proofs::sample(tests),
            &Vectors::default(),
            &reasons,
        )
    }

    const BOTH: &[(&str, &str)] = &[("a::t", "UP-1, UP-2")];

    #[test]
    fn each_id_needs_a_test_or_a_reason() {
        assert!(check(BOTH, "").is_empty());
        let one = [("a::t", "UP-1")];
        assert_eq!(
            check(&one, ""),
            ["UP-2 has neither a test nor a reason in conformance.toml"]
        );
        assert!(check(&one, "[UP-2]\nstatus = \"not planned\"\nreason = \"b\"").is_empty());
        assert_eq!(
            check(&one, "[UP-2]\nstatus = \"not planned\"\nreason = \" \""),
            ["UP-2 has an empty reason"]
        );
    }

    #[test]
    fn unknown_ids() {
        let cited = [("a::t", "UP-1…UP-3")];
        assert_eq!(
            check(&cited, ""),
            ["UP-3 is in no catalogue, but cited by a::t"]
        );
        assert_eq!(
            check(BOTH, "[UP-3]\nnote = \"b\""),
            ["UP-3 is in no catalogue, but in conformance.toml"]
        );
    }

    #[test]
    fn stale_reasons() {
        assert_eq!(
            check(BOTH, "[UP-2]\nstatus = \"not yet\"\nreason = \"b\""),
            ["UP-2 is said to be \"not yet\", but is cited by a::t"]
        );
        assert!(check(BOTH, "[UP-2]\nstatus = \"by design\"\nreason = \"b\"").is_empty());
        let one = [("a::t", "UP-1")];
        assert_eq!(
            check(&one, "[UP-2]\nstatus = \"partly\"\nreason = \"b\""),
            ["UP-2 is said to be partly proved, but has no test"]
        );
    }

    #[test]
    fn defaults() {
        let default = |series| format!("[series.{series}]\nstatus = \"not yet\"\nreason = \"b\"");
        assert_eq!(
            check(BOTH, &default("UP")),
            ["UP may have no default: each id needs its own reason"]
        );
        assert_eq!(
            check(BOTH, &default("GS")),
            ["the default of GS applies to nothing any more"]
        );
    }
}
