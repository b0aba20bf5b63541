use std::fmt;

use socks_core::Escaped;

use super::{
    Decision, Rules,
    compiled::{Compiled, Effect, refusal},
    facts::Facts,
    judge::{Judged, Observer},
    truth::{Known, Truth},
};

/// Which rule decided, and why those before it did not. Safe to be logged and shown.
///
/// Displayed one line a rule:
///
/// ```text
/// request: connect example.com:22
///   "own listeners" depends: destination: not known yet
///   "web" does not match: port: 22
///   "rest" matches: deny
/// refused with 02 by "rest"
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Explanation {
    /// Each question that a list was asked: the request, its rewritten destination, the address, the
    /// IPv4 addresses inside that.
    pub questions: Vec<Question>,
    /// Whether it is allowed.
    pub allowed: bool,
    /// The rule that decided, if one did.
    pub rule: Option<String>,
    /// The code of the reply; 0 if it is allowed.
    pub reply: u8,
    /// The decision in a line.
    pub decision: String,
}

/// What one list of rules says to one question.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Question {
    /// The name of the point whose rules are asked.
    pub point: &'static str,
    /// What about: `connect example.com:22`.
    pub about: String,
    /// The rules, up to the one that surely matches.
    pub rules: Vec<AskedRule>,
}

/// What one rule says to a question.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct AskedRule {
    /// Its name.
    pub rule: String,
    /// `matches`, `depends` on an address that is not known yet, or `does not match`.
    pub outcome: &'static str,
    /// The first condition that fails or depends, with what it was compared with; the verdict of a rule
    /// that matches.
    pub why: String,
}

/// Asks by `judge`, which tells of each question.
pub(super) fn explain<'r>(
    rules: &'r Rules,
    judge: impl FnOnce(Observer<'_>) -> Judged<'r>,
) -> Explanation {
    let mut questions = Vec::new();
    let judged = judge(&mut |facts| questions.push(question(rules, facts)));
    let decision = Decision::of(&judged);
    Explanation {
        questions,
        allowed: decision.allowed,
        rule: decision.terms.as_ref().map(|terms| terms.rule.to_string()),
        reply: decision.reply.0,
        decision: decision.to_string(),
    }
}

fn question(rules: &Rules, facts: &Facts<'_>) -> Question {
    let mut asked = Vec::new();
    for rule in rules.of(facts.point) {
        let truth = rule.matches(&rules.policy, facts);
        asked.push(AskedRule {
            rule: rule.name.to_string(),
            outcome: match truth {
                Truth::Yes => "matches",
                Truth::Depends => "depends",
                Truth::No => "does not match",
            },
            why: why(rule, rules, facts, truth),
        });
        if truth == Truth::Yes {
            break;
        }
    }
    Question {
        point: facts.point.name(),
        about: facts.to_string(),
        rules: asked,
    }
}

fn why(rule: &Compiled, rules: &Rules, facts: &Facts<'_>, truth: Truth) -> String {
    match (&rule.effect, truth) {
        (Effect::SafeDefault(_), Truth::Yes) => match refusal(&rules.policy, facts) {
            Some(refusal) => format!("deny, {refusal}"),
            None => "deny".to_owned(),
        },
        (Effect::SafeDefault(_) | Effect::OwnListeners(_), Truth::No) => {
            "it refuses other destinations".to_owned()
        }
        (Effect::SafeDefault(_) | Effect::OwnListeners(_), Truth::Depends) => {
            "the address is not known yet".to_owned()
        }
        (Effect::Allow { grant, .. }, Truth::Yes) => match rule.grant(facts.command()) {
            None => "deny, datagrams cannot be rewritten".to_owned(),
            Some(_) => match &grant.rewrite {
                Some(rewrite) => format!("allow, rewritten to {rewrite}"),
                None => "allow".to_owned(),
            },
        },
        (effect, Truth::Yes) => effect.verdict().to_owned(),
        (_, truth) => {
            if let Some(withheld) = rule.withheld(facts) {
                return withheld.to_owned();
            }
            let clause = rule
                .clauses
                .iter()
                .find(|clause| clause.holds(facts) == truth);
            let Some(clause) = clause else {
                return String::new();
            };
            let not = if clause.negated { "not." } else { "" };
            format!(
                "{not}{}: {}",
                clause.condition.key(),
                facts.shown(&clause.condition)
            )
        }
    }
}

impl fmt::Display for Facts<'_> {
    /// `connect example.com at 192.0.2.1, port 80`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.command() {
            Some(command) => f.write_str(command.name())?,
            None => return write!(f, "client {}", self.peer),
        }
        match (self.name, self.ip) {
            _ if self.any_peer && self.ip == Known::Unknown => f.write_str(" any peer")?,
            (Known::Is(name), Known::Is(ip)) => write!(f, " {name} at {ip}")?,
            (Known::Is(name), _) => write!(f, " {name}")?,
            (_, Known::Is(ip)) => write!(f, " {ip}")?,
            _ => {}
        }
        match self.port {
            Known::Is(port) => write!(f, ", port {port}"),
            Known::None | Known::Unknown => Ok(()),
        }
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Question {
            point,
            about,
            rules,
        } in &self.questions
        {
            writeln!(f, "{point}: {about}")?;
            for AskedRule { rule, outcome, why } in rules {
                writeln!(f, "  {:?} {outcome}: {why}", Escaped(rule.as_bytes()))?;
            }
        }
        f.write_str(&self.decision)
    }
}
