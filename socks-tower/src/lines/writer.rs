use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, SyncSender},
    },
    time::Duration,
};

use tokio::time::Instant;
use tracing::warn;

use super::{Durability, file::Target, queue::Lost};

/// What the thread is told.
pub(super) enum Order {
    Line(Vec<u8>),
    /// Something else has changed.
    Look,
    /// Tell that everything before this is written.
    Flush(SyncSender<()>),
}

/// Octets that are written together.
const BATCH: usize = 256 * 1024;
const MINUTE: Duration = Duration::from_secs(60);

/// The thread's own.
pub(super) struct Writer {
    pub(super) orders: Receiver<Order>,
    pub(super) target: Target,
    pub(super) durability: Durability,
    pub(super) reopen: Arc<AtomicBool>,
    pub(super) lost: Arc<Lost>,
}

#[derive(Default)]
struct Batch {
    octets: Vec<u8>,
    lines: u64,
    waiting: Vec<SyncSender<()>>,
}

impl Batch {
    fn take(&mut self, order: Order) {
        match order {
            Order::Line(line) => {
                self.octets.extend(line);
                self.lines += 1;
            }
            Order::Look => {}
            Order::Flush(waiting) => self.waiting.push(waiting),
        }
    }
}

impl Writer {
    /// Writes until nobody has anything more to write.
    pub(super) fn run(mut self) {
        let mut batch = Batch::default();
        let mut complaints = Complaints::default();
        let mut torn = false;
        while let Ok(order) = self.orders.recv() {
            batch.octets.clear();
            batch.lines = 0;
            if torn {
                // Else the first line of this batch would be the end of a half one.
                batch.octets.push(b'\n');
            }
            batch.take(order);
            while batch.octets.len() < BATCH
                && let Ok(order) = self.orders.try_recv()
            {
                batch.take(order);
            }
            if self.reopen.swap(false, Ordering::Acquire)
                && let Err(error) = self.target.reopen()
            {
                warn!(%error, "log not reopened");
            }
            if batch.lines > 0 {
                let written = self.target.put(&batch.octets, self.durability);
                torn = written.is_err();
                if let Err(error) = written {
                    self.lost.failed.fetch_add(batch.lines, Ordering::Relaxed);
                    complaints.error = Some(error);
                }
            }
            // Whose line is not written waits in vain.
            for waiting in batch.waiting.drain(..).filter(|_| !torn) {
                let _ = waiting.try_send(());
            }
            complaints.say(&self.lost, false);
        }
        complaints.say(&self.lost, true);
    }
}

/// Says once a minute what is lost.
#[derive(Default)]
struct Complaints {
    said: Option<Instant>,
    lost: (u64, u64),
    error: Option<std::io::Error>,
}

impl Complaints {
    fn say(&mut self, lost: &Lost, at_once: bool) {
        let now = (
            lost.dropped.load(Ordering::Relaxed),
            lost.failed.load(Ordering::Relaxed),
        );
        let soon = self.said.is_some_and(|said| said.elapsed() < MINUTE);
        if now == self.lost || (soon && !at_once) {
            return;
        }
        let (dropped, failed) = (now.0 - self.lost.0, now.1 - self.lost.1);
        let error = self.error.take().map(tracing::field::display);
        warn!(dropped, failed, error, "log lines lost");
        self.lost = now;
        self.said = Some(Instant::now());
    }
}
