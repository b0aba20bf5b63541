use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::{BindError, BindErrorKind};
use crate::clients::host;

/// How many listeners there may be (`BI-21`, `SE-59`).
#[derive(Clone, Copy, Debug)]
pub(super) struct Limit {
    pub(super) per_client: usize,
    pub(super) total: usize,
}

impl Default for Limit {
    fn default() -> Self {
        Self {
            per_client: 2,
            total: 1000,
        }
    }
}

/// Counts the listeners there are. Clones count together.
#[derive(Clone, Debug, Default)]
pub(super) struct Listeners {
    counts: Arc<Mutex<Counts>>,
}

#[derive(Debug, Default)]
struct Counts {
    total: usize,
    // No entry is zero, so clients that are gone leave nothing behind.
    clients: HashMap<Option<IpAddr>, usize>,
}

/// A listener that counts until this is dropped.
#[derive(Debug)]
pub(super) struct Slot {
    listeners: Listeners,
    client: Option<IpAddr>,
}

impl Listeners {
    /// Takes a place for the client at `ip`. Clients without an IP address, on unix sockets say,
    /// are one client, and so is an IPv6 network of 64 bits, which one host commands.
    pub(super) fn take(&self, ip: Option<IpAddr>, limit: Limit) -> Result<Slot, BindError> {
        let client = ip.map(host);
        let mut counts = self.lock();
        let open = counts.clients.get(&client).copied().unwrap_or(0);
        if open >= limit.per_client {
            return Err(BindError::new(BindErrorKind::ClientLimit));
        }
        if counts.total >= limit.total {
            return Err(BindError::new(BindErrorKind::TotalLimit));
        }
        counts.total += 1;
        counts.clients.insert(client, open + 1);
        Ok(Slot {
            listeners: self.clone(),
            client,
        })
    }

    fn lock(&self) -> MutexGuard<'_, Counts> {
        // Nothing in here panics half way.
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut counts = self.listeners.lock();
        counts.total -= 1;
        match counts.clients.get_mut(&self.client) {
            Some(open) if *open > 1 => *open -= 1,
            _ => {
                counts.clients.remove(&self.client);
            }
        }
    }
}
