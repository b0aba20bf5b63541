use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use socks_core::{
    Command,
    message::{Denial, Terms},
};

use super::{
    Condition, Point,
    facts::Facts,
    rule::{Clause, Grant},
    truth::{Known, Truth},
};
use crate::{Refusal, policy::Policy};

/// A rule as it is asked.
#[derive(Clone, Debug)]
pub(super) struct Compiled {
    pub(super) name: Arc<str>,
    pub(super) clauses: Box<[Clause]>,
    pub(super) effect: Effect,
    pub(super) terms: Arc<Terms>,
    /// Shared with the rule that takes its place in a reload.
    pub(super) hits: Arc<AtomicU64>,
}

#[derive(Clone, Debug)]
pub(super) enum Effect {
    Allow {
        grant: Arc<Grant>,
        /// A condition names BIND (`SE-55`).
        bind: bool,
        any_peer: bool,
    },
    Deny(Denial),
    /// Refuses what the policy does.
    SafeDefault(Denial),
    OwnListeners(Denial),
}

impl Compiled {
    /// Whether the rule is about this question. A rule that refuses is so all the more: what the
    /// permission for a BIND needs is asked of those that allow.
    pub(super) fn matches(&self, policy: &Policy, facts: &Facts<'_>) -> Truth {
        match self.effect {
            Effect::Allow { .. } if self.withheld(facts).is_some() => Truth::No,
            Effect::Allow { .. } | Effect::Deny(_) => self.clauses_hold(facts),
            Effect::SafeDefault(_) => refused_by(policy, facts),
            Effect::OwnListeners(_) => reaches_own_listener(policy, facts),
        }
    }

    fn clauses_hold(&self, facts: &Facts<'_>) -> Truth {
        let mut all = Truth::Yes;
        for clause in &self.clauses {
            match clause.holds(facts) {
                Truth::No => return Truth::No,
                Truth::Depends => all = Truth::Depends,
                Truth::Yes => {}
            }
        }
        all
    }

    /// Why a rule that allows does not allow this BIND.
    pub(super) fn withheld(&self, facts: &Facts<'_>) -> Option<&'static str> {
        let Effect::Allow { bind, any_peer, .. } = self.effect else {
            return None;
        };
        if facts.point != Point::Request || facts.command() != Some(Command::Bind) {
            return None;
        }
        match () {
            () if !bind => Some("BIND needs a rule whose command names it"),
            () if facts.is_bind_extension() => Some("BIND for many peers is not offered"),
            () if facts.any_peer && !any_peer => Some("BIND for any peer needs any_peer"),
            () => None,
        }
    }

    /// What the rule grants, if it allows what `command` asks for. Datagrams cannot go elsewhere, so
    /// a rule that rewrites refuses them.
    pub(super) fn grant(&self, command: Option<Command>) -> Option<&Arc<Grant>> {
        match &self.effect {
            Effect::Allow { grant, .. } => {
                let elsewhere = grant.rewrite.is_some() && command == Some(Command::UdpAssociate);
                (!elsewhere).then_some(grant)
            }
            _ => None,
        }
    }

    pub(super) fn denial(&self) -> Denial {
        match &self.effect {
            Effect::Deny(denial) | Effect::SafeDefault(denial) | Effect::OwnListeners(denial) => {
                denial.clone()
            }
            Effect::Allow { .. } => {
                Denial::from(socks_core::ReplyCode::NOT_ALLOWED).terms(Arc::clone(&self.terms))
            }
        }
    }

    pub(super) fn hit(&self) {
        self.hits.fetch_add(1, Ordering::Relaxed);
    }

    /// Whether every question of its point is this rule's, so that no later rule is ever asked.
    pub(super) fn is_final(&self) -> bool {
        self.clauses.is_empty() && matches!(self.effect, Effect::Allow { .. } | Effect::Deny(_))
    }

    /// Whether the rule could be about a BIND that one without conditions does not allow.
    pub(super) fn allows_bind(&self) -> bool {
        matches!(self.effect, Effect::Allow { bind: true, .. })
    }
}

impl Clause {
    pub(super) fn holds(&self, facts: &Facts<'_>) -> Truth {
        match (facts.satisfy(&self.condition), self.negated) {
            (truth, false) => truth,
            (truth, true) => truth.not(),
        }
    }

    pub(super) fn names_bind(&self) -> bool {
        let Condition::Command(commands) = &self.condition else {
            return false;
        };
        !self.negated && commands.contains(&Command::Bind)
    }
}

/// Whether the safe default refuses the host, whose embedded addresses are questions of their own.
fn refused_by(policy: &Policy, facts: &Facts<'_>) -> Truth {
    match (refusal(policy, facts), facts.ip) {
        (Some(_), _) => Truth::Yes,
        (None, Known::Unknown) => Truth::Depends,
        (None, _) => Truth::No,
    }
}

/// Why the safe default refuses what is known of the host.
pub(super) fn refusal(policy: &Policy, facts: &Facts<'_>) -> Option<Refusal> {
    let port = port(facts);
    let by_name = match facts.name {
        Known::Is(name) => policy.judge_name(facts.local, name, port).err(),
        Known::None | Known::Unknown => None,
    };
    by_name.or_else(|| match facts.ip {
        Known::Is(ip) => policy.judge_one(facts.local, ip, port).err(),
        Known::None | Known::Unknown => None,
    })
}

fn reaches_own_listener(policy: &Policy, facts: &Facts<'_>) -> Truth {
    match facts.ip {
        Known::Is(ip) => {
            let local = facts.local.socket_addr();
            policy.own.is_listener(local, ip, port(facts)).into()
        }
        Known::None => Truth::No,
        Known::Unknown => Truth::Depends,
    }
}

/// 0, which nothing listens on, while the port is not known.
fn port(facts: &Facts<'_>) -> u16 {
    match facts.port {
        Known::Is(port) => port,
        Known::None | Known::Unknown => 0,
    }
}
