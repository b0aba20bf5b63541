use std::{net::SocketAddr, sync::Arc, time::Duration};

use socks_core::{
    Address, Command,
    message::{ConnInfo, Endpoint, Identity, Terms, Version},
};

use crate::{Incoming, SessionReport, Traffic, udp::UdpCounters};

/// What is known of a session at a moment. What is shown of it is to be escaped where a peer chose
/// it, which the `Display` of each type here does (`SE-38`).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Snapshot {
    /// The client's end of its connection.
    pub peer: Endpoint,
    /// The server's end of the client's connection.
    pub local: Endpoint,
    /// The name of the listener.
    pub listener: Option<Arc<str>>,
    /// The protocol, once the first octet has arrived.
    pub version: Option<Version>,
    /// The client's connection as phases see it, once they do.
    pub conn: Option<Arc<ConnInfo>>,
    /// Who the client is, once it was let in.
    pub identity: Option<Arc<Identity>>,
    /// What it asked for.
    pub command: Option<Command>,
    /// Where to: the destination that the client named, canonical.
    pub destination: Option<Address>,
    /// Where it goes in place of that, if the access controller has rewritten it. Boxed, since
    /// nearly no session has one.
    pub rewritten: Option<Box<Address>>,
    /// The rule that allowed it.
    pub terms: Option<Arc<Terms>>,
    /// The limit that was reached, if one was.
    pub limit: Option<Arc<str>>,
    /// How long a CONNECT took to find and reach its target.
    pub dial: Option<Duration>,
    /// BND of the success reply.
    pub bound: Option<SocketAddr>,
    /// The address that was dialled, or that connected to a BIND.
    pub remote: Option<SocketAddr>,
    /// Octets of payload so far; it goes on counting.
    pub traffic: Arc<Traffic>,
    /// The datagrams of a UDP association so far; it goes on counting.
    pub datagrams: Option<Arc<UdpCounters>>,
}

impl Snapshot {
    pub(super) fn new<Io>(incoming: &Incoming<Io>) -> Self {
        Self {
            peer: incoming.peer.clone(),
            local: incoming.local.clone(),
            listener: incoming.listener.clone(),
            version: None,
            conn: None,
            identity: None,
            command: None,
            destination: None,
            rewritten: None,
            terms: None,
            limit: None,
            dial: None,
            bound: None,
            remote: None,
            traffic: Arc::default(),
            datagrams: None,
        }
    }

    /// Takes over what the report has learned. It only ever learns more.
    pub(super) fn learn(&mut self, report: &SessionReport) {
        self.version = report.version;
        self.identity.clone_from(&report.identity);
        self.command = report.command;
        self.destination.clone_from(&report.destination);
        self.terms.clone_from(&report.terms);
        self.limit.clone_from(&report.limit);
        self.dial = report.dial;
        self.bound = report.bound;
        self.remote = report.remote;
        self.datagrams.clone_from(&report.datagrams);
    }

    /// Octets of payload so far.
    pub fn octets(&self) -> Octets {
        Octets::of(&self.traffic)
    }
}

/// Octets of payload, each way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Octets {
    /// From clients to targets.
    pub sent: u64,
    /// From targets to clients.
    pub received: u64,
}

impl Octets {
    pub(crate) fn of(traffic: &Traffic) -> Self {
        Self {
            sent: traffic.sent(),
            received: traffic.received(),
        }
    }

    pub(crate) const fn add(&mut self, other: Self) {
        self.sent = self.sent.saturating_add(other.sent);
        self.received = self.received.saturating_add(other.received);
    }

    /// What came on top of an earlier reading.
    pub(crate) const fn since(self, earlier: Self) -> Self {
        Self {
            sent: self.sent.saturating_sub(earlier.sent),
            received: self.received.saturating_sub(earlier.received),
        }
    }
}
