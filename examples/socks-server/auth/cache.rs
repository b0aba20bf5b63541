use std::num::NonZeroU32;

use serde::Deserialize;
use socks_auth::SuccessCacheLayer;

use crate::value::Seconds;

/// `[auth.cache]`: how long a login that succeeded is not asked about again.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cache {
    ttl: Seconds,
    logins: Option<NonZeroU32>,
}

impl Cache {
    pub fn layer(&self) -> SuccessCacheLayer {
        // What ident has put there is for ident, which stands around the cache; no backend looks at it.
        let layer = SuccessCacheLayer::new()
            .ttl(self.ttl.0)
            .ignore_extensions(true);
        match self.logins {
            Some(logins) => layer.capacity(usize::try_from(logins.get()).unwrap_or(usize::MAX)),
            None => layer,
        }
    }
}
