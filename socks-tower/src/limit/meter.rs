use std::{
    fmt,
    sync::{Arc, atomic::Ordering},
    task::{Context, Poll},
};

use super::{VolumeUsedUp, account::Account, scheduler::Cell, session::Session};
use crate::udp::Direction;

/// A session's handle on the limits that it draws from, in both directions.
///
/// [`LimitLayer`](super::LimitLayer) puts it into
/// [`Permit::extensions`](socks_core::message::Permit::extensions); [`AdaptiveRelay`](crate::AdaptiveRelay) and
/// [`UdpRelay`](crate::UdpRelay) find it there. Others take a [`MeterFlow`], or put
/// [`Throttled`](super::Throttled) around a stream. It holds none of the session's places.
#[derive(Clone)]
pub struct Meter(Arc<Session>);

impl Meter {
    pub(super) const fn new(session: Arc<Session>) -> Self {
        Self(session)
    }

    /// One direction, for whoever moves its octets. Several flows of a session draw side by side.
    pub fn flow(&self, direction: Direction) -> MeterFlow {
        let cell = Arc::<Cell>::default();
        let id = self.0.add_flow(direction, Arc::clone(&cell));
        let (generation, accounts) = self.0.accounts();
        MeterFlow {
            session: Arc::clone(&self.0),
            direction,
            id,
            cell,
            credit: 0,
            waits: false,
            generation,
            accounts,
        }
    }

    /// The limit whose volume the session has used up, if it has: then it has to be cut.
    pub fn used_up(&self) -> Option<VolumeUsedUp> {
        let (_, accounts) = self.0.accounts();
        used_up(&accounts)
    }
}

impl fmt::Debug for Meter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Meter")
            .field(&self.0.subject.session)
            .finish()
    }
}

fn used_up(accounts: &[Arc<Account>]) -> Option<VolumeUsedUp> {
    let over = accounts.iter().find(|account| account.is_over())?;
    let limit = Arc::clone(&over.limit);
    Some(VolumeUsedUp { limit })
}

/// The octets that a session may move in one direction.
///
/// Ask [`poll_grant`](Self::poll_grant) before reading, move at most as much, say by
/// [`used`](Self::used) how much that was, and give the rest back by [`release`](Self::release) when
/// there is nothing to move. Dropping it gives back what is left, and its turn if it waits.
pub struct MeterFlow {
    session: Arc<Session>,
    direction: Direction,
    id: usize,
    cell: Arc<Cell>,
    /// Octets granted and not used; below zero where more came than was granted.
    credit: i64,
    waits: bool,
    generation: u64,
    accounts: Arc<[Arc<Account>]>,
}

impl MeterFlow {
    /// Octets that may be moved now, at least 1; [`usize::MAX`] if nothing bounds them, and no more than a
    /// volume leaves. Pending while it
    /// is the turn of others or the buckets are empty; the task is woken when that is over.
    ///
    /// # Errors
    ///
    /// A volume is used up: the session has to be cut.
    pub fn poll_grant(&mut self, cx: &mut Context<'_>) -> Poll<Result<usize, VolumeUsedUp>> {
        self.follow();
        let left = match self.left() {
            Ok(left) => usize::try_from(left).unwrap_or(usize::MAX),
            Err(used_up) => {
                // Its turn will come, and is taken then if there is a volume again.
                self.waits = false;
                return Poll::Ready(Err(used_up));
            }
        };
        loop {
            if self.cell.free.load(Ordering::Acquire) {
                self.waits = false;
                return Poll::Ready(Ok(left));
            }
            if self.credit > 0 {
                self.waits = false;
                let credit = usize::try_from(self.credit).unwrap_or(usize::MAX);
                return Poll::Ready(Ok(credit.min(left)));
            }
            self.cell.waker.register(cx.waker());
            if self.collect() {
                continue;
            }
            let scheduler = self.session.scheduler(self.direction);
            if self.waits {
                scheduler.keep_driving();
            } else {
                self.waits = true;
                scheduler.ask(self.id);
            }
            if !self.collect() {
                return match self.cell.free.load(Ordering::Acquire) {
                    true => continue,
                    false => Poll::Pending,
                };
            }
        }
    }

    /// What volumes leave of this direction.
    fn left(&self) -> Result<u64, VolumeUsedUp> {
        let mut left = u64::MAX;
        for account in &*self.accounts {
            left = left.min(account.left(self.direction).ok_or_else(|| VolumeUsedUp {
                limit: Arc::clone(&account.limit),
            })?);
        }
        Ok(left)
    }

    /// Takes what was granted; true if anything was.
    fn collect(&mut self) -> bool {
        let granted = self.cell.granted.swap(0, Ordering::AcqRel);
        let granted = i64::try_from(granted).unwrap_or(i64::MAX);
        self.credit = self.credit.saturating_add(granted);
        if granted > 0 {
            self.waits = false;
        }
        granted > 0
    }

    /// So many octets were moved. More than was granted, such as a datagram that is as long as it
    /// is, is taken from the next grants.
    pub fn used(&mut self, octets: usize) {
        self.follow();
        for account in &*self.accounts {
            account.count(self.direction, octets as u64);
        }
        if !self.cell.free.load(Ordering::Acquire) {
            let octets = i64::try_from(octets).unwrap_or(i64::MAX);
            self.credit = self.credit.saturating_sub(octets);
        }
    }

    /// There is nothing to move for now: what is left goes to others.
    pub fn release(&mut self) {
        if self.waits {
            self.collect();
        }
        let left = u64::try_from(self.credit).unwrap_or(0);
        if left > 0 {
            self.credit = 0;
            self.session
                .scheduler(self.direction)
                .give_back(self.id, left);
        }
    }

    /// Whether there is a grant, or nothing to wait for.
    pub(crate) fn is_granted(&self) -> bool {
        self.credit > 0 || self.cell.free.load(Ordering::Acquire)
    }

    /// Whether it waits for a grant.
    pub const fn is_waiting(&self) -> bool {
        self.waits
    }

    fn follow(&mut self) {
        if self.generation != self.session.generation() {
            (self.generation, self.accounts) = self.session.accounts();
        }
    }
}

impl Drop for MeterFlow {
    fn drop(&mut self) {
        self.session.drop_flow(self.direction, self.id, self.credit);
    }
}

impl fmt::Debug for MeterFlow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MeterFlow")
            .field("session", &self.session.subject.session)
            .field("direction", &self.direction)
            .field("credit", &self.credit)
            .field("waits", &self.waits)
            .finish()
    }
}
