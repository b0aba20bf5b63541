use std::{fmt, net::SocketAddr};

use jiff::Timestamp;
use socks_core::{
    Address,
    message::{AcceptRequest, AccessRequest},
};

use super::{
    Decision, Point, Rules,
    judge::{Granted, Judged, Refused},
};

/// Rules that are tried out beside those in force.
pub(super) struct Shadow {
    rules: Rules,
    report: Box<dyn Fn(&Difference) + Send + Sync>,
}

/// Where rules that are tried out decide otherwise than those in force, to the client's notice.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Difference {
    /// The point's name.
    pub point: &'static str,
    /// Who asks for what, safe to be logged.
    pub question: String,
    /// The address of the destination that was judged, if one was.
    pub address: Option<SocketAddr>,
    /// What counts.
    pub current: Decision,
    /// What the rules on trial say.
    pub tried: Decision,
}

impl Shadow {
    pub(super) fn new(rules: Rules, report: impl Fn(&Difference) + Send + Sync + 'static) -> Self {
        let report = Box::new(report);
        Self { rules, report }
    }

    pub(super) fn compare_accept(
        &self,
        judged: &Judged<'_>,
        request: &AcceptRequest,
        now: Timestamp,
    ) {
        let tried = self.rules.judge_accept(request, now, &mut |_| {});
        let question = || format!("client {}", request.peer);
        let (current, tried) = (Decision::of(judged), Decision::of(&tried));
        self.report(Point::Accept.name(), question, None, current, tried);
    }

    pub(super) fn compare(&self, judged: &Judged<'_>, request: &AccessRequest, now: Timestamp) {
        let tried = self.rules.judge(request, None, now, &mut |_| {});
        let point = Point::of(request.point).map_or("unknown", Point::name);
        let (current, tried) = (Decision::of(judged), Decision::of(&tried));
        self.report(point, || question(request, None), None, current, tried);
    }

    pub(super) fn compare_address(
        &self,
        judged: &Result<Option<Granted<'_>>, Refused<'_>>,
        request: &AccessRequest,
        requested: Option<&Address>,
        addr: SocketAddr,
        now: Timestamp,
    ) {
        let rules = &self.rules;
        let tried = rules.judge_address(request, requested, addr, None, now, &mut |_| {});
        let (current, tried) = (Decision::of_address(judged), Decision::of_address(&tried));
        let question = || question(request, requested);
        self.report(Point::Request.name(), question, Some(addr), current, tried);
    }

    pub(super) fn compare_name(
        &self,
        judged: &Judged<'_>,
        request: &AccessRequest,
        requested: &Address,
        now: Timestamp,
    ) {
        let tried = self.rules.judge_name(request, requested, now);
        let (current, tried) = (Decision::of(judged), Decision::of(&tried));
        let question = || question(request, Some(requested));
        self.report(Point::Request.name(), question, None, current, tried);
    }

    pub(super) fn compare_sender(
        &self,
        judged: &Judged<'_>,
        request: &AccessRequest,
        sender: SocketAddr,
        now: Timestamp,
    ) {
        let tried = self.rules.judge_sender(request, sender, now);
        let (current, tried) = (Decision::of(judged), Decision::of(&tried));
        let question = || question(request, Some(&sender.into()));
        self.report(
            Point::UdpReply.name(),
            question,
            Some(sender),
            current,
            tried,
        );
    }

    fn report(
        &self,
        point: &'static str,
        question: impl FnOnce() -> String,
        address: Option<SocketAddr>,
        current: Decision,
        tried: Decision,
    ) {
        if current.differs(&tried) {
            let question = question();
            (self.report)(&Difference {
                point,
                question,
                address,
                current,
                tried,
            });
        }
    }
}

pub(super) fn question(request: &AccessRequest, requested: Option<&Address>) -> String {
    let command = request.command.name();
    let to = requested.unwrap_or(&request.destination);
    let peer = &request.conn.peer;
    match &request.identity.user {
        Some(user) => format!("{command} {to} for {user} at {peer}"),
        None => format!("{command} {to} for {peer}"),
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.point, self.question)?;
        if let Some(address) = self.address {
            write!(f, ", address {address}")?;
        }
        write!(f, ": {}, and on trial {}", self.current, self.tried)
    }
}
