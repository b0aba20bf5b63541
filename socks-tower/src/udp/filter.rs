use std::{net::SocketAddr, sync::Arc};

use bytes::Bytes;
use socks_core::{Address, message::Associate};

use crate::Cut;

/// Which way a datagram goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// From the client to a target.
    ToTarget,
    /// From outside to the client.
    ToClient,
}

/// A datagram about to be relayed.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Datagram<'a> {
    /// Which way it goes.
    pub direction: Direction,
    /// The target or, on the way to the client, the sender, which may be forged (`UD-34`).
    /// Canonical.
    pub remote: SocketAddr,
    /// What the client asked for, canonical: the name, if it sent one. `None` on the way to the
    /// client.
    pub requested: Option<&'a Address>,
    /// The payload.
    pub data: &'a [u8],
}

/// What a [`DatagramFilter`] says.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DatagramVerdict {
    /// Relay it.
    Pass,
    /// Relay another payload in place of its own. One of more than 65,527 octets is dropped and
    /// counted as [`Oversize`](super::DropReason::Oversize) (`UD-36`).
    Rewrite(Bytes),
    /// Drop it; it is counted as [`Filtered`](super::DropReason::Filtered).
    Drop,
    /// Drop it, and end the association.
    Cut(Cut),
}

/// Sees every datagram of an association that is otherwise fit to be relayed, last of all: for
/// metering, inspection and rules about replies (`UD-34`).
///
/// It runs in the middle of the relaying, so it must not block. A closure will do.
pub trait DatagramFilter: Send + Sync {
    /// Whether the datagram is relayed.
    fn judge(&self, datagram: &Datagram<'_>) -> DatagramVerdict;
}

impl<F: Fn(&Datagram<'_>) -> DatagramVerdict + Send + Sync> DatagramFilter for F {
    fn judge(&self, datagram: &Datagram<'_>) -> DatagramVerdict {
        self(datagram)
    }
}

/// Makes the filter of one association, from the client's identity and what the permit carries;
/// `None` for none. A closure will do.
pub trait MakeDatagramFilter: Send + Sync {
    /// The filter for this association.
    fn make(&self, associate: &Associate) -> Option<Arc<dyn DatagramFilter>>;
}

impl<F> MakeDatagramFilter for F
where
    F: Fn(&Associate) -> Option<Arc<dyn DatagramFilter>> + Send + Sync,
{
    fn make(&self, associate: &Associate) -> Option<Arc<dyn DatagramFilter>> {
        self(associate)
    }
}
