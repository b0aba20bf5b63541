use std::{net::IpAddr, sync::Arc};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::clients::{Clients, Place};

/// How many lookups are under way, in all and a client (`ID-23`). Those that are too many wait for
/// their turn, within their own deadline.
#[derive(Debug)]
pub(super) struct Slots {
    all: Arc<Semaphore>,
    clients: Arc<Clients>,
}

impl Slots {
    pub(super) fn new(all: usize, per_client: usize) -> Self {
        Self {
            all: Arc::new(Semaphore::new(all.min(Semaphore::MAX_PERMITS))),
            clients: Clients::new(per_client, usize::MAX),
        }
    }

    /// Waits for a slot of the client's and then for one of all, so that a client with many lookups
    /// keeps nobody else waiting. `None` never comes: the semaphore is not closed, and the queue not
    /// bounded.
    pub(super) async fn take(&self, client: IpAddr) -> Option<Slot> {
        let of_client = self.clients.enter(Some(client))?.turn().await;
        let of_all = Arc::clone(&self.all).acquire_owned().await.ok()?;
        Some(Slot {
            _of_client: of_client,
            _of_all: of_all,
        })
    }

    #[cfg(test)]
    pub(super) fn clients(&self) -> usize {
        self.clients.len()
    }
}

/// The right to one lookup.
#[derive(Debug)]
pub(super) struct Slot {
    _of_client: Place,
    _of_all: OwnedSemaphorePermit,
}
