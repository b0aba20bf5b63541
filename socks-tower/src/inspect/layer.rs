use std::{fmt, sync::Arc, time::Duration};

use tower_layer::Layer;

use super::{Exceeded, Inspect, InspectDatagrams, MakeInspector, limits::Limits};

/// Puts an inspector around each tunnel of a relay; see the [module](crate::inspect).
///
/// One around another works. What both have lost interest in is spliced up to two of them; a third one
/// keeps its tunnels from being spliced and makes a close of a reset.
pub struct InspectLayer<M> {
    make: Arc<M>,
    limits: Limits,
}

impl<M: MakeInspector> InspectLayer<M> {
    /// `make` makes the inspectors.
    pub fn new(make: M) -> Self {
        Self {
            make: Arc::new(make),
            limits: Limits::default(),
        }
    }

    /// Octets that an inspector may hold, a direction; 16 KiB by default, at least 1. No
    /// [`Chunk`](super::Chunk) is longer, so with more, bulky directions are read in larger pieces.
    #[must_use]
    pub fn hold_limit(mut self, octets: usize) -> Self {
        self.limits.octets = octets.max(1);
        self
    }

    /// How long an inspector may hold octets without letting any of them go on; 10 seconds by default.
    #[must_use]
    pub fn hold_timeout(mut self, patience: Duration) -> Self {
        self.limits.patience = patience;
        self
    }

    /// What happens beyond the one or the other; the tunnel is cut by default.
    #[must_use]
    pub fn exceeded(mut self, exceeded: Exceeded) -> Self {
        self.limits.exceeded = exceeded;
        self
    }

    /// The same inspectors for the datagrams of
    /// [`UdpRelay::filter`](crate::UdpRelay::filter).
    pub fn datagrams(&self) -> InspectDatagrams<M> {
        InspectDatagrams::shared(Arc::clone(&self.make))
    }
}

impl<R, M> Layer<R> for InspectLayer<M> {
    type Service = Inspect<R, M>;

    fn layer(&self, relay: R) -> Inspect<R, M> {
        Inspect {
            relay,
            make: Arc::clone(&self.make),
            limits: self.limits,
        }
    }
}

impl<M> Clone for InspectLayer<M> {
    fn clone(&self) -> Self {
        Self {
            make: Arc::clone(&self.make),
            limits: self.limits,
        }
    }
}

impl<M> fmt::Debug for InspectLayer<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InspectLayer")
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}
