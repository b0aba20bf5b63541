use std::{
    collections::HashSet,
    sync::{Arc, atomic::AtomicU64},
};

use socks_core::{
    ReplyCode,
    message::{Denial, Terms},
};

use super::{
    Condition, Point, Rule, RuleError, RuleWarning, Rules,
    check::check,
    compiled::{Compiled, Effect},
    rule::Ruling,
};
use crate::SafeDefault;

/// The names of the rules that are there without being given.
pub(super) const SAFE_DEFAULT: &str = "safe default";
pub(super) const OWN_LISTENERS: &str = "own listeners";

/// Puts [`Rules`] together.
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct RulesBuilder {
    safe_default: SafeDefault,
    off: bool,
    rules: [Vec<Rule>; Point::ALL.len()],
}

impl RulesBuilder {
    pub(super) fn new() -> Self {
        Self::default()
    }

    /// What the safe default refuses, the proxy's own listeners and addresses, and which networks are
    /// NAT64. Whether it grants BIND does not matter here: rules do.
    pub fn safe_default(mut self, safe_default: SafeDefault) -> Self {
        self.safe_default = safe_default;
        self
    }

    /// Switches the safe default off. **Dangerous**, as [`AllowAll`](crate::AllowAll) says; the proxy's
    /// own listeners are refused still (`SE-11`).
    pub fn without_safe_default(mut self) -> Self {
        self.off = true;
        self
    }

    /// Adds a rule behind those that `point` has.
    pub fn rule(mut self, point: Point, rule: Rule) -> Self {
        if let Some(list) = self.rules.get_mut(point.index()) {
            list.push(rule);
        }
        self
    }

    /// # Errors
    ///
    /// If a rule asks for what is not known at its point (`SE-3`), says what does not belong to its
    /// verdict, lists nothing, or has the name of another; if there are more than [`Rules::MAX`].
    pub fn build(self) -> Result<Rules, RuleError> {
        if self.rules.iter().map(Vec::len).sum::<usize>() > Rules::MAX {
            let what = format!("expected {} rules at most", Rules::MAX);
            return Err(RuleError::new(what));
        }
        let mut rules = Rules {
            lists: Default::default(),
            given: Default::default(),
            policy: self.safe_default.policy(),
            windows: Vec::new(),
            warnings: Vec::new(),
        };
        let lists = rules.lists.iter_mut().zip(&mut rules.given);
        for ((point, given), (list, is_given)) in Point::ALL.into_iter().zip(self.rules).zip(lists)
        {
            *is_given = !given.is_empty();
            for rule in &given {
                for clause in &rule.clauses {
                    if let Condition::Time(windows) = &clause.condition {
                        rules.windows.extend(windows.iter().cloned());
                    }
                }
            }
            *list = compile_list(point, given, self.off)?;
            warn(point, list, &mut rules.warnings);
        }
        rules
            .windows
            .sort_by_key(|windows| Arc::as_ptr(windows).addr());
        rules.windows.dedup_by(|a, b| Arc::ptr_eq(a, b));
        Ok(rules)
    }
}

fn compile_list(point: Point, given: Vec<Rule>, off: bool) -> Result<Vec<Compiled>, RuleError> {
    let mut list = Vec::with_capacity(given.len() + 2);
    let asked = point == Point::Request || !given.is_empty();
    if asked && matches!(point, Point::Request | Point::BindPeer | Point::UdpReply) {
        list.push(compile(
            OWN_LISTENERS.into(),
            Rule::new(None, Ruling::OwnListeners),
        ));
        let placed = given.iter().any(|rule| rule.ruling == Ruling::SafeDefault);
        if !placed && !off {
            list.push(compile(SAFE_DEFAULT.into(), Rule::safe_default()));
        }
    }
    let mut names: HashSet<Arc<str>> = [SAFE_DEFAULT, OWN_LISTENERS].map(Arc::from).into();
    let mut placed = false;
    for (index, rule) in given.into_iter().enumerate() {
        check(point, index, &rule, off)?;
        let unnamed = || format!("{point} {}", index + 1).into();
        let name = match rule.ruling {
            Ruling::SafeDefault | Ruling::OwnListeners => {
                if std::mem::replace(&mut placed, true) {
                    let what = "the safe default has one place in a list";
                    return Err(RuleError::of_rule(point, index, "safe_default", what));
                }
                SAFE_DEFAULT.into()
            }
            _ => {
                let name: Arc<str> = rule.name.clone().unwrap_or_else(unnamed);
                if !names.insert(Arc::clone(&name)) {
                    let what = format!("another {point} rule is named {name:?}");
                    return Err(RuleError::of_rule(point, index, "name", what));
                }
                name
            }
        };
        list.push(compile(name, rule));
    }
    Ok(list)
}

fn compile(name: Arc<str>, rule: Rule) -> Compiled {
    let mut terms = Terms::new(Arc::clone(&name));
    terms.limits.clone_from(&rule.grant.limits);
    terms.log_class.clone_from(&rule.grant.log_class);
    terms.conceal = rule.grant.conceal;
    let terms = Arc::new(terms);
    let code = rule.reply.unwrap_or(ReplyCode::NOT_ALLOWED);
    let denial = Denial::new(code).terms(Arc::clone(&terms));
    let effect = match rule.ruling {
        Ruling::Allow => Effect::Allow {
            bind: rule.clauses.iter().any(super::rule::Clause::names_bind),
            any_peer: rule.any_peer,
            grant: Arc::new(rule.grant),
        },
        Ruling::Deny => Effect::Deny(denial),
        Ruling::SafeDefault => Effect::SafeDefault(denial),
        Ruling::OwnListeners => Effect::OwnListeners(denial),
    };
    Compiled {
        name,
        clauses: rule.clauses.into(),
        effect,
        terms,
        hits: Arc::new(AtomicU64::new(0)),
    }
}

/// Says which rules are never asked.
fn warn(point: Point, list: &[Compiled], warnings: &mut Vec<RuleWarning>) {
    let Some(last) = list.iter().position(Compiled::is_final) else {
        return;
    };
    let (asked, never) = list.split_at(last + 1);
    let Some(last) = asked.last() else { return };
    let allows = matches!(last.effect, Effect::Allow { .. });
    for rule in never {
        // A rule without conditions does not allow BIND, so one behind it may.
        if allows && point == Point::Request && rule.allows_bind() {
            continue;
        }
        warnings.push(RuleWarning {
            point: point.name(),
            rule: rule.name.to_string(),
            what: format!(
                "is never asked: {:?} before it has no conditions",
                last.name
            ),
        });
    }
}
