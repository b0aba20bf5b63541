use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use socks_core::{
    Address, Command, ReplyCode,
    message::{Endpoint, Identity, Rejection, SessionId, Terms, Version},
    server::HandshakeError,
};

use tokio::time::Instant;

use crate::{BoxError, Incoming, Traffic, limit::VolumeUsedUp, udp::UdpCounters};

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

    /// The relay failed, and that is how the session ended.
    pub(crate) fn relay_failed(&mut self, error: BoxError) -> SessionEnd {
        match VolumeUsedUp::find(&*error) {
            Some(used_up) => {
                self.limit = Some(Arc::clone(used_up.limit()));
                SessionEnd::UsedUp
            }
            None => SessionEnd::Relay(error),
        }
    }

    /// The session is over.
    pub(crate) fn complete(mut self, traffic: &Traffic, started: Instant) -> Self {
        self.sent = traffic.sent();
        self.received = traffic.received();
        self.duration = started.elapsed();
        self
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
    /// A volume was used up while the session ran: that of the report's limit.
    UsedUp,
    /// The relay failed for a reason other than a reset.
    Relay(BoxError),
    /// The client's stream failed in the handshake.
    Io(io::Error),
}

impl SessionEnd {
    /// REP of the reply that ended the session; `None` if it did not end with one.
    pub fn code(&self) -> Option<ReplyCode> {
        match self {
            Self::Refused(code) | Self::Failed { code, .. } => Some(*code),
            _ => None,
        }
    }

    /// One word for logs and metric labels. It never holds anything that a peer chose (`SE-44`).
    pub fn name(&self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Idle => "idle",
            Self::Reset(Side::Client) => "client_reset",
            Self::Reset(Side::Target) => "target_reset",
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
            Self::UsedUp => "used_up",
            Self::Relay(_) => "relay_failed",
            Self::Io(_) => "io",
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
