use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use tower_layer::Layer;

use super::{SuccessCache, cache::Cache};

/// Remembers for a short time that a login was right, so that a client with many connections does
/// not have its password hashed for each.
///
/// Only an acceptance of a user name with a password is remembered, never a rejection, an error or
/// anything else. It counts for the same name and password, from the same client address, to the
/// same address and listener, by the same method, until its time is over (60 s by default, not
/// prolonged by use). **A changed password and a removed user are let in for that long**, unless the
/// cache is [cleared](Self::clear) by whoever changes them; `Htpasswd::on_change` and
/// `Htgroup::on_change` tell when.
///
/// What is kept is a digest under a random key, and the identity; no password. Of an identity the
/// user, method and groups are kept: one with [extensions] is not, because these may be meant for its
/// session alone. Nor is anything remembered about a connection or a question with extensions,
/// since the authenticator may look at them (a TLS peer, say);
/// [`ignore_extensions`](Self::ignore_extensions) says that it does not.
///
/// Put it inside an [`AttemptLimitLayer`](crate::AttemptLimitLayer). A wrong password costs its
/// digest and what the authenticator does, whether the user exists, is remembered or neither
/// (`SE-32`).
///
/// Clones share what is remembered. What the layer is put around does not: two services that it
/// made do not answer for each other, clones of one do.
///
/// ```
/// use std::time::Duration;
///
/// use socks_auth::{AttemptLimitLayer, StaticUsers, SuccessCacheLayer};
/// use tower::ServiceBuilder;
///
/// # let slow = StaticUsers::from_iter([("alice", "correct horse")]);
/// let cache = SuccessCacheLayer::new().ttl(Duration::from_secs(30));
/// let authenticator = ServiceBuilder::new()
///     .layer(AttemptLimitLayer::new())
///     .layer(cache.clone())
///     .service(slow);
/// // Whenever the users have changed:
/// cache.clear();
/// ```
///
/// [extensions]: socks_core::message::Identity::extensions
#[derive(Clone)]
pub struct SuccessCacheLayer {
    pub(super) settings: Settings,
    shared: Arc<Shared>,
}

struct Shared {
    cache: Arc<Cache>,
    scopes: AtomicU64,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Settings {
    pub(super) ttl: Duration,
    pub(super) capacity: usize,
    pub(super) ignore_extensions: bool,
}

impl Default for SuccessCacheLayer {
    fn default() -> Self {
        Self::new()
    }
}

impl SuccessCacheLayer {
    /// An empty cache: 60 seconds, 4096 logins.
    pub fn new() -> Self {
        Self {
            settings: Settings {
                ttl: Duration::from_secs(60),
                capacity: 4096,
                ignore_extensions: false,
            },
            shared: Arc::new(Shared {
                cache: Arc::new(Cache::new()),
                scopes: AtomicU64::new(0),
            }),
        }
    }

    /// How long a login counts, from when the authenticator accepted it; up to an hour. With zero
    /// nothing is remembered.
    #[must_use]
    pub fn ttl(mut self, ttl: Duration) -> Self {
        self.settings.ttl = ttl.min(Duration::from_secs(60 * 60));
        self
    }

    /// Most logins that are remembered; beyond it those go that would have gone soonest. At least
    /// one.
    #[must_use]
    pub fn capacity(mut self, logins: usize) -> Self {
        self.settings.capacity = logins.max(1);
        self
    }

    /// Says that the authenticator looks neither at the connection's extensions nor at the
    /// question's. Off by default.
    #[must_use]
    pub fn ignore_extensions(mut self, ignore: bool) -> Self {
        self.settings.ignore_extensions = ignore;
        self
    }

    /// Forgets everything, for all clones. Logins that are being verified at this moment are not
    /// remembered either.
    pub fn clear(&self) {
        self.shared.cache.clear();
    }

    /// Logins that are remembered, some of which may have expired.
    pub fn len(&self) -> usize {
        self.shared.cache.len()
    }

    /// Whether nothing is remembered.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<S> Layer<S> for SuccessCacheLayer {
    type Service = SuccessCache<S>;

    fn layer(&self, inner: S) -> SuccessCache<S> {
        let scope = self.shared.scopes.fetch_add(1, Relaxed);
        SuccessCache::new(inner, self.settings, Arc::clone(&self.shared.cache), scope)
    }
}

impl fmt::Debug for SuccessCacheLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SuccessCacheLayer")
            .field("settings", &self.settings)
            .field("len", &self.len())
            .finish()
    }
}
