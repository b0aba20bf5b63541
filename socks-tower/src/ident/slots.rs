use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How many lookups are under way, in all and a client (`ID-23`). Those that are too many wait for
/// their turn, within their own deadline.
#[derive(Debug)]
pub(super) struct Slots {
    all: Arc<Semaphore>,
    clients: Mutex<HashMap<IpAddr, Arc<Semaphore>>>,
    per_client: usize,
}

impl Slots {
    pub(super) fn new(all: usize, per_client: usize) -> Self {
        let most = Semaphore::MAX_PERMITS;
        Self {
            all: Arc::new(Semaphore::new(all.min(most))),
            clients: Mutex::default(),
            per_client: per_client.min(most),
        }
    }

    /// Waits for a slot of the client's and then for one of all, so that a client with many lookups
    /// keeps nobody else waiting. `None` never comes: the semaphores are not closed.
    pub(super) async fn take(self: &Arc<Self>, client: IpAddr) -> Option<Slot> {
        let mut slot = self.enter(host(client));
        slot.of_client = Some(Arc::clone(&slot.client).acquire_owned().await.ok()?);
        slot.of_all = Some(Arc::clone(&self.all).acquire_owned().await.ok()?);
        Some(slot)
    }

    fn enter(self: &Arc<Self>, client: IpAddr) -> Slot {
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        let of_client = clients.entry(client);
        let of_client = of_client.or_insert_with(|| Arc::new(Semaphore::new(self.per_client)));
        Slot {
            of_client: None,
            of_all: None,
            client: Arc::clone(of_client),
            key: client,
            slots: Arc::clone(self),
        }
    }

    #[cfg(test)]
    pub(super) fn clients(&self) -> usize {
        self.clients.lock().unwrap().len()
    }
}

/// The right to one lookup, or a place in the queue for it.
#[derive(Debug)]
pub(super) struct Slot {
    of_client: Option<OwnedSemaphorePermit>,
    of_all: Option<OwnedSemaphorePermit>,
    client: Arc<Semaphore>,
    key: IpAddr,
    slots: Arc<Slots>,
}

impl Drop for Slot {
    fn drop(&mut self) {
        let clients = self.slots.clients.lock();
        let mut clients = clients.unwrap_or_else(PoisonError::into_inner);
        // The permits hold the semaphore, too.
        self.of_client = None;
        // The map's own and this slot's: there is no other lookup of this client, and while the map
        // is locked none begins.
        if Arc::strong_count(&self.client) <= 2 {
            clients.remove(&self.key);
        }
    }
}

/// A host has a /64 of IPv6 to itself, as a rule.
fn host(client: IpAddr) -> IpAddr {
    match client {
        IpAddr::V4(_) => client,
        IpAddr::V6(ip) => Ipv6Addr::from_bits(ip.to_bits() >> 64 << 64).into(),
    }
}
