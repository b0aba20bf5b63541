use super::{Condition, Point, Rule, RuleError, Rules, rule::Ruling};
use crate::DomainSet;

/// Longest name of a rule, in characters.
const MAX_NAME: usize = 128;

/// Whether `rule` may stand among those of `point`.
pub(super) fn check(point: Point, index: usize, rule: &Rule, off: bool) -> Result<(), RuleError> {
    let error = |key: &str, what: &str| Err(RuleError::of_rule(point, index, key, what));
    let fits = |name: &str| {
        (1..=MAX_NAME).contains(&name.chars().count()) && !name.chars().any(char::is_control)
    };
    if !rule.name.as_deref().is_none_or(fits) {
        return error(
            "name",
            "expected 1 to 128 characters, none of them a control character",
        );
    }
    if rule.ruling == Ruling::SafeDefault {
        if off {
            return error("safe_default", "it is switched off");
        }
        if !point.has_destination() {
            return error(
                "safe_default",
                "there is no destination to judge at this point",
            );
        }
        if !rule.clauses.is_empty() {
            return error("safe_default", "the safe default has no conditions");
        }
    }
    if rule.clauses.len() > Rules::MAX_CONDITIONS {
        return error("name", "expected 64 conditions at most");
    }
    for clause in &rule.clauses {
        let key = clause.condition.key();
        let key = match clause.negated {
            true => format!("not.{key}"),
            false => key.to_owned(),
        };
        if clause.condition.is_empty() {
            return error(&key, "expected one value at least");
        }
        if let Condition::Destination(destination) = &clause.condition {
            let too_many = |set: &DomainSet| set.globs() > DomainSet::MAX_GLOBS;
            if destination.domains.any(too_many) {
                return error(&key, "expected 10,000 entries with * in them at most");
            }
        }
        if let Some(why) = clause.condition.unknown_at(point) {
            return error(&key, &format!("cannot be asked by {point} rules: {why}"));
        }
    }
    check_options(rule, point).or_else(|(key, what)| error(key, &what))
}

/// Whether what the rule says beside its verdict belongs there.
fn check_options(rule: &Rule, point: Point) -> Result<(), (&'static str, String)> {
    let grant = &rule.grant;
    let asked = point == Point::Request;
    let session = asked || point == Point::Accept;
    let given = [
        (
            "reply",
            rule.reply.is_some(),
            Ruling::Deny,
            !matches!(point, Point::Accept | Point::UdpReply),
        ),
        ("rewrite", grant.rewrite.is_some(), Ruling::Allow, asked),
        ("route", grant.route.is_some(), Ruling::Allow, asked),
        ("egress", grant.egress.is_some(), Ruling::Allow, asked),
        ("conceal", grant.conceal, Ruling::Allow, asked),
        ("any_peer", rule.any_peer, Ruling::Allow, asked),
        ("limits", !grant.limits.is_empty(), Ruling::Allow, session),
    ];
    for (key, is_given, ruling, possible) in given {
        if is_given && rule.ruling != ruling {
            let verdict = if ruling == Ruling::Deny {
                "deny"
            } else {
                "allow"
            };
            return Err((key, format!("belongs to the verdict {verdict:?} only")));
        }
        if is_given && !possible {
            return Err((key, format!("means nothing in {point} rules")));
        }
    }
    if grant.log_class.is_some() && (!session || rule.ruling == Ruling::SafeDefault) {
        return Err(("log", format!("means nothing in {point} rules")));
    }
    if rule.any_peer && !rule.clauses.iter().any(super::rule::Clause::names_bind) {
        return Err((
            "any_peer",
            "expected command = [\"bind\"] beside it".to_owned(),
        ));
    }
    if rule.reply.is_some_and(socks_core::ReplyCode::is_success) {
        return Err(("reply", "expected a code that is not success".to_owned()));
    }
    Ok(())
}
