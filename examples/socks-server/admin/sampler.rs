use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use socks_core::message::SessionId;
use socks_tower::{
    Sessions,
    sessions::{Measured, Meter, Octets, Rate},
};
use tokio::time::Instant;

/// Reads all sessions for everybody who looks, so that ten pages cost what one does.
pub struct Sampler {
    sessions: Sessions,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    meter: Meter,
    last: Option<Arc<Sample>>,
    read: Option<Instant>,
}

/// All sessions at a moment.
#[derive(Debug)]
pub struct Sample {
    at: Instant,
    /// What `total` and the rates of sessions that are older are the mean of; `None` at the first reading, whose
    /// rates are those of each session's whole time.
    pub interval: Option<Duration>,
    /// The oldest first.
    pub sessions: Vec<Measured>,
    pub rate: Rate,
    pub octets: Octets,
}

/// A reading is given to whoever asks so soon after it: rates over less would jump.
const FRESH: Duration = Duration::from_millis(200);

/// A reading that nobody asks for is dropped; it holds sessions that have ended.
const KEPT: Duration = Duration::from_secs(5);

impl Sample {
    /// Nothing for a session that has come since.
    pub fn rate_of(&self, id: SessionId) -> Rate {
        let found = self.sessions.binary_search_by_key(&id, |own| own.live.id());
        let measured = found.ok().and_then(|index| self.sessions.get(index));
        measured.map_or(Rate::default(), |measured| measured.rate)
    }
}

impl Sampler {
    pub fn new(sessions: Sessions) -> Self {
        Self {
            sessions,
            state: Mutex::default(),
        }
    }

    pub fn sample(&self) -> Arc<Sample> {
        let mut state = self.state();
        let now = Instant::now();
        if let Some(last) = &state.last
            && now.saturating_duration_since(last.at) < FRESH
        {
            return Arc::clone(last);
        }
        let (sessions, rate) = state.meter.read(&self.sessions);
        let sample = Arc::new(Sample {
            at: now,
            interval: state.read.map(|read| now.saturating_duration_since(read)),
            sessions,
            rate,
            octets: self.sessions.octets(),
        });
        state.read = Some(now);
        state.last = Some(Arc::clone(&sample));
        sample
    }

    /// Drops a reading that nobody looks at any more.
    pub fn tidy(&self) {
        let mut state = self.state();
        let now = Instant::now();
        state
            .last
            .take_if(|last| now.saturating_duration_since(last.at) >= KEPT);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
