use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use tokio::sync::mpsc;

use super::{Tap, TapRecord};

/// A tap that copies what passes, and the reader of the copies. `records` of them wait at most, at least 1, each
/// with a chunk or a datagram.
///
/// ```
/// use socks_tower::{AdaptiveRelay, SocksService, TcpConnector, inspect::{InspectLayer, tap}};
/// use tower_layer::Layer;
///
/// # fn main_() {
/// let (tap, mut reader) = tap(1024); // 16 MiB of 16 KiB chunks at most
/// let relay = InspectLayer::new(tap).layer(AdaptiveRelay::new());
/// let socks = SocksService::new(TcpConnector::new()).relay(relay);
/// tokio::spawn(async move {
///     while let Some(record) = reader.recv().await {
///         println!("{} {:?}", record.session, record.event);
///     }
/// });
/// # }
/// ```
pub fn tap(records: usize) -> (Tap, TapReader) {
    let (sender, receiver) = mpsc::channel(records.clamp(1, tokio::sync::Semaphore::MAX_PERMITS));
    let dropped = Arc::default();
    let reader = TapReader {
        receiver,
        dropped: Arc::clone(&dropped),
    };
    (Tap::new(sender, dropped), reader)
}

/// Reads what a [`Tap`] has copied.
#[derive(Debug)]
pub struct TapReader {
    receiver: mpsc::Receiver<TapRecord>,
    dropped: Arc<AtomicU64>,
}

impl TapReader {
    /// The next record; `None` when the tap, its clones and all that they look at are gone.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost.
    pub async fn recv(&mut self) -> Option<TapRecord> {
        self.receiver.recv().await
    }

    /// The next record, if there is one now.
    pub fn try_recv(&mut self) -> Option<TapRecord> {
        self.receiver.try_recv().ok()
    }

    /// Records that were not made because too many waited.
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }
}
