use std::{
    fmt,
    sync::Arc,
    task::{Context, Poll},
};

use tower_service::Service;

use super::{InspectedStream, MakeInspector, Subject, half::Half, limits::Limits, shared::Shared};
use crate::{RelayEnd, Tunnel, udp::Direction};

/// The relay that [`InspectLayer`](super::InspectLayer) makes.
pub struct Inspect<R, M> {
    pub(super) relay: R,
    pub(super) make: Arc<M>,
    pub(super) limits: Limits,
}

impl<R, M, C, T> Service<Tunnel<C, T>> for Inspect<R, M>
where
    R: Service<Tunnel<InspectedStream<C>, InspectedStream<T>>, Response = RelayEnd>,
    M: MakeInspector,
{
    type Response = RelayEnd;
    type Error = R::Error;
    type Future = R::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), R::Error>> {
        self.relay.poll_ready(cx)
    }

    fn call(&mut self, tunnel: Tunnel<C, T>) -> R::Future {
        let inspector = self.make.make(&Subject::from(&tunnel));
        let shared = inspector.and_then(Shared::new);
        let half = |direction| {
            let shared = shared.as_ref().filter(|shared| shared.wants(direction))?;
            Some(Half::new(direction, Arc::clone(shared), self.limits))
        };
        // Each direction is seen where it is read.
        self.relay.call(tunnel.map(
            |client| InspectedStream::new(client, half(Direction::ToTarget)),
            |target| InspectedStream::new(target, half(Direction::ToClient)),
        ))
    }
}

impl<R: Clone, M> Clone for Inspect<R, M> {
    fn clone(&self) -> Self {
        Self {
            relay: self.relay.clone(),
            make: Arc::clone(&self.make),
            limits: self.limits,
        }
    }
}

impl<R: fmt::Debug, M> fmt::Debug for Inspect<R, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inspect")
            .field("relay", &self.relay)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}
