use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use tokio::sync::mpsc;

use super::{Account, Event};

/// Sends events to whoever has the other end of [`channel`].
#[derive(Clone, Debug)]
pub struct ChannelAccount {
    sender: mpsc::Sender<Event>,
    dropped: Arc<AtomicU64>,
}

/// An account whose events are received. At most `events` of them wait, at least 1; one more is
/// dropped and counted.
pub fn channel(events: usize) -> (ChannelAccount, mpsc::Receiver<Event>) {
    let (sender, receiver) = mpsc::channel(events.max(1));
    let account = ChannelAccount {
        sender,
        dropped: Arc::default(),
    };
    (account, receiver)
}

impl ChannelAccount {
    /// Events that are lost because too many waited, or because nobody receives them any more.
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }
}

impl Account for ChannelAccount {
    fn account(&self, event: Event) {
        if self.sender.try_send(event).is_err() {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }
}
