use std::{
    fmt,
    sync::Arc,
    task::{Context, Poll},
};

use hickory_resolver::{TokioResolver, net::NetError, proto::rr};
use tower_service::Service;

use super::limits::{Limits, limit_setters, localhost};
use crate::{Addrs, Name, ResolveError, ResolveErrorKind, ResolveFuture};

/// Looks names up with hickory-dns: no thread for each lookup, and a cache that keeps to the TTL.
///
/// Names are rooted, so that no search domain is applied (`R5-37`). What the DNS servers are, how
/// they are reached and whether `/etc/hosts` counts is up to the hickory resolver inside.
#[derive(Clone)]
pub struct HickoryResolver {
    resolver: Arc<TokioResolver>,
    limits: Limits,
}

impl HickoryResolver {
    /// Asks what `resolver` is configured to ask.
    pub fn new(resolver: TokioResolver) -> Self {
        Self {
            resolver: Arc::new(resolver),
            limits: Limits::default(),
        }
    }

    /// Asks the servers that the operating system is configured for.
    ///
    /// # Errors
    ///
    /// If that configuration cannot be read.
    pub fn from_system() -> Result<Self, ResolveError> {
        let built = TokioResolver::builder_tokio().and_then(|builder| builder.build());
        built.map(Self::new).map_err(error)
    }

    limit_setters!();
}

impl Service<Name> for HickoryResolver {
    type Response = Addrs;
    type Error = ResolveError;
    type Future = ResolveFuture;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        if let Some(addrs) = localhost(&name) {
            return ResolveFuture::new(std::future::ready(Ok(addrs)));
        }
        let resolver = self.resolver.clone();
        let query = rr::Name::from_ascii(name.as_str());
        ResolveFuture::new(self.limits.clone().run(name, |counted| async move {
            let _counted = counted;
            let mut query = query.map_err(failed)?;
            query.set_fqdn(true);
            resolver.lookup_ip(query).await.map_err(error)
        }))
    }
}

fn failed(error: impl Into<NetError>) -> ResolveError {
    ResolveError::with_source(ResolveErrorKind::Failed, error.into())
}

fn error(error: NetError) -> ResolveError {
    let kind = match &error {
        error if error.is_nx_domain() => ResolveErrorKind::NotFound,
        error if error.is_no_records_found() => ResolveErrorKind::NoAddresses,
        NetError::Timeout => ResolveErrorKind::TimedOut,
        _ => ResolveErrorKind::Failed,
    };
    ResolveError::with_source(kind, error)
}

impl fmt::Debug for HickoryResolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HickoryResolver")
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
