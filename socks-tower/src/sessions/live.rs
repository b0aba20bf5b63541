use std::{
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::Waker,
    time::{Duration, SystemTime},
};

use futures_util::task::AtomicWaker;
use socks_core::{
    Address,
    message::{AccessRequest, ConnInfo, SessionId},
};
use tokio::time::Instant;

use super::{Drain, EndReason, Judgement, Octets, Snapshot, judgement::Judge};
use crate::{Incoming, SessionEnd, SessionReport, Traffic};

/// A session under way, as everybody sees it but the client.
///
/// Its service writes down here what becomes known ([`snapshot`](Self::snapshot)); layers and
/// whoever got it from [`Sessions`](super::Sessions) read it, and may [`end`](Self::end) the
/// session. It outlives the session for as long as somebody holds it, and then shows how the
/// session was when it ended.
pub struct Live {
    id: SessionId,
    accepted: Instant,
    started: SystemTime,
    open: AtomicBool,
    /// Somebody has an order for the session's future.
    ordered: AtomicBool,
    waker: AtomicWaker,
    state: Mutex<State>,
}

struct State {
    known: Snapshot,
    order: Option<Order>,
    /// Asked once the remote address is known, or the session is open without one: rules have
    /// changed while it was dialled.
    judge: Option<Judge>,
}

/// What is to become of a session.
#[derive(Clone, Debug)]
pub(super) enum Order {
    End(EndReason),
    Drain(Drain),
}

impl Live {
    pub(crate) fn new<Io>(incoming: &Incoming<Io>) -> Self {
        Self {
            id: incoming.id,
            accepted: incoming.accepted,
            started: SystemTime::now(),
            open: AtomicBool::new(false),
            ordered: AtomicBool::new(false),
            waker: AtomicWaker::new(),
            state: Mutex::new(State {
                known: Snapshot::new(incoming),
                order: None,
                judge: None,
            }),
        }
    }

    /// Number of the session.
    pub fn id(&self) -> SessionId {
        self.id
    }

    /// When the connection was accepted.
    pub fn accepted(&self) -> Instant {
        self.accepted
    }

    /// When the connection was accepted, by the calendar: for logs. Clocks that are set make it
    /// useless for durations.
    pub fn started(&self) -> SystemTime {
        self.started
    }

    /// Since the connection was accepted.
    pub fn age(&self) -> Duration {
        self.accepted.elapsed()
    }

    /// Whether the client has what it asked for: a tunnel to its target or peer, or an association.
    /// It stays so after the end.
    pub fn is_open(&self) -> bool {
        self.open.load(Ordering::Acquire)
    }

    /// What is known now.
    pub fn snapshot(&self) -> Snapshot {
        self.state().known.clone()
    }

    /// Octets of payload so far.
    pub fn octets(&self) -> Octets {
        self.state().known.octets()
    }

    /// Whether the session is this user's, by a method that proves it.
    pub fn is_user(&self, name: &[u8]) -> bool {
        let state = self.state();
        let user = state.known.identity.as_ref();
        let user = user.and_then(|identity| identity.user.as_ref());
        user.is_some_and(|user| user.as_bytes() == name)
    }

    /// The question that an access controller was asked about the session, to ask it again; `None`
    /// while the client has not asked for anything. What was dialled is [`Snapshot::remote`]: ask
    /// the new permit about it, if that goes [to the same place](Snapshot::rewritten) at all, and for
    /// the peer of a BIND ask [at its point](socks_core::message::AccessPoint::BindPeer) as well. What
    /// layers attached to the first question is not in it.
    pub fn access_request(&self) -> Option<AccessRequest> {
        let state = self.state();
        let known = &state.known;
        Some(AccessRequest::new(
            known.conn.clone()?,
            known.identity.clone()?,
            known.command?,
            known.destination.clone()?,
        ))
    }

    /// Ends the session, as soon as its task is run, where a
    /// [`SessionsLayer`](super::SessionsLayer) is around it. The first reason stands; false if
    /// there was one.
    pub fn end(&self, reason: EndReason) -> bool {
        let state = self.state();
        if let Some(Order::End(_)) = state.order {
            return false;
        }
        self.give(state, Order::End(reason));
        true
    }

    /// Ends the session when it pauses. It changes nothing about a session that is to end already.
    pub fn drain(&self, drain: Drain) {
        let state = self.state();
        if state.order.is_none() {
            self.give(state, Order::Drain(drain));
        }
    }

    fn give(&self, mut state: MutexGuard<'_, State>, order: Order) {
        state.order = Some(order);
        drop(state);
        self.ordered.store(true, Ordering::Release);
        self.waker.wake();
    }

    /// Judges it now, and once more when its remote address becomes known if it is not yet: what is
    /// dialled just now was permitted by the old rules.
    pub(super) fn judge(&self, judge: &Judge) -> Judgement {
        if !self.is_open() {
            self.state().judge = Some(Arc::clone(judge));
        }
        self.apply(judge(self))
    }

    fn apply(&self, judgement: Judgement) -> Judgement {
        match judgement {
            Judgement::Keep => {}
            Judgement::Cut => drop(self.end(EndReason::Rules)),
            Judgement::Drain(drain) => self.drain(drain),
        }
        judgement
    }

    /// The service has taken the connection over, after all layers that change what is known of it.
    pub(crate) fn begin<Io>(&self, incoming: &Incoming<Io>, traffic: &Arc<Traffic>) {
        let known = &mut self.state().known;
        known.peer.clone_from(&incoming.peer);
        known.local.clone_from(&incoming.local);
        known.listener.clone_from(&incoming.listener);
        known.traffic = Arc::clone(traffic);
    }

    pub(crate) fn connected(&self, conn: &Arc<ConnInfo>) {
        self.state().known.conn = Some(Arc::clone(conn));
    }

    /// The access controller sends it there.
    pub(crate) fn rewritten(&self, destination: &Address) {
        self.state().known.rewritten = Some(destination.clone().into());
    }

    /// The report has learned something.
    pub(crate) fn learn(&self, report: &SessionReport) {
        let mut state = self.state();
        state.known.learn(report);
        // Whoever changes the rules from here on sees the remote address.
        let judge = match state.known.remote {
            Some(_) => state.judge.take(),
            None => None,
        };
        drop(state);
        if let Some(judge) = judge {
            self.apply(judge(self));
        }
    }

    /// The client has what it asked for, and octets count there from now on.
    pub(crate) fn opened(&self, traffic: Option<&Arc<Traffic>>) {
        let mut state = self.state();
        if let Some(traffic) = traffic {
            state.known.traffic = Arc::clone(traffic);
        }
        let judge = state.judge.take();
        drop(state);
        self.open.store(true, Ordering::Release);
        // Nobody could say where it leads, or it leads nowhere yet.
        if let Some(judge) = judge {
            self.apply(judge(self));
        }
    }

    /// What is to be said of a session that has not said it itself.
    pub(crate) fn report(&self, end: SessionEnd) -> SessionReport {
        let known = self.snapshot();
        let Octets { sent, received } = known.octets();
        let ended = end.reason().and_then(EndReason::limit).cloned();
        SessionReport {
            id: self.id,
            peer: known.peer,
            local: known.local,
            listener: known.listener,
            version: known.version,
            identity: known.identity,
            command: known.command,
            destination: known.destination,
            terms: known.terms,
            limit: ended.or(known.limit),
            dial: known.dial,
            bound: known.bound,
            remote: known.remote,
            sent,
            received,
            datagrams: known.datagrams,
            duration: self.age(),
            end,
        }
    }

    /// The order that waits for the session's future, which is woken by the next one.
    pub(super) fn order(&self, waker: &Waker) -> Option<Order> {
        self.waker.register(waker);
        if !self.ordered.load(Ordering::Acquire) {
            return None;
        }
        self.state().order.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Live {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Live")
            .field("id", &self.id)
            .field("open", &self.is_open())
            .field("known", &self.snapshot())
            .finish_non_exhaustive()
    }
}
