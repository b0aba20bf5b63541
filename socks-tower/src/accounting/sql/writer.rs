use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use tokio::{
    sync::mpsc,
    time::{sleep, timeout},
};
use tracing::warn;

use super::{SqlAccountError, database::Database, error::Kind};
use crate::accounting::Event;

/// How batches are written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Settings {
    pub(super) batch: usize,
    pub(super) timeout: Duration,
    pub(super) retries: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            batch: 256,
            timeout: Duration::from_secs(5),
            retries: 8,
        }
    }
}

/// Events that are in no database.
#[derive(Debug, Default)]
pub(super) struct Lost {
    /// Because too many waited.
    pub(super) dropped: AtomicU64,
    /// Because they could not be written.
    pub(super) failed: AtomicU64,
}

const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Writes events until nobody has any more.
pub(super) async fn run(
    mut events: mpsc::Receiver<Event>,
    mut database: Database,
    settings: Settings,
    lost: &Lost,
) {
    let mut batch = Vec::new();
    let mut dropped = 0;
    while events.recv_many(&mut batch, settings.batch).await > 0 {
        if let Err(error) = write(&mut database, &batch, settings).await {
            lost.failed.fetch_add(batch.len() as u64, Ordering::Relaxed);
            warn!(%error, events = batch.len(), "accounting events lost");
        }
        batch.clear();
        let now = lost.dropped.load(Ordering::Relaxed);
        if now > dropped {
            warn!(
                events = now - dropped,
                "accounting events dropped: too many wait"
            );
            dropped = now;
        }
    }
    let _ = timeout(settings.timeout, database.close()).await;
}

async fn write(
    database: &mut Database,
    batch: &[Event],
    settings: Settings,
) -> Result<(), SqlAccountError> {
    let mut pause = FIRST_PAUSE;
    let mut left = settings.retries;
    loop {
        let written = timeout(settings.timeout, database.write(batch)).await;
        let error = match written {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(error)) => error,
            Err(_) => Kind::Timeout.into(),
        };
        if left == 0 {
            return Err(error);
        }
        left -= 1;
        sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}
