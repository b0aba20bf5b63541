use std::{
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use super::counts::Counts;

/// One connection's place among the half-open ones.
///
/// It travels in [`Incoming::extensions`](crate::Incoming::extensions) to the driver, which leaves it
/// when the request is answered. Copies of the extensions may outlive that, so leaving is a call and not
/// a drop.
#[derive(Clone, Debug)]
pub(crate) struct HalfOpenPlace(Arc<Place>);

#[derive(Debug)]
struct Place {
    counts: Arc<Counts>,
    network: Option<IpAddr>,
    left: AtomicBool,
    /// That of a layer around this one, which the extensions have no room for beside this.
    outer: Option<Arc<HalfOpenPlace>>,
}

impl HalfOpenPlace {
    /// The place of a connection that [`Counts::enter`] has counted.
    pub(super) fn new(
        counts: Arc<Counts>,
        network: Option<IpAddr>,
        outer: Option<Arc<Self>>,
    ) -> Self {
        Self(Arc::new(Place {
            counts,
            network,
            left: AtomicBool::new(false),
            outer,
        }))
    }

    /// The connection is no half-open one any more.
    pub(crate) fn leave(&self) {
        let place = &*self.0;
        if !place.left.swap(true, Ordering::Relaxed) {
            place.counts.leave(place.network);
        }
        if let Some(outer) = &place.outer {
            outer.leave();
        }
    }
}

/// Leaves when it is dropped, at the latest.
#[derive(Debug)]
pub(super) struct Leaving(pub(super) HalfOpenPlace);

impl Drop for Leaving {
    fn drop(&mut self) {
        self.0.leave();
    }
}
