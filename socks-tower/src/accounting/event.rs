use std::{sync::Arc, time::SystemTime};

use crate::SessionReport;

/// What has happened to a session. Cloning shares the report.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Event {
    /// Which server says so, in which run of it: sessions of two runs have the same numbers.
    pub instance: Arc<str>,
    /// Number of the event within the run, from 0 on. One that is missing was lost on the way.
    pub sequence: u64,
    /// What has happened.
    pub kind: EventKind,
    /// When.
    pub time: SystemTime,
    /// When the session's connection was accepted.
    pub started: SystemTime,
    /// The session as it stands. Its end is [`Running`](crate::SessionEnd::Running) until the stop.
    pub report: Arc<SessionReport>,
}

/// What has happened to a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EventKind {
    /// The client has its tunnel or association.
    Start,
    /// It goes on.
    Interim,
    /// It is over, for the reason that the report gives.
    Stop,
}

impl EventKind {
    /// One word for logs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Interim => "interim",
            Self::Stop => "stop",
        }
    }
}
