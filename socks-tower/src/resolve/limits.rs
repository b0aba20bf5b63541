use std::{
    future::Future,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    sync::Arc,
    time::Duration,
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::{Addrs, Name, ResolveError, ResolveErrorKind};

/// What every resolver here keeps to (`SE-23`, `SE-42`).
#[derive(Clone, Debug)]
pub(super) struct Limits {
    pub(super) deadline: Duration,
    pub(super) max_addresses: usize,
    pub(super) link_local: bool,
    pub(super) lookups: Arc<Semaphore>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            deadline: Duration::from_secs(5),
            max_addresses: 16,
            link_local: false,
            lookups: Self::lookups(64),
        }
    }
}

impl Limits {
    /// A bound of `max` lookups, at least one.
    pub(super) fn lookups(max: usize) -> Arc<Semaphore> {
        Arc::new(Semaphore::new(max.clamp(1, Semaphore::MAX_PERMITS)))
    }

    /// Runs a lookup within the deadline, once one is free. The permit goes to `lookup`, which
    /// drops it when the work is over, not when the caller stops waiting.
    pub(super) async fn run<F, A>(
        self,
        lookup: impl FnOnce(OwnedSemaphorePermit) -> F,
    ) -> Result<Addrs, ResolveError>
    where
        F: Future<Output = Result<A, ResolveError>>,
        A: IntoIterator<Item = IpAddr>,
    {
        let failed = |error| ResolveError::with_source(ResolveErrorKind::Failed, error);
        let answers = tokio::time::timeout(self.deadline, async {
            let permit = self.lookups.clone().acquire_owned().await.map_err(failed)?;
            lookup(permit).await
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
