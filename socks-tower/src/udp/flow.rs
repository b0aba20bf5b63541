use std::{
    io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use socks_core::{Domain, message::Associate, subnegotiation::DatagramProtection};
use tokio::time::Instant;

use super::{
    Datagram, DatagramFilter, DatagramVerdict, DropReason, UdpCounters, bucket::Rates,
    client::Client, fragments::Fragments, names::Names, settings::Settings, targets::Targets,
};
use crate::{Cut, Traffic, time::after};

/// Octets that a datagram from outside leaves free in front of it, for the longest header that
/// the relay writes: IPv6.
pub(super) const HEADROOM: usize = 22;

/// Octets of payload of the longest datagram, over IPv6.
const MAX_PAYLOAD: usize = 65_527;

/// Where the decisions of a [`Flow`] lead.
pub(super) trait Outlet {
    /// Sends a payload to a target at once.
    fn to_target(&mut self, to: SocketAddr, data: &[u8]) -> io::Result<()>;
    /// Has a payload sent to a target, with others. What becomes of it is told to
    /// [`Flow::settle`].
    fn queue_to_target(&mut self, to: SocketAddr, data: &[u8]);
    /// The same for a datagram to the client, header and all, with so many octets of payload.
    fn queue_to_client(&mut self, to: SocketAddr, datagram: &[u8], payload: usize);
    /// Begins a lookup, whose end is told to [`Flow::resolved`].
    fn resolve(&mut self, name: Domain);
    /// The datagram that has arrived is the client's: answers leave from where it came in.
    fn heard(&mut self) {}
    /// From now on the client sends from here only.
    fn pin(&mut self, client: SocketAddr);
    /// Whether targets of this family can be reached at all.
    fn reaches(&self, to: SocketAddr) -> bool;
}

/// The decisions about the datagrams of one association: no socket, no clock.
pub(super) struct Flow {
    pub(super) client: Client,
    pub(super) targets: Targets,
    pub(super) names: Names,
    pub(super) fragments: Option<Fragments>,
    pub(super) protection: Option<Arc<dyn DatagramProtection>>,
    pub(super) filter: Option<Arc<dyn DatagramFilter>>,
    pub(super) to_target: Rates,
    pub(super) to_client: Rates,
    pub(super) traffic: Arc<Traffic>,
    pub(super) counters: Arc<UdpCounters>,
    pub(super) idle: Duration,
    pub(super) active: Instant,
    pub(super) ends: Option<Instant>,
    /// The filter ended it.
    pub(super) cut: Option<Cut>,
}

impl Flow {
    pub(super) fn new(
        settings: &Settings,
        associate: &Associate,
        ip: IpAddr,
        now: Instant,
    ) -> Self {
        let rates = || Rates::new(settings.datagram_rate, settings.octet_rate, now);
        let (permit, max) = (associate.permit.clone(), settings.max_targets);
        let reassembly = settings.reassembly.clone();
        let filter = settings.filter.as_ref();
        Self {
            client: Client::new(ip, &associate.destination, settings.pin),
            targets: Targets::new(permit, settings.replies, max, now),
            names: Names::new(settings.names),
            fragments: reassembly.map(|reassembly| Fragments::new(reassembly, now)),
            protection: associate.protection.clone(),
            filter: filter.and_then(|make| make.make(associate)),
            to_target: rates(),
            to_client: rates(),
            traffic: Arc::default(),
            counters: Arc::default(),
            idle: settings.idle,
            active: now,
            ends: settings.lifetime.map(|lifetime| after(now, lifetime)),
            cut: None,
        }
    }

    pub(super) fn traffic(&self) -> &Arc<Traffic> {
        &self.traffic
    }

    pub(super) fn counters(&self) -> &Arc<UdpCounters> {
        &self.counters
    }

    pub(super) fn is_protected(&self) -> bool {
        self.protection.is_some()
    }

    /// What is relayed in place of the datagram's payload, if anything is.
    pub(super) fn judge(&mut self, datagram: &Datagram<'_>) -> Result<Option<Bytes>, DropReason> {
        let verdict = self.filter.as_ref().map(|filter| filter.judge(datagram));
        match verdict {
            None | Some(DatagramVerdict::Pass) => Ok(None),
            Some(DatagramVerdict::Rewrite(data)) => match data.len() {
                ..=MAX_PAYLOAD => Ok(Some(data)),
                _ => Err(DropReason::Oversize),
            },
            Some(DatagramVerdict::Drop) => Err(DropReason::Filtered),
            Some(DatagramVerdict::Cut(cut)) => {
                self.cut.get_or_insert(cut);
                Err(DropReason::Filtered)
            }
        }
    }

    /// A socket reported an error, such as one that ICMP brought (`UD-39`).
    pub(super) fn failed(&self, error: &io::Error) {
        tracing::trace!(%error, "datagram socket");
        self.counters.drop_one(reason_of(error));
    }

    /// The system dropped so many datagrams that waited.
    pub(super) fn unread(&self, datagrams: u32) {
        let datagrams = usize::try_from(datagrams).unwrap_or(usize::MAX);
        self.counters.drop_many(DropReason::Unread, datagrams);
    }

    /// When something is due next: [`expire`](Self::expire), or the end.
    pub(super) fn deadline(&self) -> Instant {
        let idle = after(self.active, self.idle);
        let others = [
            self.ends,
            self.names.deadline(),
            self.fragments.as_ref().and_then(Fragments::deadline),
        ];
        others.into_iter().flatten().fold(idle, Instant::min)
    }

    /// Does what is due. True once the association is over (`UD-38`, `SE-21`).
    pub(super) fn expire(&mut self, now: Instant) -> bool {
        self.names.expire(now, &self.counters);
        if let Some(fragments) = &mut self.fragments {
            fragments.expire(now, &self.counters);
        }
        let idle = after(self.active, self.idle);
        idle <= now || self.ends.is_some_and(|ends| ends <= now)
    }
}

pub(super) fn reason(error: io::Error) -> DropReason {
    reason_of(&error)
}

pub(super) fn reason_of(error: &io::Error) -> DropReason {
    match error.kind() {
        io::ErrorKind::WouldBlock | io::ErrorKind::OutOfMemory => DropReason::Congested,
        _ if is(error, NO_BUFFERS) => DropReason::Congested,
        _ if is(error, TOO_LONG) => DropReason::Oversize,
        _ => DropReason::Socket,
    }
}

// Two that the standard library has no kind for.
#[cfg(unix)]
const NO_BUFFERS: i32 = libc::ENOBUFS;
#[cfg(unix)]
const TOO_LONG: i32 = libc::EMSGSIZE;
/// WSAENOBUFS
#[cfg(not(unix))]
const NO_BUFFERS: i32 = 10055;
/// WSAEMSGSIZE
#[cfg(not(unix))]
const TOO_LONG: i32 = 10040;

fn is(error: &io::Error, code: i32) -> bool {
    error.raw_os_error() == Some(code)
}
