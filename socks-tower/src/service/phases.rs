use socks_acl::SafeDefault;
use socks_core::message::{
    AccessRequest, Associate, AuthRequest, Authentication, Bind, Connect, Verdict,
};
use tower::{ServiceExt, util::BoxCloneSyncService};
use tower_service::Service;

use crate::{
    AccessController, Association, Authenticator, Binder, Bound, BoxError, Connected, Connector,
    UdpRelayer,
};

/// A phase whose type was forgotten at its setter.
type Phase<Q, A> = BoxCloneSyncService<Q, A, BoxError>;

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
            access: erase(SafeDefault::new()),
            connector: erase(connector),
            binder: None,
            udp_relayer: None,
        }
    }

    pub(super) fn set_authenticator(&mut self, authenticator: impl Authenticator) {
        self.authenticator = Some(erase(authenticator));
    }

    pub(super) fn set_access(&mut self, access: impl AccessController) {
        self.access = erase(access);
    }

    pub(super) fn set_binder(&mut self, binder: impl Binder<U>) {
        self.binder = Some(erase(binder));
    }

    pub(super) fn set_udp_relayer(&mut self, udp_relayer: impl UdpRelayer) {
        self.udp_relayer = Some(erase(udp_relayer));
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

fn erase<S, Q: 'static, A: 'static>(service: S) -> Phase<Q, A>
where
    S: Service<Q, Response = A, Error: Into<BoxError>, Future: Send + 'static>
        + Clone
        + Send
        + Sync
        + 'static,
{
    BoxCloneSyncService::new(service.map_err(Into::into))
}

/// Asks a phase: waits until it is ready and calls it once.
pub(super) fn ask<Q: 'static, A: 'static>(
    phase: &Phase<Q, A>,
    question: Q,
) -> impl Future<Output = Result<A, BoxError>> + use<Q, A> {
    phase.clone().oneshot(question)
}
