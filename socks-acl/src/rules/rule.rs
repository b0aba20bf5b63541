use std::sync::Arc;

use socks_core::{ReplyCode, message::Egress};

use super::{Condition, Rewrite};

/// A rule: whom and what it is about, and what is decided then.
///
/// ```
/// use socks_acl::{Condition, Point, PortSet, Rule, Rules};
///
/// let web = PortSet::from_iter([80, 443]);
/// let rules = Rules::builder()
///     .rule(Point::Request, Rule::allow("web").when(Condition::Port(web.into())))
///     .build()?;
/// let names: Vec<_> = rules.list().map(|status| status.rule).collect();
/// assert_eq!(names, ["own listeners", "safe default", "web"]);
/// # Ok::<(), socks_acl::RuleError>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Rule {
    pub(crate) name: Option<Arc<str>>,
    pub(super) clauses: Vec<Clause>,
    pub(crate) ruling: Ruling,
    pub(crate) reply: Option<ReplyCode>,
    pub(crate) any_peer: bool,
    pub(crate) grant: Grant,
}

/// A condition, or that it does not hold.
#[derive(Clone, Debug)]
pub(super) struct Clause {
    pub(super) negated: bool,
    pub(super) condition: Condition,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ruling {
    Allow,
    Deny,
    SafeDefault,
    OwnListeners,
}

/// What a rule grants beside yes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Grant {
    pub(crate) rewrite: Option<Rewrite>,
    pub(crate) route: Option<Arc<str>>,
    pub(crate) egress: Option<Egress>,
    pub(crate) limits: Vec<Arc<str>>,
    pub(crate) log_class: Option<Arc<str>>,
    pub(crate) conceal: bool,
}

impl Rule {
    /// A rule that allows. Of the commands it allows BIND only if [`Condition::Command`] names it
    /// (`SE-55`).
    pub fn allow(name: impl Into<Arc<str>>) -> Self {
        Self::new(Some(name.into()), Ruling::Allow)
    }

    /// A rule that refuses, with `02` unless [`reply`](Self::reply) says otherwise.
    pub fn deny(name: impl Into<Arc<str>>) -> Self {
        Self::new(Some(name.into()), Ruling::Deny)
    }

    /// The place of the safe default in its list, which is first otherwise. What it refuses no later
    /// rule allows; what it does not refuse is up to the later rules.
    pub fn safe_default() -> Self {
        Self::new(None, Ruling::SafeDefault)
    }

    pub(crate) fn new(name: Option<Arc<str>>, ruling: Ruling) -> Self {
        Self {
            name,
            clauses: Vec::new(),
            ruling,
            reply: None,
            any_peer: false,
            grant: Grant::default(),
        }
    }

    /// Holds only if `condition` does, and all others.
    pub fn when(self, condition: Condition) -> Self {
        self.clause(false, condition)
    }

    /// Holds only if `condition` does not.
    pub fn unless(self, condition: Condition) -> Self {
        self.clause(true, condition)
    }

    pub(crate) fn clause(mut self, negated: bool, condition: Condition) -> Self {
        self.clauses.push(Clause { negated, condition });
        self
    }

    /// What the client is told by a rule that refuses.
    pub fn reply(mut self, reply: ReplyCode) -> Self {
        self.reply = Some(reply);
        self
    }

    /// Allows BIND for whoever comes, too: a request whose expected peer is zeros (`SE-58`). Conditions
    /// on the destination are then about whoever has come.
    pub fn any_peer(mut self) -> Self {
        self.any_peer = true;
        self
    }

    /// Goes there in place of the destination, which is judged again and must be allowed, too. This
    /// rule says what else is granted, and a second rewrite does not count.
    pub fn rewrite(mut self, to: impl Into<Rewrite>) -> Self {
        self.grant.rewrite = Some(to.into());
        self
    }

    /// The name of the route that a routing connector takes.
    pub fn route(mut self, route: impl Into<Arc<str>>) -> Self {
        self.grant.route = Some(route.into());
        self
    }

    /// From where connections leave.
    pub fn egress(mut self, egress: Egress) -> Self {
        self.grant.egress = Some(egress);
        self
    }

    /// The name of a limit that applies, over those that apply to everybody. Adds up over calls.
    pub fn limit(mut self, limit: impl Into<Arc<str>>) -> Self {
        self.grant.limits.push(limit.into());
        self
    }

    /// In which class of the log the session is written down.
    pub fn log(mut self, class: impl Into<Arc<str>>) -> Self {
        self.grant.log_class = Some(class.into());
        self
    }

    /// Answers `01` where the reply would tell what exists behind the server (`SE-45`).
    pub fn conceal(mut self) -> Self {
        self.grant.conceal = true;
        self
    }
}

impl Grant {
    /// Whether both grant the same, how it is logged aside.
    pub(super) fn agrees(&self, other: &Self) -> bool {
        let Self {
            rewrite,
            route,
            egress,
            limits,
            log_class: _,
            conceal,
        } = self;
        *rewrite == other.rewrite
            && *route == other.route
            && *egress == other.egress
            && *limits == other.limits
            && *conceal == other.conceal
    }
}
