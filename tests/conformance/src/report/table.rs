use std::fmt::Write as _;

use super::first_sentence::first_sentence;
use crate::{Id, Proofs, Repository, Series, Standing};

/// Tests that are named in a row at most.
const NAMED: usize = 4;

/// The requirements of a series, a row each.
pub(super) fn render(repository: &Repository, series: Series) -> String {
    let mut out = String::from("| Id | Level | Who | Requirement | Proved by | Note |\n");
    out.push_str("| --- | --- | --- | --- | --- | --- |\n");
    for (id, requirement) in repository
        .catalogue
        .iter()
        .filter(|(id, _)| id.series == series)
    {
        let text = first_sentence(&requirement.text);
        let cells = [&requirement.level, &requirement.role, &text];
        let _ = write!(out, "| {id} |");
        for cell in cells {
            let _ = write!(out, " {} |", escaped(cell));
        }
        cell(
            &mut out,
            &proved_by(id, &repository.proofs, repository.vectors.of(id)),
        );
        cell(&mut out, &escaped(&note(id, repository)));
        out.push('\n');
    }
    out
}

fn cell(out: &mut String, text: &str) {
    let _ = if text.is_empty() {
        write!(out, " |")
    } else {
        write!(out, " {text} |")
    };
}

fn proved_by(id: Id, proofs: &Proofs, vectors: usize) -> String {
    let tests = proofs.of(id);
    let more = tests.len().saturating_sub(NAMED);
    let mut parts: Vec<String> = tests.take(NAMED).map(|test| format!("`{test}`")).collect();
    if more > 0 {
        parts.push(format!("+{more}"));
    }
    match vectors {
        0 => {}
        1 => parts.push("1 vector".to_owned()),
        count => parts.push(format!("{count} vectors")),
    }
    parts.join("<br>")
}

fn note(id: Id, repository: &Repository) -> String {
    let own = repository.reasons.entries.get(&id);
    let remark = own.map(|entry| entry.remark()).unwrap_or_default();
    match repository.standing(id) {
        Standing::Proved => remark,
        standing if remark.is_empty() => format!("**{standing}**"),
        standing => format!("**{standing}** — {remark}"),
    }
}

fn escaped(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_tests_and_the_vectors() {
        let tests = [
            ("a", "R5-1"),
            ("b", "R5-1"),
            ("c", "R5-1"),
            ("d", "R5-1"),
            ("e", "R5-1"),
        ];
        let id = "R5-1".parse().unwrap();
        let proofs = Proofs::sample(&tests);
        assert_eq!(
            proved_by(id, &proofs, 2),
            "`a`<br>`b`<br>`c`<br>`d`<br>+1<br>2 vectors"
        );
        let proofs = Proofs::sample(&tests[..1]);
        assert_eq!(proved_by(id, &proofs, 1), "`a`<br>1 vector");
        assert_eq!(proved_by(id, &Proofs::default(), 0), "");
    }
}
