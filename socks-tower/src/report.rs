use std::{error::Error, io, net::SocketAddr, sync::Arc, time::Duration};

use socks_core::{
    Address, Command, ReplyCode,
    message::{Denial, Endpoint, Identity, Rejection, SessionId, Terms, Version},
    server::HandshakeError,
};

use tokio::time::Instant;

use crate::{BoxError, Cut, Incoming, Traffic, sessions::EndReason, udp::UdpCounters};

/// What became of a session: the answer of [`SocksService`](crate::SocksService) to every
/// connection, however it ended.
#[derive(Debug)]
#[non_exhaustive]
pub struct SessionReport {
    /// Number of the session.
    pub id: SessionId,
    /// The client's end of its connection.
    pub peer: Endpoint,
    /// The server's end of the client's connection.
    pub local: Endpoint,
    /// The name of the listener.
    pub listener: Option<Arc<str>>,
    /// The protocol, once the first octet has arrived.
    pub version: Option<Version>,
    /// Who the client is, once it was let in.
    pub identity: Option<Arc<Identity>>,
    /// What it asked for.
    pub command: Option<Command>,
    /// Where to: the destination that the client named, canonical.
    pub destination: Option<Address>,
    /// The rule that allowed or refused it, with what that says about logs.
    pub terms: Option<Arc<Terms>>,
    /// The limit that was reached, if that is why it was refused or cut.
    pub limit: Option<Arc<str>>,
    /// How long a CONNECT took to find and reach its target, if it did.
    pub dial: Option<Duration>,
    /// BND of the success reply.
    pub bound: Option<SocketAddr>,
    /// The address that was dialled, or that connected to a BIND.
    pub remote: Option<SocketAddr>,
    /// Octets of payload from the client to the target.
    pub sent: u64,
    /// Octets of payload from the target to the client.
    pub received: u64,
    /// The datagrams of a UDP association.
    pub datagrams: Option<Arc<UdpCounters>>,
    /// From the accepted connection to the end.
    pub duration: Duration,
    /// How it ended.
    pub end: SessionEnd,
}

impl SessionReport {
    pub(crate) fn new<Io>(incoming: &Incoming<Io>) -> Self {
        Self {
            id: incoming.id,
            peer: incoming.peer.clone(),
            local: incoming.local.clone(),
            listener: incoming.listener.clone(),
            version: None,
            identity: None,
            command: None,
            destination: None,
            terms: None,
            limit: None,
            dial: None,
            bound: None,
            remote: None,
            sent: 0,
            received: 0,
            datagrams: None,
            duration: Duration::ZERO,
            end: SessionEnd::Disconnected,
        }
    }

    /// What was decided about it, by a rule or a limit.
    pub(crate) fn denied(&mut self, denial: Denial) {
        if denial.terms.is_some() {
            self.terms = denial.terms;
        }
        self.limit = denial.limit;
    }

    /// Somebody ended what was relayed.
    pub(crate) fn cut(&mut self, cut: &Cut) -> SessionEnd {
        if cut.terms.is_some() {
            self.terms.clone_from(&cut.terms);
        }
        self.limit.clone_from(&cut.limit);
        SessionEnd::Cut(cut.reason)
    }

    /// A copy, for whoever keeps it longer than its service: what failed is text in it.
    #[cfg(feature = "accounting")]
    pub(crate) fn copy(&self) -> Self {
        Self {
            id: self.id,
            peer: self.peer.clone(),
            local: self.local.clone(),
            listener: self.listener.clone(),
            version: self.version,
            identity: self.identity.clone(),
            command: self.command,
            destination: self.destination.clone(),
            terms: self.terms.clone(),
            limit: self.limit.clone(),
            dial: self.dial,
            bound: self.bound,
            remote: self.remote,
            sent: self.sent,
            received: self.received,
            datagrams: self.datagrams.clone(),
            duration: self.duration,
            end: self.end.copy(),
        }
    }

    /// The session is over.
    pub(crate) fn complete(&mut self, traffic: &Traffic, started: Instant) {
        self.sent = traffic.sent();
        self.received = traffic.received();
        self.duration = started.elapsed();
    }
}

/// How a session ended.
#[derive(Debug)]
#[non_exhaustive]
pub enum SessionEnd {
    /// Both directions ended, or the client ended its UDP association.
    Closed,
    /// Nothing passed for the idle timeout.
    Idle,
    /// One side reset its connection, which was passed on to the other (`SE-49`).
    Reset(Side),
    /// Somebody ended it while it could have gone on, for the reason of a [`Cut`]; the report has its terms
    /// and limit.
    Cut(&'static str),
    /// The client was not let in when it connected, and heard nothing (`SE-19`): by a rule or a
    /// limit, which the report has.
    NotAdmitted,
    /// What decides who is let in failed or did not answer in time, so the client was not (`SE-19`).
    Admission(BoxError),
    /// The client left before it got a reply.
    Disconnected,
    /// A deadline of the handshake passed: the first octet's, the request's, a write's, or the one
    /// for the relay to get ready.
    TimedOut,
    /// The client broke the protocol, or spoke another one.
    Malformed(HandshakeError),
    /// No method that the client offers is served to it (`R5-14`).
    NoAcceptableMethod,
    /// The authenticator did not let the client in.
    Rejected(Rejection),
    /// The authenticator failed or did not answer in time, so the client was not let in (`UP-17`).
    Authenticator(BoxError),
    /// The access controller refused the request, or the command is not served.
    Refused(ReplyCode),
    /// A phase failed, and the client was told this code.
    Failed {
        /// REP of the reply; for SOCKS4 it stands for `5B`.
        code: ReplyCode,
        /// What failed, with its sources.
        error: BoxError,
    },
    /// The relay failed for a reason other than a reset.
    Relay(BoxError),
    /// The client's stream failed in the handshake.
    Io(io::Error),
    /// Somebody ended it from outside ([`Sessions`](crate::Sessions)). Boxed, so that it costs others no
    /// room.
    Ended(Box<EndReason>),
    /// Its future was dropped, by a drain that took too long or by its application, or a layer
    /// around the service failed. No service answers with this: layers that [keep
    /// records](crate::record) make it of what they know.
    Aborted,
    /// It has not: this is how it stands while it goes on, for accounting.
    Running,
}

impl SessionEnd {
    /// REP of the reply that ended the session; `None` if it did not end with one.
    pub fn code(&self) -> Option<ReplyCode> {
        match self {
            Self::Refused(code) | Self::Failed { code, .. } => Some(*code),
            _ => None,
        }
    }

    /// Why it was ended from outside, if it was.
    pub fn reason(&self) -> Option<&EndReason> {
        match self {
            Self::Ended(reason) => Some(reason),
            _ => None,
        }
    }

    /// What failed, if something did.
    pub fn error(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Failed { error, .. }
            | Self::Admission(error)
            | Self::Authenticator(error)
            | Self::Relay(error) => Some(&**error),
            Self::Malformed(error) => Some(error),
            Self::Io(error) => Some(error),
            _ => None,
        }
    }

    #[cfg(feature = "accounting")]
    fn copy(&self) -> Self {
        let text = |error: &BoxError| crate::error::Chain(&**error).to_string().into();
        match self {
            Self::Closed => Self::Closed,
            Self::Idle => Self::Idle,
            Self::Reset(side) => Self::Reset(*side),
            Self::Cut(reason) => Self::Cut(reason),
            Self::NotAdmitted => Self::NotAdmitted,
            Self::Admission(error) => Self::Admission(text(error)),
            Self::Disconnected => Self::Disconnected,
            Self::TimedOut => Self::TimedOut,
            Self::Malformed(error) => Self::Malformed(*error),
            Self::NoAcceptableMethod => Self::NoAcceptableMethod,
            Self::Rejected(rejection) => Self::Rejected(*rejection),
            Self::Authenticator(error) => Self::Authenticator(text(error)),
            Self::Refused(code) => Self::Refused(*code),
            Self::Failed { code, error } => Self::Failed {
                code: *code,
                error: text(error),
            },
            Self::Relay(error) => Self::Relay(text(error)),
            Self::Io(error) => Self::Io(io::Error::new(error.kind(), error.to_string())),
            Self::Ended(reason) => Self::Ended(reason.clone()),
            Self::Aborted => Self::Aborted,
            Self::Running => Self::Running,
        }
    }

    /// One word for logs and metric labels. It never holds anything that a peer chose (`SE-44`).
    pub fn name(&self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Idle => "idle",
            Self::Reset(Side::Client) => "client_reset",
            Self::Reset(Side::Target) => "target_reset",
            Self::Cut(_) => "cut",
            Self::NotAdmitted => "not_admitted",
            Self::Admission(_) => "admission_failed",
            Self::Disconnected => "disconnected",
            Self::TimedOut => "timed_out",
            Self::Malformed(_) => "malformed",
            Self::NoAcceptableMethod => "no_acceptable_method",
            Self::Rejected(Rejection::IdentUnreachable) => "ident_unreachable",
            Self::Rejected(Rejection::IdentMismatch) => "ident_mismatch",
            Self::Rejected(_) => "rejected",
            Self::Authenticator(_) => "authenticator_failed",
            Self::Refused(_) => "refused",
            Self::Failed { .. } => "failed",
            Self::Relay(_) => "relay_failed",
            Self::Io(_) => "io",
            Self::Ended(_) => "ended",
            Self::Aborted => "aborted",
            Self::Running => "running",
        }
    }
}

/// One of the two connections of a tunnel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    /// The SOCKS client.
    Client,
    /// The target it reaches through the server.
    Target,
}
