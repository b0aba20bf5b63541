use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use jiff::Timestamp;
use socks_core::{
    Address, ReplyCode,
    message::{AcceptRequest, AccessRequest, Denial},
};

use super::{
    Point, Rules,
    compiled::Compiled,
    facts::Facts,
    rule::Grant,
    truth::{Known, Truth},
};
use crate::embedded::embedded;

/// What the rules say to one question.
#[derive(Clone, Debug)]
pub(super) enum Judged<'r> {
    /// The rule that grants it; `None` where there are no rules and none are needed.
    Allowed(Option<Granted<'r>>),
    Refused(Refused<'r>),
}

#[derive(Clone, Debug)]
pub(super) struct Granted<'r> {
    pub(super) rule: &'r Compiled,
    pub(super) grant: &'r Arc<Grant>,
    /// Where to in place of the request's destination.
    pub(super) destination: Option<Address>,
}

#[derive(Clone, Debug)]
pub(super) struct Refused<'r> {
    /// `None` if no rule matched.
    pub(super) rule: Option<&'r Compiled>,
    pub(super) why: Why,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Why {
    /// The rule refuses, or there is none.
    Verdict,
    /// The rule allows, but it grants something else than the rule that let the request in, or than
    /// the one for another form of the address.
    OtherGrant,
    /// These rules do not know the point.
    Point,
}

impl<'r> Judged<'r> {
    /// What is allowed must be granted like `granted`, if that is given.
    fn within(self, granted: Option<&Grant>) -> Result<Option<Granted<'r>>, Refused<'r>> {
        match self {
            Self::Refused(refused) => Err(refused),
            Self::Allowed(Some(of)) if granted.is_some_and(|own| !own.agrees(of.grant)) => {
                let (rule, why) = (Some(of.rule), Why::OtherGrant);
                Err(Refused { rule, why })
            }
            Self::Allowed(of) => Ok(of),
        }
    }
}

impl Refused<'_> {
    pub(super) fn denial(&self) -> Denial {
        match (self.why, self.rule) {
            (Why::Verdict, Some(rule)) => rule.denial(),
            (_, Some(rule)) => Denial::new(ReplyCode::NOT_ALLOWED).terms(Arc::clone(&rule.terms)),
            (_, None) => ReplyCode::NOT_ALLOWED.into(),
        }
    }
}

/// Sees every question that a list is asked.
pub(super) type Observer<'o> = &'o mut dyn FnMut(&Facts<'_>);

impl Rules {
    pub(super) fn judge_accept(
        &self,
        request: &AcceptRequest,
        now: Timestamp,
        see: Observer<'_>,
    ) -> Judged<'_> {
        match self.are_given(Point::Accept) {
            true => self.decide(&Facts::of_accept(request, now), see),
            false => Judged::Allowed(None),
        }
    }

    /// Judges a request, and if it is allowed `remote`, an address of its destination.
    pub(super) fn judge(
        &self,
        request: &AccessRequest,
        remote: Option<IpAddr>,
        now: Timestamp,
        see: Observer<'_>,
    ) -> Judged<'_> {
        let Some(point) = Point::of(request.point) else {
            let why = Why::Point;
            return Judged::Refused(Refused { rule: None, why });
        };
        match point {
            Point::Request => self.judge_request(request, remote, now, see),
            Point::BindPeer | Point::UdpReply if !self.are_given(point) => {
                self.follow_request(request, now, see)
            }
            _ if !self.are_given(point) => Judged::Allowed(None),
            _ => self.decide_host(&Facts::of(request, point, now), see),
        }
    }

    fn judge_request(
        &self,
        request: &AccessRequest,
        remote: Option<IpAddr>,
        now: Timestamp,
        see: Observer<'_>,
    ) -> Judged<'_> {
        let judged = self.decide_host(&Facts::of(request, Point::Request, now), see);
        let Judged::Allowed(Some(mut granted)) = judged else {
            return judged;
        };
        let mut request = std::borrow::Cow::Borrowed(request);
        if let Some(rewrite) = &granted.grant.rewrite {
            let destination = rewrite.apply(&request.destination);
            granted.destination = Some(destination.clone());
            request.to_mut().destination = destination;
            let again = self.decide_host(&Facts::of(&request, Point::Request, now), see);
            if let Judged::Refused(_) = again {
                return again;
            }
        }
        if let Some(ip) = remote {
            let addr = SocketAddr::new(ip, request.destination.port());
            let own = granted.destination.is_none().then_some(&**granted.grant);
            let requested = Some(&request.destination);
            if let Err(refused) = self.judge_address(&request, requested, addr, own, now, see) {
                return Judged::Refused(refused);
            }
        }
        Judged::Allowed(Some(granted))
    }

    /// Judges an address that was asked for as `requested`, by the rules for requests. What they
    /// grant must be `granted`, if that is given.
    pub(super) fn judge_address(
        &self,
        request: &AccessRequest,
        requested: Option<&Address>,
        addr: SocketAddr,
        granted: Option<&Grant>,
        now: Timestamp,
        see: Observer<'_>,
    ) -> Result<Option<Granted<'_>>, Refused<'_>> {
        let facts = Facts::of(request, Point::Request, now).asked_as(requested, addr);
        self.decide_host(&facts, see).within(granted)
    }

    /// Judges a name that somebody else looks up, as one without addresses.
    pub(super) fn judge_unresolved(
        &self,
        request: &AccessRequest,
        requested: &Address,
        granted: Option<&Grant>,
        now: Timestamp,
    ) -> Result<Option<Granted<'_>>, Refused<'_>> {
        let facts = Facts::of(request, Point::Request, now).asked_for(requested);
        let ip = match facts.ip {
            Known::Unknown => Known::None,
            ip => ip,
        };
        let facts = Facts { ip, ..facts };
        self.decide_host(&facts, &mut |_| {}).within(granted)
    }

    /// Judges a name before it is looked up.
    pub(super) fn judge_name(
        &self,
        request: &AccessRequest,
        requested: &Address,
        now: Timestamp,
    ) -> Judged<'_> {
        let facts = Facts::of(request, Point::Request, now).asked_for(requested);
        self.decide_host(&facts, &mut |_| {})
    }

    /// Judges who has sent a datagram, where there are rules about that: else it follows from the
    /// requests, and from the relay's policy.
    pub(super) fn judge_sender(
        &self,
        request: &AccessRequest,
        sender: SocketAddr,
        now: Timestamp,
    ) -> Judged<'_> {
        match self.are_given(Point::UdpReply) {
            true => {
                let facts = Facts::of(request, Point::UdpReply, now).asked_as(None, sender);
                self.decide_host(&facts, &mut |_| {})
            }
            false => Judged::Allowed(None),
        }
    }

    /// Where nothing is said about what comes back, it may be whatever the rules for requests could
    /// let the client ask for: by which name it was asked for is not known here, nor the port.
    fn follow_request(
        &self,
        request: &AccessRequest,
        now: Timestamp,
        see: Observer<'_>,
    ) -> Judged<'_> {
        let facts = Facts::of(request, Point::BindPeer, now).as_request();
        self.decide_host(&facts, see)
    }

    /// Judges the host and each IPv4 address inside its address: all must be allowed, and granted the
    /// same (`SE-9`).
    fn decide_host(&self, facts: &Facts<'_>, see: Observer<'_>) -> Judged<'_> {
        let judged = self.decide(facts, see);
        let (Known::Is(IpAddr::V6(ip)), Judged::Allowed(Some(outer))) = (facts.ip, &judged) else {
            return judged;
        };
        for inside in embedded(ip, &self.policy.nat64) {
            match self.decide(&facts.at(inside.into()), see) {
                Judged::Allowed(Some(inner)) if !inner.grant.agrees(outer.grant) => {
                    let (rule, why) = (Some(inner.rule), Why::OtherGrant);
                    return Judged::Refused(Refused { rule, why });
                }
                Judged::Allowed(_) => {}
                refused => return refused,
            }
        }
        judged
    }

    /// The first rule that surely matches decides; before an address is known, it is allowed as well
    /// if an earlier rule may turn out to allow it.
    fn decide(&self, facts: &Facts<'_>, see: Observer<'_>) -> Judged<'_> {
        see(facts);
        let command = facts.command();
        let mut possible = None;
        let mut refused = None;
        for rule in self.of(facts.point) {
            match rule.matches(&self.policy, facts) {
                Truth::No => continue,
                Truth::Depends => possible = possible.or_else(|| perhaps(rule, command)),
                Truth::Yes => match granted(rule, command) {
                    Some(granted) => return Judged::Allowed(Some(granted)),
                    None => {
                        refused = Some(rule);
                        break;
                    }
                },
            }
        }
        match possible {
            Some(granted) => Judged::Allowed(Some(granted)),
            None => Judged::Refused(Refused {
                rule: refused,
                why: Why::Verdict,
            }),
        }
    }
}

fn granted(rule: &Compiled, command: Option<socks_core::Command>) -> Option<Granted<'_>> {
    rule.grant(command).map(|grant| Granted {
        rule,
        grant,
        destination: None,
    })
}

/// What a rule grants that may turn out not to be about the request. Going elsewhere is not for guesses.
fn perhaps(rule: &Compiled, command: Option<socks_core::Command>) -> Option<Granted<'_>> {
    granted(rule, command).filter(|granted| granted.grant.rewrite.is_none())
}
