use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use metrics::{SharedString, counter, gauge, histogram};
use slab::Slab;
use tokio::time::{MissedTickBehavior, interval};

use super::{
    MetricsLayer,
    counted::{Counted, Tally},
    describe::describe,
    labels::{self, NONE},
    names::Names,
};
use crate::{
    SessionEnd, SessionReport,
    record::{Record, RecordLayer},
    sessions::{Live, Octets},
};

/// Counts sessions; see the [module](crate::metrics). Clones are one.
#[derive(Clone, Default)]
pub struct Metrics(Arc<Inner>);

#[derive(Default)]
struct Inner {
    /// The sessions that relay.
    open: Mutex<Slab<Open>>,
    rules: Names,
    limits: Names,
}

/// Sessions that are looked at in one go: some 30 µs.
const TURN: usize = 256;

struct Open {
    live: Arc<Live>,
    counted: Counted,
}

/// What [`Metrics`] keeps of a session.
#[derive(Debug)]
pub struct MetricsEntry {
    listener: SharedString,
    open: Option<usize>,
}

impl Metrics {
    /// Counts for the recorder that is installed when there is something to count.
    pub fn new() -> Self {
        Self::default()
    }

    /// Tells the recorder the units and the meaning of all metrics. Call it once it is installed.
    pub fn describe() {
        describe();
    }

    /// Counts the sessions of a service.
    pub fn layer(&self) -> MetricsLayer {
        RecordLayer::new(self.clone())
    }

    /// Counts what the sessions under way have relayed since the last time. Without this, or
    /// [`update_every`](Self::update_every), it is counted at their ends.
    pub fn update(&self) {
        let mut tally = Tally::default();
        let mut from = 0;
        // A session that begins or ends meanwhile waits for some of the others, not for all.
        loop {
            let open = &mut *self.open();
            let until = open.capacity().min(from + TURN);
            for key in from..until {
                if let Some(Open { live, counted }) = open.get_mut(key) {
                    counted.take(&live.snapshot(), &mut tally);
                }
            }
            if until == open.capacity() {
                break;
            }
            from = until;
        }
        tally.count();
    }

    /// Does so for ever, every 100 ms at most.
    ///
    /// # Cancel safety
    ///
    /// Dropping it ends it, and nothing is lost.
    pub fn update_every(&self, every: Duration) -> impl Future<Output = ()> + Send + 'static {
        let this = self.clone();
        async move {
            let mut timer = interval(every.max(Duration::from_millis(100)));
            timer.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                timer.tick().await;
                this.update();
            }
        }
    }

    fn open(&self) -> MutexGuard<'_, Slab<Open>> {
        self.0.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts what is left of a session that has ended.
    fn settle(&self, key: Option<usize>, report: &SessionReport) {
        let open = key.and_then(|key| self.open().try_remove(key));
        let mut counted = open.map(|open| open.counted).unwrap_or_default();
        let mut tally = Tally::default();
        let octets = Octets {
            sent: report.sent,
            received: report.received,
        };
        counted.octets(report.command, octets, &mut tally);
        if let Some(datagrams) = &report.datagrams {
            counted.datagrams(datagrams, &mut tally);
        }
        tally.count();
    }

    fn decided(&self, report: &SessionReport) {
        if let Some(terms) = &report.terms {
            let refused = matches!(report.end, SessionEnd::Refused(_));
            let verdict = if refused { "refused" } else { "allowed" };
            let rule = self.0.rules.label(&terms.rule);
            counter!("socks_rules_total", "rule" => rule, "verdict" => verdict).increment(1);
        }
        if let Some(limit) = &report.limit {
            let limit = self.0.limits.label(limit);
            counter!("socks_limits_reached_total", "limit" => limit).increment(1);
        }
    }
}

impl Record for Metrics {
    type Entry = MetricsEntry;

    fn begin(&self, live: &Arc<Live>) -> MetricsEntry {
        let listener = live.snapshot().listener;
        let listener = listener.map_or(NONE.into(), SharedString::from);
        counter!("socks_connections_total", "listener" => listener.clone()).increment(1);
        gauge!("socks_connections_open", "listener" => listener.clone()).increment(1);
        MetricsEntry {
            listener,
            open: None,
        }
    }

    fn open(&self, entry: &mut MetricsEntry, live: &Arc<Live>) {
        let command = labels::command(live.snapshot().command);
        gauge!("socks_sessions_open", "command" => command).increment(1);
        entry.open = Some(self.open().insert(Open {
            live: Arc::clone(live),
            counted: Counted::default(),
        }));
    }

    fn end(&self, entry: MetricsEntry, report: &SessionReport) {
        let MetricsEntry { listener, open } = entry;
        self.settle(open, report);
        let (command, end) = (labels::command(report.command), report.end.name());
        gauge!("socks_connections_open", "listener" => listener).decrement(1);
        counter!("socks_sessions_total", "command" => command, "end" => end).increment(1);
        let result = if report.command.is_some() { "ok" } else { end };
        counter!(
            "socks_handshakes_total",
            "version" => labels::version(report.version),
            "method" => labels::method(report),
            "result" => result,
        )
        .increment(1);
        if let Some(dial) = report.dial {
            histogram!("socks_dial_seconds").record(dial.as_secs_f64());
        }
        if open.is_some() {
            gauge!("socks_sessions_open", "command" => command).decrement(1);
            histogram!("socks_session_seconds", "command" => command)
                .record(report.duration.as_secs_f64());
        }
        // A tunnel whose client was told of it, and no other end said otherwise.
        let code = report.end.code().map(|code| code.0).or(open.map(|_| 0));
        if let Some(code) = code {
            counter!("socks_replies_total", "command" => command, "code" => format!("{code:02x}"))
                .increment(1);
        }
        self.decided(report);
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics")
            .field("open", &self.open().len())
            .finish_non_exhaustive()
    }
}
