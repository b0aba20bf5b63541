use std::{ops::Deref, sync::Arc};

use metrics_exporter_prometheus::PrometheusHandle;
use socks_tower::{Metrics, Sessions};
use tokio::sync::{Semaphore, watch};

use super::{explain::Explain, sampler::Sampler, token::Token};
use crate::pipeline::Watch;

/// What requests are answered from. Clones share it.
#[derive(Clone)]
pub struct Admin(Arc<State>);

pub struct State {
    pub sessions: Sessions,
    pub sampler: Sampler,
    pub metrics: Metrics,
    /// Where metrics are told to.
    pub exporter: PrometheusHandle,
    pub token: Option<Token>,
    /// Whether the server drains.
    pub draining: watch::Receiver<bool>,
    pub explain: Option<Explain>,
    /// Places of event streams.
    pub streams: Arc<Semaphore>,
}

/// Event streams at once. Each of them is written once a second.
const STREAMS: usize = 16;

impl Admin {
    pub fn new(
        Watch { sessions, metrics }: Watch,
        exporter: PrometheusHandle,
        token: Option<Token>,
        draining: watch::Receiver<bool>,
        explain: Option<Explain>,
    ) -> Self {
        Self(Arc::new(State {
            sampler: Sampler::new(sessions.clone()),
            sessions,
            metrics,
            exporter,
            token,
            draining,
            explain,
            streams: Arc::new(Semaphore::new(STREAMS)),
        }))
    }
}

impl Deref for Admin {
    type Target = State;

    fn deref(&self) -> &State {
        &self.0
    }
}

impl State {
    pub fn is_draining(&self) -> bool {
        *self.draining.borrow()
    }
}
