use std::{
    fmt, io, mem,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use socks_core::message::{AcceptRequest, Terms, Verdict};
use tokio::time::timeout_at;
use tower::ServiceExt;
use tower_service::Service;

use super::{
    AdmissionFuture,
    future::{Asked, Kept},
};
use crate::{BoxError, Incoming, SessionEnd, SessionReport, time::after};

/// The service that [`AdmissionLayer`](super::AdmissionLayer) makes.
#[derive(Clone)]
pub struct Admission<S, A> {
    pub(super) inner: S,
    pub(super) asked: A,
    pub(super) deadline: Duration,
}

/// The terms of the rule that let a client in, in its
/// [`ConnInfo::extensions`](socks_core::message::ConnInfo::extensions).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdmittedBy(pub Arc<Terms>);

impl<S, A, Io> Service<Incoming<Io>> for Admission<S, A>
where
    S: Service<Incoming<Io>, Response = SessionReport> + Clone,
    A: Service<AcceptRequest, Response = Verdict, Error: Into<BoxError>, Future: Send>
        + Clone
        + Send
        + 'static,
    Io: Send + 'static,
{
    type Response = SessionReport;
    type Error = S::Error;
    type Future = AdmissionFuture<S, S::Future, Io>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, incoming: Incoming<Io>) -> Self::Future {
        // The service that was driven to readiness goes with the call, and its clone stays.
        let clone = self.inner.clone();
        let ready = mem::replace(&mut self.inner, clone);
        let asked = admit(self.asked.clone(), incoming, self.deadline);
        AdmissionFuture::new(Box::pin(asked), ready)
    }
}

async fn admit<A, Io>(asked: A, mut incoming: Incoming<Io>, patience: Duration) -> Asked<Io>
where
    A: Service<AcceptRequest, Response = Verdict, Error: Into<BoxError>>,
    Io: 'static,
{
    let deadline = after(incoming.accepted, patience);
    let answer = asked.oneshot(AcceptRequest::from(&incoming));
    let permit = match timeout_at(deadline, answer).await {
        Ok(Ok(Verdict::Allow(permit))) => permit,
        Ok(Ok(Verdict::Deny(denial))) => return Asked::Refused(Box::new(incoming.refuse(denial))),
        Ok(Err(error)) => return failed(incoming, error.into()),
        Err(_) => return failed(incoming, io::Error::from(io::ErrorKind::TimedOut).into()),
    };
    incoming.extensions.merge(&permit.extensions);
    if let Some(terms) = &permit.terms {
        incoming.extensions.insert(AdmittedBy(Arc::clone(terms)));
    }
    Asked::Admitted(incoming, Kept::new(permit))
}

fn failed<Io: 'static>(incoming: Incoming<Io>, error: BoxError) -> Asked<Io> {
    Asked::Refused(Box::new(incoming.close(SessionEnd::Admission(error))))
}

impl<S: fmt::Debug, A> fmt::Debug for Admission<S, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Admission")
            .field("inner", &self.inner)
            .field("deadline", &self.deadline)
            .finish_non_exhaustive()
    }
}
