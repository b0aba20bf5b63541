use std::{
    fmt,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use socks_core::message::Associate;

use super::{Chunk, Inspection, Inspector, MakeInspector, Subject};
use crate::udp::{Datagram, DatagramFilter, DatagramVerdict, Direction, MakeDatagramFilter};

/// Inspectors for the datagrams of [`UdpRelay::filter`](crate::UdpRelay::filter), one an association.
///
/// Each datagram is a [`Chunk`] of its own, without an end. One to a name may be shown again with the name's next
/// address if the first cannot be reached.
pub struct InspectDatagrams<M> {
    make: Arc<M>,
}

impl<M: MakeInspector> InspectDatagrams<M> {
    /// `make` makes the inspectors.
    pub fn new(make: M) -> Self {
        Self::shared(Arc::new(make))
    }

    pub(super) const fn shared(make: Arc<M>) -> Self {
        Self { make }
    }
}

impl<M: MakeInspector> MakeDatagramFilter for InspectDatagrams<M> {
    fn make(&self, associate: &Associate) -> Option<Arc<dyn DatagramFilter>> {
        let inspector = self.make.make(&Subject::from(associate))?;
        let (to_target, to_client) = wanted(&*inspector);
        Some(Arc::new(Filter {
            to_target: AtomicBool::new(to_target),
            to_client: AtomicBool::new(to_client),
            inspector: Mutex::new(inspector),
        }))
    }
}

struct Filter {
    inspector: Mutex<Box<dyn Inspector>>,
    /// Whether the inspector still wants to see datagrams of this direction.
    to_target: AtomicBool,
    to_client: AtomicBool,
}

fn wanted(inspector: &dyn Inspector) -> (bool, bool) {
    let wants = |direction| inspector.wants(direction);
    (wants(Direction::ToTarget), wants(Direction::ToClient))
}

impl DatagramFilter for Filter {
    fn judge(&self, datagram: &Datagram<'_>) -> DatagramVerdict {
        let wanted_here = match datagram.direction {
            Direction::ToTarget => &self.to_target,
            Direction::ToClient => &self.to_client,
        };
        if !wanted_here.load(Ordering::Relaxed) {
            return DatagramVerdict::Pass;
        }
        let chunk = Chunk {
            datagram: Some(*datagram),
            ..Chunk::new(datagram.direction, datagram.data)
        };
        let inspector = self.inspector.lock();
        let mut inspector = inspector.unwrap_or_else(PoisonError::into_inner);
        let inspection = inspector.inspect(&chunk);
        let (to_target, to_client) = wanted(&**inspector);
        self.to_target.fetch_and(to_target, Ordering::Relaxed);
        self.to_client.fetch_and(to_client, Ordering::Relaxed);
        match inspection {
            Inspection::Pass => DatagramVerdict::Pass,
            Inspection::Rewrite(data) => DatagramVerdict::Rewrite(data),
            Inspection::Cut(cut) => DatagramVerdict::Cut(cut),
            Inspection::PassSome(octets) if octets >= datagram.data.len() => DatagramVerdict::Pass,
            Inspection::RewriteSome(octets, data) if octets >= datagram.data.len() => {
                DatagramVerdict::Rewrite(data)
            }
            // What is held of a datagram would not be one.
            Inspection::PassSome(_)
            | Inspection::RewriteSome(..)
            | Inspection::Hold
            | Inspection::Later(_) => DatagramVerdict::Drop,
        }
    }
}

impl<M> fmt::Debug for InspectDatagrams<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InspectDatagrams").finish_non_exhaustive()
    }
}
