use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Waker},
};

use futures_util::TryFutureExt;
use socks_acl::SafeDefault;
use socks_core::{
    Command,
    message::{AccessRequest, Associate, AuthRequest, Authentication, Bind, Connect, Verdict},
};
use tower::ServiceExt;
use tower_service::Service;

use crate::{
    AccessController, Association, Authenticator, Binder, Bound, BoxError, Connected, Connector,
    UdpRelayer,
};

/// A phase whose type was forgotten at its setter.
///
/// Like a `BoxCloneSyncService`, but the driver only ever asks a clone of its own once, so a clone
/// need not be boxed, nor the future apart from it.
pub(super) type Phase<Q, A> = Arc<dyn Ask<Q, A>>;

pub(super) trait Ask<Q, A>: Send + Sync {
    /// Waits until a clone is ready and calls it once.
    fn ask(&self, question: Q) -> Answer<A>;
}

type Answer<A> = Pin<Box<dyn Future<Output = Result<A, BoxError>> + Send>>;

impl<S, Q, A> Ask<Q, A> for S
where
    S: Service<Q, Response = A, Error: Into<BoxError>, Future: Send + 'static>
        + Clone
        + Send
        + Sync
        + 'static,
    Q: Send + 'static,
    A: 'static,
{
    fn ask(&self, question: Q) -> Answer<A> {
        let mut service = self.clone();
        // Nearly all are ready at once, and then only the answer is kept. Whoever is not is asked again by
        // the task that waits for it: of the wakers that a service is polled with the last one counts.
        match service.poll_ready(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(Ok(())) => Box::pin(service.call(question).map_err(Into::into)),
            Poll::Ready(Err(error)) => {
                let error = error.into();
                Box::pin(async { Err(error) })
            }
            Poll::Pending => Box::pin(service.oneshot(question).map_err(Into::into)),
        }
    }
}

/// The services of a pipeline.
pub(super) struct Phases<U> {
    pub(super) authenticator: Option<Phase<AuthRequest, Authentication>>,
    pub(super) access: Phase<AccessRequest, Verdict>,
    pub(super) connector: Phase<Connect, Connected<U>>,
    pub(super) binder: Option<Phase<Bind, Bound<U>>>,
    pub(super) udp_relayer: Option<Phase<Associate, Association>>,
}

impl<U: 'static> Phases<U> {
    pub(super) fn new(connector: impl Connector<U>) -> Self {
        Self {
            authenticator: None,
            access: Arc::new(SafeDefault::new()),
            connector: Arc::new(connector),
            binder: None,
            udp_relayer: None,
        }
    }

    /// Whether there is a phase for it.
    pub(super) fn serve(&self, command: Command) -> bool {
        match command {
            Command::Connect => true,
            Command::Bind => self.binder.is_some(),
            Command::UdpAssociate => self.udp_relayer.is_some(),
            _ => false,
        }
    }

    pub(super) fn set_authenticator(&mut self, authenticator: impl Authenticator) {
        self.authenticator = Some(Arc::new(authenticator));
    }

    pub(super) fn set_access(&mut self, access: impl AccessController) {
        self.access = Arc::new(access);
    }

    pub(super) fn set_binder(&mut self, binder: impl Binder<U>) {
        self.binder = Some(Arc::new(binder));
    }

    pub(super) fn set_udp_relayer(&mut self, udp_relayer: impl UdpRelayer) {
        self.udp_relayer = Some(Arc::new(udp_relayer));
    }
}

// Not derived, because `U` need not be `Clone`.
impl<U> Clone for Phases<U> {
    fn clone(&self) -> Self {
        Self {
            authenticator: self.authenticator.clone(),
            access: self.access.clone(),
            connector: self.connector.clone(),
            binder: self.binder.clone(),
            udp_relayer: self.udp_relayer.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::Ready;

    use futures_util::FutureExt;
    use tokio::sync::oneshot;
    use tower::{ServiceBuilder, service_fn};

    use super::*;

    /// A phase at its limit is asked later, by the task that waits for it.
    #[tokio::test]
    async fn who_is_not_ready_is_waited_for() {
        let service = service_fn(|done: oneshot::Receiver<()>| done);
        let service = ServiceBuilder::new().concurrency_limit(1).service(service);
        let phase: Phase<_, ()> = Arc::new(service);
        let ((first, one), (second, two)) = (oneshot::channel(), oneshot::channel());
        let first = (first, tokio::spawn(phase.ask(one)));
        second.send(()).unwrap();
        let mut waiting = tokio::spawn(phase.ask(two));
        tokio::task::yield_now().await;
        assert!((&mut waiting).now_or_never().is_none());
        first.0.send(()).unwrap();
        waiting.await.unwrap().unwrap();
        first.1.await.unwrap().unwrap();
    }

    /// One that failed is not asked, and what it says is the answer.
    #[tokio::test]
    async fn who_failed_is_not_asked() {
        #[derive(Clone)]
        struct Broken;

        impl Service<()> for Broken {
            type Response = ();
            type Error = BoxError;
            type Future = Ready<Result<(), BoxError>>;

            fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
                Poll::Ready(Err("broken".into()))
            }

            fn call(&mut self, (): ()) -> Self::Future {
                panic!("it is not ready");
            }
        }

        let phase: Phase<_, ()> = Arc::new(Broken);
        assert_eq!(phase.ask(()).await.unwrap_err().to_string(), "broken");
    }
}
