use std::task::{Context, Poll};

use crate::limit::{MeterFlow, VolumeUsedUp};

/// What bounds how much a direction reads. A type, so that tunnels without bounds have code without them.
pub(super) trait Metering {
    const BOUND: bool;

    /// Whether octets may be read without asking again.
    fn is_granted(&self) -> bool;

    /// Octets that may be read.
    fn poll_grant(&mut self, cx: &mut Context<'_>) -> Poll<Result<usize, VolumeUsedUp>>;
    /// So many were.
    fn used(&mut self, octets: usize);
    /// There is nothing to be moved for now.
    fn release(&mut self);
}

/// Nothing does.
#[derive(Debug)]
pub(super) struct Unbound;

impl Metering for Unbound {
    const BOUND: bool = false;

    fn is_granted(&self) -> bool {
        true
    }

    fn poll_grant(&mut self, _: &mut Context<'_>) -> Poll<Result<usize, VolumeUsedUp>> {
        Poll::Ready(Ok(usize::MAX))
    }

    fn used(&mut self, _: usize) {}

    fn release(&mut self) {}
}

impl Metering for MeterFlow {
    const BOUND: bool = true;

    fn is_granted(&self) -> bool {
        self.is_granted()
    }

    fn poll_grant(&mut self, cx: &mut Context<'_>) -> Poll<Result<usize, VolumeUsedUp>> {
        self.poll_grant(cx)
    }

    fn used(&mut self, octets: usize) {
        self.used(octets);
    }

    fn release(&mut self) {
        self.release();
    }
}
