use core::time::Duration;

use alloc::vec::Vec;

use crate::Address;

/// The fragments of one datagram, joined as they arrive.
#[derive(Debug)]
pub(super) struct Queue {
    address: Address,
    highest: u8,
    data: Vec<u8>,
    deadline: Duration,
}

/// How a fragment relates to those before it.
pub(super) enum Relation {
    /// It is the one that comes next.
    Next,
    /// It has been seen (`UD-24`).
    Repeat,
    /// Its sender has started over (`UD-22`).
    Restart,
    /// Something is missing in between, or it belongs to another datagram (`UD-24`).
    Unrelated,
}

impl Queue {
    pub(super) fn new(address: Address, deadline: Duration) -> Self {
        Self {
            address,
            highest: 0,
            data: Vec::new(),
            deadline,
        }
    }

    pub(super) fn deadline(&self) -> Duration {
        self.deadline
    }

    /// Octets of memory held for data.
    pub(super) fn memory(&self) -> usize {
        self.data.capacity()
    }

    /// The RFC's rule on lower positions comes first: it alone lets a sender that gave up on
    /// one datagram go on with another, to another destination.
    pub(super) fn relate(&self, address: &Address, position: u8) -> Relation {
        if position < self.highest {
            Relation::Restart
        } else if *address != self.address {
            Relation::Unrelated
        } else if position == self.highest {
            Relation::Repeat
        } else if position == self.highest.saturating_add(1) {
            Relation::Next
        } else {
            Relation::Unrelated
        }
    }

    /// Appends the data of the next fragment, or says that they do not fit into `limit` octets.
    pub(super) fn append(&mut self, position: u8, data: &[u8], limit: usize) -> bool {
        let room = limit.saturating_sub(self.data.len());
        if data.len() > room {
            return false;
        }
        if self.data.capacity() - self.data.len() < data.len() {
            // Grows by doubling like any vector, but never past the limit, which is a promise
            // about memory and not about length.
            let more = self.data.len().max(data.len()).min(room);
            self.data.reserve_exact(more);
        }
        self.data.extend_from_slice(data);
        self.highest = position;
        true
    }

    pub(super) fn into_data(self) -> Vec<u8> {
        self.data
    }
}
