use std::{
    fmt, io,
    path::Path,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
        mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel},
    },
    thread,
    time::Duration,
};

use tokio::sync::mpsc;

use super::{
    Durability, LineWriterBuilder,
    file::Target,
    writer::{self, Order},
};

/// Writes lines in the order in which they come, by a thread of its own.
///
/// A line that finds the queue full is dropped and counted: a session never waits for a disk. What
/// is lost, and what the disk refuses, is logged once a minute.
///
/// Clones share the thread. The last one that is dropped waits until everything is written, for 5 s
/// at most.
#[derive(Clone)]
pub struct LineWriter(Arc<Inner>);

struct Inner {
    sink: Sink,
    lost: Arc<Lost>,
}

enum Sink {
    Thread {
        /// `None` only while it is dropped.
        orders: Option<SyncSender<Order>>,
        reopen: Arc<AtomicBool>,
        done: Mutex<Receiver<()>>,
    },
    Channel(mpsc::Sender<Vec<u8>>),
}

/// Lines that nobody will read.
#[derive(Debug, Default)]
pub(super) struct Lost {
    /// Because the queue was full.
    pub(super) dropped: AtomicU64,
    /// Because they could not be written.
    pub(super) failed: AtomicU64,
}

/// How long the last clone waits for the disk.
const PATIENCE: Duration = Duration::from_secs(5);

impl LineWriter {
    /// Appends to a file, which is created if it is not there.
    pub fn file(path: impl AsRef<Path>) -> LineWriterBuilder {
        LineWriterBuilder::file(path.as_ref())
    }

    /// Writes to anything, such as the standard output.
    pub fn to(write: impl io::Write + Send + 'static) -> LineWriterBuilder {
        LineWriterBuilder::write(write)
    }

    /// Hands lines, each with its line feed, to whoever receives them, without a thread. At most
    /// `queue` of them wait, at least 1.
    pub fn channel(queue: usize) -> (Self, mpsc::Receiver<Vec<u8>>) {
        let (sender, receiver) = mpsc::channel(queue.max(1));
        let inner = Inner {
            sink: Sink::Channel(sender),
            lost: Arc::default(),
        };
        (Self(Arc::new(inner)), receiver)
    }

    pub(super) fn start(target: Target, queue: usize, durability: Durability) -> io::Result<Self> {
        let (orders, received) = sync_channel(queue);
        let (finished, done) = sync_channel(1);
        let (lost, reopen) = (Arc::<Lost>::default(), Arc::<AtomicBool>::default());
        let writer = writer::Writer {
            orders: received,
            target,
            durability,
            reopen: Arc::clone(&reopen),
            lost: Arc::clone(&lost),
        };
        thread::Builder::new().name("lines".into()).spawn(move || {
            writer.run();
            let _ = finished.send(());
        })?;
        let sink = Sink::Thread {
            orders: Some(orders),
            reopen,
            done: Mutex::new(done),
        };
        Ok(Self(Arc::new(Inner { sink, lost })))
    }

    /// Has a line written, whose line feed it should have; false if it is lost because too many wait.
    pub fn write(&self, line: Vec<u8>) -> bool {
        let taken = match &self.0.sink {
            Sink::Thread { orders, .. } => orders
                .as_ref()
                .is_some_and(|orders| orders.try_send(Order::Line(line)).is_ok()),
            Sink::Channel(sender) => sender.try_send(line).is_ok(),
        };
        if !taken {
            self.0.lost.dropped.fetch_add(1, Ordering::Relaxed);
        }
        taken
    }

    /// Opens the file anew, after a program that rotates logs has moved it away: call it on SIGHUP.
    /// It does not wait. A file that cannot be opened is logged, and lines go on into the one from
    /// before.
    pub fn reopen(&self) {
        if let Sink::Thread { orders, reopen, .. } = &self.0.sink {
            reopen.store(true, Ordering::Release);
            // A thread that has no room for this is about to look anyway.
            if let Some(orders) = orders {
                let _ = orders.try_send(Order::Look);
            }
        }
    }

    /// Waits until what was written before is in the file; false if that took too long, or never
    /// comes. **Blocks** the thread, so not for a task of a runtime.
    pub fn flush(&self, timeout: Duration) -> bool {
        let Sink::Thread { orders, .. } = &self.0.sink else {
            return true;
        };
        const LOOK: Duration = Duration::from_millis(1);
        let (written, done) = sync_channel(1);
        let mut left = timeout;
        // A queue that is full has no room for the order either.
        while orders.as_ref().is_none_or(|orders| {
            let order = Order::Flush(written.clone());
            orders.try_send(order).is_err()
        }) {
            if left.is_zero() {
                return false;
            }
            thread::sleep(LOOK);
            left = left.saturating_sub(LOOK);
        }
        done.recv_timeout(left).is_ok()
    }

    /// Lines that are lost because too many waited.
    pub fn dropped(&self) -> u64 {
        self.0.lost.dropped.load(Ordering::Relaxed)
    }

    /// Lines that are lost because they could not be written, such as to a disk that is full. Part
    /// of them may be there.
    pub fn failed(&self) -> u64 {
        self.0.lost.failed.load(Ordering::Relaxed)
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        let Sink::Thread { orders, done, .. } = &mut self.sink else {
            return;
        };
        drop(orders.take());
        let done = done.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let Err(RecvTimeoutError::Timeout) = done.recv_timeout(PATIENCE) {
            tracing::warn!("lines are not written yet, and given up");
        }
    }
}

impl fmt::Debug for LineWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LineWriter")
            .field("lost", &self.0.lost)
            .finish_non_exhaustive()
    }
}
