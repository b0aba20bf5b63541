use std::{
    future::Future,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    sync::Arc,
    time::Duration,
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::{
    Addrs, Name, ResolveError, ResolveErrorKind,
    clients::{Clients, Place},
};

/// Lookups of one client that are under way by default: a quarter of all.
pub(super) const PER_CLIENT: usize = 16;

/// Lookups of one client that wait for a free one.
pub(super) const WAITING: usize = 64;

/// What counts a lookup for as long as it is held: until the work is over, not until the caller stops
/// waiting.
#[derive(Debug)]
pub(super) struct Counted {
    _name: Name,
    _client: Option<Place>,
    _all: OwnedSemaphorePermit,
}

/// What every resolver here keeps to (`SE-23`, `SE-42`).
#[derive(Clone, Debug)]
pub(super) struct Limits {
    pub(super) deadline: Duration,
    pub(super) max_addresses: usize,
    pub(super) link_local: bool,
    pub(super) lookups: Arc<Semaphore>,
    pub(super) clients: Arc<Clients>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            deadline: Duration::from_secs(5),
            max_addresses: 16,
            link_local: false,
            lookups: Self::lookups(64),
            clients: Clients::new(PER_CLIENT, WAITING),
        }
    }
}

impl Limits {
    /// A bound of `max` lookups, at least one.
    pub(super) fn lookups(max: usize) -> Arc<Semaphore> {
        Arc::new(Semaphore::new(max.clamp(1, Semaphore::MAX_PERMITS)))
    }

    /// Runs a lookup within the deadline, once one is free: first one of the client's, so that a
    /// client with many lookups takes none from others while it waits.
    pub(super) async fn run<F, A>(
        self,
        name: Name,
        lookup: impl FnOnce(Counted) -> F,
    ) -> Result<Addrs, ResolveError>
    where
        F: Future<Output = Result<A, ResolveError>>,
        A: IntoIterator<Item = IpAddr>,
    {
        let failed = |error| ResolveError::with_source(ResolveErrorKind::Failed, error);
        let answers = tokio::time::timeout(self.deadline, async {
            let client = turn(&self.clients, &name).await?;
            let all = self.lookups.clone().acquire_owned().await.map_err(failed)?;
            let counted = Counted {
                _name: name,
                _client: client,
                _all: all,
            };
            lookup(counted).await
        })
        .await
        .map_err(|_| ResolveError::new(ResolveErrorKind::TimedOut))??;
        self.usable(answers)
    }

    fn usable(&self, answers: impl IntoIterator<Item = IpAddr>) -> Result<Addrs, ResolveError> {
        let addrs: Addrs = answers
            .into_iter()
            .filter(|&ip| self.link_local || !is_link_local(ip))
            .take(self.max_addresses)
            .collect();
        if addrs.as_slice().is_empty() {
            return Err(ResolveError::new(ResolveErrorKind::NoAddresses));
        }
        Ok(addrs)
    }
}

/// Waits for a lookup of the client's; a name that is for no client needs none.
pub(super) async fn turn(
    clients: &Arc<Clients>,
    name: &Name,
) -> Result<Option<Place>, ResolveError> {
    let Some(conn) = &name.conn else {
        return Ok(None);
    };
    let place = clients.enter(conn.peer.ip());
    let place = place.ok_or(ResolveError::new(ResolveErrorKind::TooMany))?;
    Ok(Some(place.turn().await))
}

fn is_link_local(ip: IpAddr) -> bool {
    match ip.to_canonical() {
        IpAddr::V4(ip) => ip.is_link_local(),
        IpAddr::V6(ip) => ip.is_unicast_link_local(),
    }
}

/// The loopback addresses, for the names that always mean them (RFC 6761 §6.3). Whoever answers
/// DNS has no say in it.
pub(super) fn localhost(name: &Name) -> Option<Addrs> {
    let name = name.as_str();
    let (_, last) = name.rsplit_once('.').unwrap_or(("", name));
    last.eq_ignore_ascii_case("localhost").then(|| {
        Addrs::from_iter([
            IpAddr::V6(Ipv6Addr::LOCALHOST),
            IpAddr::V4(Ipv4Addr::LOCALHOST),
        ])
    })
}

/// The setters that every resolver has, over its field `limits`.
macro_rules! limit_setters {
    () => {
        /// How long a lookup may take, the wait for a free one included; 5 seconds by default
        /// (`SE-23`).
        #[must_use]
        pub fn deadline(mut self, deadline: std::time::Duration) -> Self {
            self.limits.deadline = deadline;
            self
        }

        /// How many addresses of an answer count, from its front; 16 by default (`SE-23`).
        #[must_use]
        pub fn max_addresses(mut self, max: usize) -> Self {
            self.limits.max_addresses = max;
            self
        }

        /// How many lookups may be under way at a time; 64 by default, at least 1. Clones made
        /// from here on share the bound.
        #[must_use]
        pub fn max_lookups(mut self, max: usize) -> Self {
            self.limits.lookups = crate::resolve::limits::Limits::lookups(max);
            self
        }

        /// How many of them may be for one client, by its IP address (IPv6: by its network of 64
        /// bits); 16 by default, at least 1. Clients without an IP address, on unix sockets say,
        /// are one client. 64 more wait for their turn, and the next one fails
        /// ([`ResolveErrorKind::TooMany`](crate::ResolveErrorKind::TooMany)). Lookups that are for
        /// no client are not counted here. Clones made from here on share the bound (`SE-23`).
        #[must_use]
        pub fn max_lookups_per_client(mut self, max: usize) -> Self {
            use crate::{clients::Clients, resolve::limits::WAITING};
            self.limits.clients = Clients::new(max, WAITING);
            self
        }

        /// Whether link-local answers count. Off by default, because a scoped address is not for
        /// the DNS to give (`SE-42`); cloud metadata services sit there.
        #[must_use]
        pub fn link_local(mut self, link_local: bool) -> Self {
            self.limits.link_local = link_local;
            self
        }
    };
}

pub(super) use limit_setters;
