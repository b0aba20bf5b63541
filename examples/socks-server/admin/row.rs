use std::{fmt, time::SystemTime};

use percent_encoding::{NON_ALPHANUMERIC, percent_encode};
use serde::Serialize;
use socks_core::Escaped;
use socks_tower::{
    sessions::{Live, Octets, Rate},
    udp::{DropReason, UdpCounters},
};

/// A session as it is shown. Names, addresses and whatever else a peer chose are escaped as in the log: printable
/// ASCII, at most 256 octets of each (`SE-38`). What is not known, or not yet, is null.
#[derive(Debug, Serialize)]
pub struct Row {
    /// Number of the session, never used twice while the process runs.
    id: u64,
    /// The client's end of its connection.
    peer: String,
    /// The server's end.
    local: String,
    /// The listener's name.
    listener: Option<String>,
    /// `socks4` or `socks5`.
    version: Option<String>,
    /// The user, if a method proved it.
    user: Option<String>,
    /// The same for the parameter `user`: its octets, percent-encoded. To be taken over as it is.
    user_encoded: Option<String>,
    groups: Vec<String>,
    /// How the client was let in: `none`, `username/password`, `gssapi`, `chap` or a number.
    method: Option<String>,
    /// What the client merely says its name is: SOCKS4's user id.
    claimed: Option<String>,
    /// What the client's host says.
    ident: Option<String>,
    /// `connect`, `bind` or `udp associate`.
    command: Option<String>,
    /// Where to, as the client named it.
    destination: Option<String>,
    /// The address that was dialled, or that connected to a BIND.
    remote: Option<String>,
    /// BND of the success reply.
    bound: Option<String>,
    /// The rule that allowed it.
    rule: Option<String>,
    /// The limits that apply by that rule.
    limits: Vec<String>,
    /// Whether the client has what it asked for; its handshake, lookup or connection is under way otherwise.
    open: bool,
    /// When the connection was accepted, in seconds since 1970.
    started: f64,
    /// For how long it has been there, in seconds.
    age: f64,
    /// Octets of payload so far.
    octets: Each<u64>,
    /// Octets of payload a second.
    rate: Each<f64>,
    /// Of a UDP association.
    datagrams: Option<Datagrams>,
}

/// Each way.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Each<T> {
    /// From clients to targets.
    sent: T,
    /// From targets to clients.
    received: T,
}

#[derive(Debug, Serialize)]
struct Datagrams {
    sent: u64,
    received: u64,
    /// Dropped, for whatever reason.
    dropped: u64,
}

impl Row {
    pub fn new(live: &Live, rate: Rate) -> Self {
        let now = live.snapshot();
        let octets = now.octets();
        let identity = now.identity.as_deref();
        let user = identity.and_then(|identity| identity.user.as_ref());
        let terms = now.terms.as_deref();
        let started = live.started().duration_since(SystemTime::UNIX_EPOCH);
        Self {
            id: live.id().0,
            peer: now.peer.to_string(),
            local: now.local.to_string(),
            listener: now.listener.as_deref().map(escaped),
            version: shown(now.version),
            user: shown(user),
            user_encoded: user
                .map(|user| percent_encode(user.as_bytes(), NON_ALPHANUMERIC).to_string()),
            groups: identity.map_or_else(Vec::new, |identity| {
                identity.groups.iter().map(|group| escaped(group)).collect()
            }),
            method: shown(identity.map(|identity| identity.method)),
            claimed: shown(identity.and_then(|identity| identity.claimed.as_ref())),
            ident: shown(identity.and_then(|identity| identity.ident.as_ref())),
            command: shown(now.command),
            destination: shown(now.destination),
            remote: shown(now.remote),
            bound: shown(now.bound),
            rule: terms.map(|terms| escaped(&terms.rule)),
            limits: terms.map_or_else(Vec::new, |terms| {
                terms.limits.iter().map(|limit| escaped(limit)).collect()
            }),
            open: live.is_open(),
            started: started.map_or(0.0, |started| started.as_millis() as f64 / 1000.0),
            age: live.age().as_millis() as f64 / 1000.0,
            octets: octets.into(),
            rate: rate.into(),
            datagrams: now.datagrams.as_deref().map(Datagrams::from),
        }
    }

    /// Whether `part`, in lower case, is in what tells who it is or where to.
    pub fn has(&self, part: &str) -> bool {
        let text = [
            Some(&self.peer),
            self.listener.as_ref(),
            self.user.as_ref(),
            self.claimed.as_ref(),
            self.command.as_ref(),
            self.destination.as_ref(),
            self.remote.as_ref(),
            self.rule.as_ref(),
        ];
        text.into_iter()
            .flatten()
            .chain(&self.groups)
            .any(|text| text.to_ascii_lowercase().contains(part))
    }
}

fn escaped(text: &str) -> String {
    Escaped(text.as_bytes()).to_string()
}

/// What shows itself escaped.
fn shown(value: Option<impl fmt::Display>) -> Option<String> {
    value.map(|value| value.to_string())
}

impl From<Octets> for Each<u64> {
    fn from(octets: Octets) -> Self {
        Self {
            sent: octets.sent,
            received: octets.received,
        }
    }
}

impl From<Rate> for Each<f64> {
    /// To the octet: more would be noise.
    fn from(rate: Rate) -> Self {
        Self {
            sent: rate.sent.round(),
            received: rate.received.round(),
        }
    }
}

impl From<&UdpCounters> for Datagrams {
    fn from(counters: &UdpCounters) -> Self {
        Self {
            sent: counters.sent(),
            received: counters.received(),
            dropped: DropReason::ALL
                .iter()
                .map(|reason| counters.dropped(*reason))
                .sum(),
        }
    }
}
