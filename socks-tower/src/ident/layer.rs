use std::{sync::Arc, time::Duration};

use socks_core::{ident, message::Endpoint};
use tower_layer::Layer;

use super::{Ident, IdentPolicy, settings::Settings, slots::Slots};

/// Asks the client's host by RFC 1413; see the [module](crate::ident).
///
/// Clones share the limits, so use clones of one layer around authenticator and service.
#[derive(Clone, Debug)]
pub struct IdentLayer {
    settings: Arc<Settings>,
}

impl Default for IdentLayer {
    fn default() -> Self {
        Self::new()
    }
}

impl IdentLayer {
    const MAX_LOOKUPS: usize = 256;
    const MAX_LOOKUPS_PER_CLIENT: usize = 16;

    /// Asks about everybody but loopback clients, requires nothing, waits 5 seconds.
    pub fn new() -> Self {
        let (max, max_per_client) = (Self::MAX_LOOKUPS, Self::MAX_LOOKUPS_PER_CLIENT);
        Self {
            settings: Arc::new(Settings {
                policy: Arc::new(|_| IdentPolicy::Optional),
                timeout: Duration::from_secs(5),
                port: ident::PORT,
                loopback: false,
                accept_other: false,
                max,
                max_per_client,
                slots: Arc::new(Slots::new(max, max_per_client)),
            }),
        }
    }

    /// Decides by the client's end of the connection; [`Optional`](IdentPolicy::Optional) for all
    /// by default.
    #[must_use]
    pub fn policy(
        mut self,
        policy: impl Fn(&Endpoint) -> IdentPolicy + Send + Sync + 'static,
    ) -> Self {
        self.edit().policy = Arc::new(policy);
        self
    }

    /// How long a whole lookup may take, the wait for its turn included (`ID-22`); 5 seconds by
    /// default. RFC 1413 advises 30, which a proxy's handshake cannot afford. A firewall that drops
    /// port 113 makes every session of its hosts wait this long.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.edit().timeout = timeout;
        self
    }

    /// The port of ident servers: 113, unless somebody agreed on another one.
    #[must_use]
    pub fn port(mut self, port: u16) -> Self {
        self.edit().port = port;
        self
    }

    /// Whether to ask about clients on this machine's loopback; off by default (`ID-27`).
    #[must_use]
    pub fn loopback(mut self, loopback: bool) -> Self {
        self.edit().loopback = loopback;
        self
    }

    /// Whether an identifier that is not a user name, which the system `OTHER` says, counts like
    /// one; off by default (`ID-13`).
    #[must_use]
    pub fn accept_other(mut self, accept: bool) -> Self {
        self.edit().accept_other = accept;
        self
    }

    /// How many lookups may be under way at once, at least 1; 256 by default. The next ones wait
    /// for their turn, and fail if it does not come in time (`ID-23`).
    #[must_use]
    pub fn max_lookups(mut self, max: usize) -> Self {
        self.edit().max = max.max(1);
        self.limit()
    }

    /// How many may be under way to one client address, or to one /64 of IPv6; 16 by default.
    #[must_use]
    pub fn max_lookups_per_client(mut self, max: usize) -> Self {
        self.edit().max_per_client = max.max(1);
        self.limit()
    }

    fn limit(mut self) -> Self {
        let settings = self.edit();
        settings.slots = Arc::new(Slots::new(settings.max, settings.max_per_client));
        self
    }

    fn edit(&mut self) -> &mut Settings {
        Arc::make_mut(&mut self.settings)
    }
}

impl<S> Layer<S> for IdentLayer {
    type Service = Ident<S>;

    fn layer(&self, inner: S) -> Ident<S> {
        Ident {
            inner,
            settings: Arc::clone(&self.settings),
        }
    }
}
