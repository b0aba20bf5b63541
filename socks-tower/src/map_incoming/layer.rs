use std::fmt;

use tower_layer::Layer;

use super::MapIncoming;

/// Runs an asynchronous closure on each accepted connection; see the
/// [module](crate::map_incoming).
#[derive(Clone)]
pub struct MapIncomingLayer<F> {
    map: F,
}

impl<F> MapIncomingLayer<F> {
    /// `map` is a closure from `Incoming<Io>` to a future of `Result<Incoming<Io2>, E>`.
    pub const fn new(map: F) -> Self {
        Self { map }
    }
}

impl<S, F: Clone> Layer<S> for MapIncomingLayer<F> {
    type Service = MapIncoming<S, F>;

    fn layer(&self, inner: S) -> Self::Service {
        MapIncoming {
            inner,
            map: self.map.clone(),
        }
    }
}

impl<F> fmt::Debug for MapIncomingLayer<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MapIncomingLayer").finish_non_exhaustive()
    }
}
