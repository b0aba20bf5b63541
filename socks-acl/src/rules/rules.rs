use std::sync::{Arc, atomic::Ordering};

use jiff::Timestamp;

use super::{
    Condition, NameSet, Point, RuleStatus, RuleWarning, RulesBuilder, compiled::Compiled,
    compiled::Effect,
};
use crate::{TimeWindows, policy::Policy};

/// Rules for every point, checked and ready to be asked. They do not change; an [`Acl`](crate::Acl)
/// changes from one to the next.
///
/// Of a point's rules the first that matches decides, and what none matches is refused (`SE-3`).
#[derive(Clone, Debug)]
pub struct Rules {
    pub(super) lists: [Vec<Compiled>; Point::ALL.len()],
    /// Whether there are rules for the point beside those that are always there.
    pub(super) given: [bool; Point::ALL.len()],
    pub(super) policy: Arc<Policy>,
    pub(super) windows: Vec<Arc<TimeWindows>>,
    pub(super) warnings: Vec<RuleWarning>,
}

impl Rules {
    /// Most rules in all.
    pub const MAX: usize = 10_000;
    /// Most conditions of one rule.
    pub const MAX_CONDITIONS: usize = 64;

    /// Rules from code.
    pub fn builder() -> RulesBuilder {
        RulesBuilder::new()
    }

    /// How many rules there are in all, with those that are always there.
    pub fn len(&self) -> usize {
        self.lists.iter().map(Vec::len).sum()
    }

    /// Never: the proxy's own listeners are always refused.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What is probably not meant as it stands.
    pub fn warnings(&self) -> &[RuleWarning] {
        &self.warnings
    }

    /// Every rule in the order in which they are asked, point by point.
    pub fn list(&self) -> impl Iterator<Item = RuleStatus> + '_ {
        Point::ALL.into_iter().flat_map(|point| {
            self.of(point).iter().map(move |rule| RuleStatus {
                point: point.name(),
                rule: rule.name.to_string(),
                verdict: rule.effect.verdict(),
                hits: rule.hits.load(Ordering::Relaxed),
            })
        })
    }

    /// The names of limits that rules set, the same ones again where several do.
    pub fn limits(&self) -> impl Iterator<Item = &Arc<str>> {
        self.compiled().flat_map(|rule| &rule.terms.limits)
    }

    /// The names of limits that rules ask about ([`Condition::UsedUp`](crate::Condition::UsedUp)), the same
    /// ones again where several do. One that nobody keeps is never used up.
    pub fn used_up(&self) -> impl Iterator<Item = &[u8]> {
        self.names(|condition| match condition {
            Condition::UsedUp(names) => Some(names),
            _ => None,
        })
    }

    /// The names of listeners that rules ask about, the same ones again where several do.
    pub fn listeners(&self) -> impl Iterator<Item = &[u8]> {
        self.names(|condition| match condition {
            Condition::Listener(names) => Some(names),
            _ => None,
        })
    }

    fn names(
        &self,
        of: impl Fn(&Condition) -> Option<&Arc<NameSet>>,
    ) -> impl Iterator<Item = &[u8]> {
        let clauses = self.compiled().flat_map(|rule| &rule.clauses);
        let sets = clauses.filter_map(move |clause| of(&clause.condition));
        sets.flat_map(|names| names.iter())
    }

    /// The names of routes that rules choose.
    pub fn routes(&self) -> impl Iterator<Item = &Arc<str>> {
        let grants = self.compiled().filter_map(|rule| match &rule.effect {
            Effect::Allow { grant, .. } => Some(grant),
            _ => None,
        });
        grants.filter_map(|grant| grant.route.as_ref())
    }

    fn compiled(&self) -> impl Iterator<Item = &Compiled> {
        self.lists.iter().flatten()
    }

    /// The next time after `now` at which a time window of any rule opens or closes.
    pub fn next_change(&self, now: Timestamp) -> Option<Timestamp> {
        let changes = self.windows.iter().filter_map(|it| it.next_change(now));
        changes.min()
    }

    #[expect(clippy::indexing_slicing, reason = "as many lists as points")]
    pub(super) fn of(&self, point: Point) -> &[Compiled] {
        &self.lists[point.index()]
    }

    #[expect(clippy::indexing_slicing, reason = "as many as points")]
    pub(super) fn are_given(&self, point: Point) -> bool {
        self.given[point.index()]
    }

    /// Goes on counting where rules of the same point and name have arrived in `old`.
    pub(super) fn adopt_hits(&mut self, old: &Self) {
        for (list, old) in self.lists.iter_mut().zip(&old.lists) {
            let old: std::collections::HashMap<_, _> =
                old.iter().map(|rule| (&rule.name, &rule.hits)).collect();
            for rule in list {
                if let Some(hits) = old.get(&rule.name) {
                    rule.hits = Arc::clone(hits);
                }
            }
        }
    }
}

impl Effect {
    pub(super) fn verdict(&self) -> &'static str {
        match self {
            Self::Allow { .. } => "allow",
            Self::Deny(_) | Self::SafeDefault(_) | Self::OwnListeners(_) => "deny",
        }
    }
}
