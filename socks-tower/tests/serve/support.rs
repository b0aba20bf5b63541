//! A listener that accepts what a test tells it to, and a log that a test can read.

use std::{
    fmt::{self, Write as _},
    io,
    sync::{Arc, LazyLock, Mutex},
    task::{Context, Poll},
};

use socks_core::message::Endpoint;
use socks_tower::{Incoming, Listener};
use tokio::sync::{mpsc, oneshot};
use tracing::{
    Dispatch, Event, Metadata, Subscriber,
    field::{Field, Visit},
    span,
    subscriber::{DefaultGuard, NoSubscriber},
};

pub(crate) type Script = mpsc::UnboundedSender<io::Result<Incoming<()>>>;

/// Accepts what comes out of the [`Script`]; fails for good when that is gone.
#[derive(Debug)]
pub(crate) struct Scripted {
    script: mpsc::UnboundedReceiver<io::Result<Incoming<()>>>,
    /// The other end learns that the listener was dropped.
    _open: oneshot::Sender<()>,
}

pub(crate) fn scripted() -> (Script, Scripted, oneshot::Receiver<()>) {
    let (tx, script) = mpsc::unbounded_channel();
    let (_open, closed) = oneshot::channel();
    (tx, Scripted { script, _open }, closed)
}

impl Listener for Scripted {
    type Io = ();

    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Incoming<()>>> {
        self.script
            .poll_recv(cx)
            .map(|next| next.unwrap_or_else(|| Err(io::Error::other("the script is over"))))
    }

    fn local_endpoint(&self) -> io::Result<Endpoint> {
        Ok(Endpoint::Unnamed)
    }
}

pub(crate) fn connection() -> io::Result<Incoming<()>> {
    Ok(Incoming::unnamed(()))
}

#[cfg(unix)]
pub(crate) fn code(code: i32) -> io::Result<Incoming<()>> {
    Err(io::Error::from_raw_os_error(code))
}

/// Lets everything run that can run.
pub(crate) async fn settle() {
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
}

/// The events of this thread since it was made, a line each: level, then fields.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<String>>>);

/// While there is one subscriber in the process, an event that is first met on a thread without it
/// counts as unwanted for good (`tracing-core`, `callsite.rs`); with two, every subscriber is asked.
static SECOND: LazyLock<Dispatch> = LazyLock::new(|| Dispatch::new(NoSubscriber::new()));

impl Log {
    pub(crate) fn capture() -> (Self, DefaultGuard) {
        LazyLock::force(&SECOND);
        let log = Self::default();
        let guard = tracing::subscriber::set_default(log.clone());
        (log, guard)
    }

    pub(crate) fn lines(&self, level: &str) -> Vec<String> {
        let lines = self.0.lock().unwrap();
        lines
            .iter()
            .filter(|line| line.starts_with(level))
            .cloned()
            .collect()
    }
}

impl Subscriber for Log {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("socks_tower")
    }

    fn event(&self, event: &Event<'_>) {
        let mut line = Line(event.metadata().level().to_string());
        event.record(&mut line);
        self.0.lock().unwrap().push(line.0);
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}
    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
    fn enter(&self, _: &span::Id) {}
    fn exit(&self, _: &span::Id) {}
}

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        write!(self.0, " {field}={value:?}").unwrap();
    }
}
