use std::{
    sync::{Arc, atomic::Ordering::Relaxed},
    time::Duration,
};

use ipnet::IpNet;
use socks_core::message::Endpoint;
use tower_layer::Layer;

use super::{
    AttemptLimit,
    attempts::{Attempts, Limits},
    client::Client,
    failures::Rate,
};
use crate::Networks;

/// Limits failed logins by client address, and delays those by user name (`UP-22`, `SE-33`).
///
/// | | by default | beyond it |
/// |---|---|---|
/// | a client address | 10 failures, one forgotten every 30 s | rejected, and the authenticator is not asked |
/// | a user name | 20 failures, one forgotten every 30 s | asked after 3 s |
///
/// An IPv6 client is its network of 64 bits; all clients on unix sockets are one, and all on
/// streams without an address another. A name is only ever delayed: a limit that refuses would
/// let anybody lock a user out by failing in the user's name. So what bounds guesses that come from
/// many addresses is the limit of each address, and the number of attempts that may wait.
///
/// **What counts.** Only a rejection of a proof does: a password, a response to a challenge, a
/// private method's. Neither an authenticator's error nor ident's codes do, nor does asking for
/// method 00, a SOCKS4 user id (both prove nothing) or a principal (the mechanism has proved it).
/// An attempt whose future is dropped while the authenticator is at work counts, since the work was done; put
/// a timeout inside this layer if the authenticator may hang, so that it fails with an error.
///
/// **At the same time.** An attempt is taken before the authenticator is asked and given back when
/// it succeeds, so that no number of parallel attempts gets past the limit. What exceeds it
/// for the moment waits for those that are under way, so that a client with the right password may
/// log in as often as it likes, 10 at a time. An attempt that waits holds its session and no
/// thread, and ends with the handshake's deadline. 256 may wait for each client and 4096 in all;
/// one more is rejected.
///
/// **What is seen.** The client gets the same answer as for a wrong password (`UP-13`), whether a
/// user exists or not.
///
/// Put it outside a [`SuccessCacheLayer`](crate::SuccessCacheLayer), or cached passwords can be
/// guessed without limit. Clones of the layer count together, and so does everything they are put
/// around. Delays need tokio's timer.
///
/// ```
/// use std::time::Duration;
///
/// use socks_auth::{AttemptLimitLayer, StaticUsers};
/// use tower::ServiceBuilder;
///
/// let limit = AttemptLimitLayer::new().by_client(5, Duration::from_secs(60));
/// let users = StaticUsers::from_iter([("alice", "correct horse")]);
/// let authenticator = ServiceBuilder::new().layer(limit.clone()).service(users);
/// assert_eq!(limit.counts().refused, 0);
/// ```
#[derive(Clone, Debug)]
pub struct AttemptLimitLayer {
    pub(super) settings: Settings,
    attempts: Arc<Attempts>,
}

#[derive(Clone, Debug)]
pub(super) struct Settings {
    pub(super) limits: Limits,
    pub(super) delay: Duration,
    exempt: Networks,
}

impl Settings {
    /// Whose failures the client's count with; `None` if they do not count.
    pub(super) fn client(&self, peer: &Endpoint) -> Option<Client> {
        (!self.exempt.contains(peer)).then(|| Client::from(peer))
    }
}

impl Default for AttemptLimitLayer {
    fn default() -> Self {
        Self::new()
    }
}

impl AttemptLimitLayer {
    /// The limits of the table.
    pub fn new() -> Self {
        let often = Duration::from_secs(30);
        Self {
            settings: Settings {
                limits: Limits {
                    client: Rate::new(10, often),
                    user: Rate::new(20, often),
                    capacity: 65_536,
                },
                delay: Duration::from_secs(3),
                exempt: Networks::default(),
            },
            attempts: Arc::default(),
        }
    }

    /// How many failures a client may have (1 to 10,000), of which one is forgotten `every` so
    /// often (1 ms to a day).
    #[must_use]
    pub fn by_client(mut self, failures: u32, every: Duration) -> Self {
        self.settings.limits.client = Rate::new(failures, every);
        self
    }

    /// How many failures a name may have before attempts on it are delayed; as
    /// [`by_client`](Self::by_client).
    #[must_use]
    pub fn by_user(mut self, failures: u32, every: Duration) -> Self {
        self.settings.limits.user = Rate::new(failures, every);
        self
    }

    /// How long an attempt waits on a name that has had too many failures: up to 60 s, and less than
    /// the handshake's deadline if it is to have a chance. With zero names are not limited.
    #[must_use]
    pub fn user_delay(mut self, delay: Duration) -> Self {
        self.settings.delay = delay.min(Duration::from_secs(60));
        self
    }

    /// Does not limit clients of these networks by address: a gateway that all clients come
    /// through, and that does not say for whom. In place of those that were set before.
    #[must_use]
    pub fn exempt(mut self, clients: impl IntoIterator<Item = IpNet>) -> Self {
        self.settings.exempt = clients.into_iter().collect();
        self
    }

    /// Of how many addresses and of how many names failures are remembered: 65,536 each by default,
    /// at least 64, about 50 octets each at most. Beyond that those with the least failures are
    /// forgotten.
    #[must_use]
    pub fn capacity(mut self, entries: usize) -> Self {
        self.settings.limits.capacity = entries.max(64);
        self
    }

    /// What has happened so far.
    pub fn counts(&self) -> AttemptCounts {
        AttemptCounts {
            failed: self.attempts.failed.load(Relaxed),
            refused: self.attempts.refused.load(Relaxed),
            delayed: self.attempts.delayed.load(Relaxed),
        }
    }
}

impl<S> Layer<S> for AttemptLimitLayer {
    type Service = AttemptLimit<S>;

    fn layer(&self, inner: S) -> AttemptLimit<S> {
        AttemptLimit::new(inner, self.settings.clone(), Arc::clone(&self.attempts))
    }
}

/// What an [`AttemptLimitLayer`] and its clones have counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct AttemptCounts {
    /// Attempts that failed.
    pub failed: u64,
    /// Attempts that were rejected without asking the authenticator.
    pub refused: u64,
    /// Attempts that were delayed.
    pub delayed: u64,
}
