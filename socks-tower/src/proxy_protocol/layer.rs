use std::{fmt, sync::Arc};

use socks_core::message::Endpoint;
use tower_layer::Layer;

use super::ProxyProtocol;

/// Reads PROXY headers; see the [module](crate::proxy_protocol).
#[derive(Clone)]
pub struct ProxyProtocolLayer {
    from: Arc<From>,
}

/// Who must send a header.
pub(super) type From = dyn Fn(&Endpoint, Option<&str>) -> bool + Send + Sync;

impl ProxyProtocolLayer {
    /// Connections begin with a header if `from` says so, which is told the other end and the
    /// listener's name (`SE-63`).
    pub fn new(from: impl Fn(&Endpoint, Option<&str>) -> bool + Send + Sync + 'static) -> Self {
        Self {
            from: Arc::new(from),
        }
    }
}

impl<S> Layer<S> for ProxyProtocolLayer {
    type Service = ProxyProtocol<S>;

    fn layer(&self, inner: S) -> ProxyProtocol<S> {
        ProxyProtocol {
            inner,
            from: Arc::clone(&self.from),
        }
    }
}

impl fmt::Debug for ProxyProtocolLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProxyProtocolLayer").finish_non_exhaustive()
    }
}
