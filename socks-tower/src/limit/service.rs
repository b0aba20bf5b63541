use std::{
    convert::Infallible,
    future::{Ready, ready},
    sync::Arc,
    task::{Context, Poll},
};

use socks_core::message::{
    AcceptRequest, AccessPoint, AccessRequest, Extensions, Permit, UsedUp, Verdict,
};
use tower_service::Service;

use super::{
    LimitedFuture, Limits, Meter,
    future::Question,
    key::Subject,
    session::{Place, Session},
};

/// The service that [`LimitLayer`](super::LimitLayer) makes.
#[derive(Clone, Debug)]
pub struct Limited<S> {
    pub(super) inner: S,
    pub(super) limits: Limits,
}

/// What a connection took when it was accepted, for the session's request.
#[derive(Clone, Debug)]
struct Admitted(Arc<Session>);

impl<S> Service<AccessRequest> for Limited<S>
where
    S: Service<AccessRequest, Response = Verdict>,
{
    type Response = Verdict;
    type Error = S::Error;
    type Future = LimitedFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: AccessRequest) -> Self::Future {
        let subject = Subject::from(&request);
        self.limits.tell(&subject, &mut request.extensions);
        let question = (request.point == AccessPoint::Request).then(|| {
            let admitted = request.conn.extensions.get::<Admitted>();
            Question {
                limits: self.limits.clone(),
                subject,
                admitted: admitted.map(|admitted| Arc::clone(&admitted.0)),
            }
        });
        LimitedFuture::new(self.inner.call(request), question)
    }
}

impl<S> Service<AcceptRequest> for Limited<S>
where
    S: Service<AcceptRequest, Response = Verdict>,
{
    type Response = Verdict;
    type Error = S::Error;
    type Future = LimitedFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: AcceptRequest) -> Self::Future {
        let subject = Subject::from(&request);
        self.limits.tell(&subject, &mut request.extensions);
        let question = Question {
            limits: self.limits.clone(),
            subject,
            admitted: None,
        };
        LimitedFuture::new(self.inner.call(request), Some(question))
    }
}

impl Limits {
    /// Puts into `request` which volumes are used up, as the layer does before it asks: for whoever asks the
    /// access controller itself, such as about [sessions that stand](crate::sessions::Live::access_request).
    pub fn tell_used_up(&self, request: &mut AccessRequest) {
        self.tell(&Subject::from(&*request), &mut request.extensions);
    }

    fn tell(&self, subject: &Subject, extensions: &mut Extensions) {
        if let Some(used_up) = self.shared.used_up(subject) {
            extensions.insert(UsedUp(used_up));
        }
    }
}

impl Service<AcceptRequest> for Limits {
    type Response = Verdict;
    type Error = Infallible;
    type Future = Ready<Result<Verdict, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: AcceptRequest) -> Self::Future {
        let question = Question {
            limits: self.clone(),
            subject: Subject::from(&request),
            admitted: None,
        };
        ready(Ok(question.answer(Verdict::allow())))
    }
}

impl Question {
    /// The inner service's verdict, and what limits make of it.
    pub(super) fn answer(self, verdict: Verdict) -> Verdict {
        let mut permit = match verdict {
            Verdict::Allow(permit) => permit,
            refused @ Verdict::Deny(_) => return refused,
        };
        let Self {
            limits,
            subject,
            admitted,
        } = self;
        let accepting = subject.known.is_none();
        let terms = permit.terms.as_ref();
        let names = terms.map_or(Vec::new(), |terms| terms.limits.clone());
        match limits.shared.admit(subject, names, admitted) {
            Ok(place) => {
                match accepting {
                    true => drop(permit.extensions.insert(Admitted(Arc::clone(&place.0)))),
                    false => drop(permit.extensions.insert(Meter::new(Arc::clone(&place.0)))),
                }
                guard(&mut permit, place);
                Verdict::Allow(permit)
            }
            Err(mut denial) => {
                denial.terms = permit.terms;
                Verdict::Deny(denial)
            }
        }
    }
}

/// Has the permit hold the place beside what it holds already.
fn guard(permit: &mut Permit, place: Place) {
    permit.guard = Some(match permit.guard.take() {
        None => Arc::new(place),
        Some(guard) => Arc::new((place, guard)),
    });
}
