use tower_layer::Layer;

use super::{Sessions, WithSessions};

/// Enters each session of a service into [`Sessions`], and ends it when it is told to; see the
/// [module](crate::sessions).
#[derive(Clone, Debug)]
pub struct SessionsLayer {
    sessions: Sessions,
}

impl SessionsLayer {
    /// Enters them there.
    pub const fn new(sessions: Sessions) -> Self {
        Self { sessions }
    }
}

impl<S> Layer<S> for SessionsLayer {
    type Service = WithSessions<S>;

    fn layer(&self, inner: S) -> WithSessions<S> {
        WithSessions {
            inner,
            sessions: self.sessions.clone(),
        }
    }
}
