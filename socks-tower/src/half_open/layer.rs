use std::sync::Arc;

use tower_layer::Layer;

use super::{
    HalfOpen, HalfOpenHandle, Throttle,
    counts::{Counts, Limits},
};

/// Bounds connections that have not finished their handshake; see the [module](crate::half_open).
///
/// Clones, and all services that it makes, count together.
#[derive(Clone, Debug)]
pub struct HalfOpenLayer {
    counts: Arc<Counts>,
}

impl HalfOpenLayer {
    /// A limit for all together; `None` for none. Each client is without one until
    /// [`per_client`](Self::per_client).
    pub fn new(total: impl Into<Option<Throttle>>) -> Self {
        let limits = Limits {
            total: total.into(),
            per_client: None,
        };
        Self {
            counts: Arc::new(Counts::new(limits)),
        }
    }

    /// The limit for each client: for each IPv4 address and each IPv6 /64 (`SE-15`).
    #[must_use]
    pub fn per_client(self, throttle: impl Into<Option<Throttle>>) -> Self {
        self.handle().set_per_client(throttle);
        self
    }

    /// Draws the chances from `random` in place of the system's: it answers with a number below its
    /// argument. The new layer counts for itself, from nothing.
    #[must_use]
    pub fn random(self, random: impl Fn(u64) -> u64 + Send + Sync + 'static) -> Self {
        let counts = Counts::new(self.counts.limits()).random(Box::new(random));
        Self {
            counts: Arc::new(counts),
        }
    }

    /// What looks at it and changes it while it runs.
    pub fn handle(&self) -> HalfOpenHandle {
        HalfOpenHandle(Arc::clone(&self.counts))
    }
}

impl<S> Layer<S> for HalfOpenLayer {
    type Service = HalfOpen<S>;

    fn layer(&self, inner: S) -> HalfOpen<S> {
        HalfOpen {
            inner,
            counts: Arc::clone(&self.counts),
        }
    }
}
