use std::{error::Error, panic::AssertUnwindSafe};

use futures_util::FutureExt;
use tower_service::Service;
use tracing::{debug, error};

use crate::{BoxError, Incoming};

/// Serves one connection with a service that is ready. Neither its error nor its panic reaches the
/// accept loop.
pub(super) async fn session<S, Io>(mut service: S, incoming: Incoming<Io>)
where
    S: Service<Incoming<Io>, Error: Into<BoxError>>,
{
    let (session, peer) = (incoming.id, incoming.peer.clone());
    let served = async move {
        let response = service.call(incoming);
        drop(service);
        response.await.map(drop).map_err(Into::into)
    };
    match AssertUnwindSafe(served).catch_unwind().await {
        Ok(Ok(())) => {}
        Ok(Err(cause)) => {
            let cause: BoxError = cause;
            debug!(%session, %peer, error = &*cause as &(dyn Error + 'static), "session failed");
        }
        // The payload may hold anything, even a secret; the panic hook has seen it.
        Err(_) => error!(%session, %peer, "session panicked"),
    }
}
