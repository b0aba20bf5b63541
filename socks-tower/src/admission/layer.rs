use std::{fmt, time::Duration};

use tower_layer::Layer;

use super::Admission;

/// Asks about each accepted connection; see the [module](crate::admission).
#[derive(Clone)]
pub struct AdmissionLayer<A> {
    asked: A,
    deadline: Duration,
}

impl<A> AdmissionLayer<A> {
    /// `asked` is a `tower::Service<AcceptRequest, Response = Verdict>`.
    pub const fn new(asked: A) -> Self {
        Self {
            asked,
            deadline: Duration::from_secs(5),
        }
    }

    /// How long after it was accepted a connection waits for its verdict at most; 5 seconds by
    /// default. What layers before this one took is part of it.
    #[must_use]
    pub fn deadline(mut self, after: Duration) -> Self {
        self.deadline = after;
        self
    }
}

impl<S, A: Clone> Layer<S> for AdmissionLayer<A> {
    type Service = Admission<S, A>;

    fn layer(&self, inner: S) -> Self::Service {
        Admission {
            inner,
            asked: self.asked.clone(),
            deadline: self.deadline,
        }
    }
}

impl<A> fmt::Debug for AdmissionLayer<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AdmissionLayer")
            .field("deadline", &self.deadline)
            .finish_non_exhaustive()
    }
}
