//! Each file of `examples/policies` does what it says: a table of questions and answers for each, and
//! nothing in it could be left out or be a little different ([`mutants`]).
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)] // clippy knows a test by its attribute.

mod boundaries;
mod dante;
mod mutants;
mod private_networks;
mod question;
mod three_proxy;

use std::{fs, path::Path};

use socks_acl::{Acl, RuleFile};

use self::question::{Clock, Question};

/// Asks the file each question of the table, as it is and without each of its parts in turn.
///
/// `local` is the proxy's own address; see [`Question`] for the table's columns.
fn prove(file: &str, local: &str, table: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../examples/policies")
        .join(file);
    let text = fs::read_to_string(&path).unwrap();
    let questions: Vec<_> = table
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| Question::parse(line, local))
        .collect();

    let clock = Clock::default();
    let acl = load(&text, &clock).unwrap_or_else(|error| panic!("{file}: {error}"));
    assert_eq!(acl.rules().warnings(), [], "{file}");
    let mut wrong = String::new();
    for question in &questions {
        let answer = question.ask(&acl, &clock);
        if answer != question.expected {
            wrong += &format!("{question}\n   is {answer}\n");
        }
    }
    assert!(wrong.is_empty(), "{file}:\n{wrong}");

    let mut idle = String::new();
    let mut loaded = 0;
    let mutants = mutants::of(&text);
    for (what, mutant) in &mutants {
        // What does not load, such as a rule whose set is gone, changes nothing unnoticed.
        let Ok(acl) = load(mutant, &clock) else {
            continue;
        };
        loaded += 1;
        let noticed = |question: &Question| question.ask(&acl, &clock) != question.expected;
        if !questions.iter().any(noticed) {
            idle += &format!("{what}\n");
        }
    }
    assert!(idle.is_empty(), "{file}: no question notices\n{idle}");
    let all = mutants.len();
    assert!(loaded * 2 > all, "{file}: only {loaded} of {all} load");
}

fn load(text: &str, clock: &Clock) -> Result<Acl, socks_acl::RuleError> {
    let rules = RuleFile::parse("policy", text)?.rules()?;
    let clock = clock.clone();
    Ok(Acl::with_clock(rules, move || clock.now()))
}
