use std::sync::atomic::{AtomicU64, Ordering};

/// Octets of payload that a session has relayed so far, readable while it runs.
#[derive(Debug, Default)]
pub struct Traffic {
    sent: AtomicU64,
    received: AtomicU64,
}

impl Traffic {
    /// Octets from the client to its target.
    pub fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    /// Octets from the target to the client.
    pub fn received(&self) -> u64 {
        self.received.load(Ordering::Relaxed)
    }

    /// Counts octets from the client to its target.
    pub fn add_sent(&self, octets: u64) {
        self.sent.fetch_add(octets, Ordering::Relaxed);
    }

    /// Counts octets from the target to the client.
    pub fn add_received(&self, octets: u64) {
        self.received.fetch_add(octets, Ordering::Relaxed);
    }
}
