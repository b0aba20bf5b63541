use std::{
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError, atomic::AtomicU64, atomic::Ordering},
};

use super::{
    account::Account,
    key::Subject,
    limits::Shared,
    scheduler::{Cell, Scheduler},
};
use crate::udp::Direction;

/// A session that limits apply to: what it holds of them, and the flows by which it draws from them.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) shared: Arc<Shared>,
    pub(super) subject: Subject,
    /// The limits that its rule names.
    pub(super) names: Vec<Arc<str>>,
    /// What the connection holds since it was accepted, and the session need not take again.
    pub(super) admitted: Option<Arc<Session>>,
    held: Mutex<Held>,
    /// Changes with the accounts.
    generation: AtomicU64,
}

#[derive(Debug, Default)]
pub(super) struct Held {
    /// Where the table finds the session.
    pub(super) number: Option<usize>,
    /// Entries of the table, and whether the session takes a place of each.
    pub(super) entries: Vec<(usize, bool)>,
    pub(super) up: Chain,
    pub(super) down: Chain,
    pub(super) accounts: Arc<[Arc<Account>]>,
}

/// The buckets of one direction, the narrowest first, and the flows that draw from them.
#[derive(Debug, Default)]
pub(super) struct Chain {
    pub(super) buckets: Vec<usize>,
    flows: Vec<usize>,
}

impl Held {
    fn chain(&mut self, direction: Direction) -> &mut Chain {
        match direction {
            Direction::ToTarget => &mut self.up,
            Direction::ToClient => &mut self.down,
        }
    }
}

impl Session {
    pub(super) fn new(
        shared: Arc<Shared>,
        subject: Subject,
        names: Vec<Arc<str>>,
        admitted: Option<Arc<Session>>,
    ) -> Self {
        Self {
            shared,
            subject,
            names,
            admitted,
            held: Mutex::default(),
            generation: AtomicU64::new(0),
        }
    }

    pub(super) fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the session takes a place of this entry.
    pub(super) fn takes(&self, entry: usize) -> bool {
        self.held().entries.contains(&(entry, true))
    }

    /// From now on it holds this. The flows follow.
    pub(super) fn set(
        &self,
        entries: Vec<(usize, bool)>,
        up: Vec<usize>,
        down: Vec<usize>,
        accounts: Arc<[Arc<Account>]>,
    ) {
        let mut held = self.held();
        held.entries = entries;
        held.accounts = accounts;
        let chains = [(Direction::ToTarget, up), (Direction::ToClient, down)];
        for (direction, buckets) in chains {
            let scheduler = self.scheduler(direction);
            let chain = held.chain(direction);
            for flow in &chain.flows {
                scheduler.set_chain(*flow, &buckets);
            }
            chain.buckets = buckets;
        }
        self.generation.fetch_add(1, Ordering::Release);
    }

    /// Takes out all that it holds. Flows that are still there go on with their buckets.
    pub(super) fn give_up(&self) -> (Option<usize>, Vec<(usize, bool)>) {
        let mut held = self.held();
        (held.number.take(), mem::take(&mut held.entries))
    }

    pub(super) fn scheduler(&self, direction: Direction) -> &Arc<Scheduler> {
        match direction {
            Direction::ToTarget => &self.shared.up,
            Direction::ToClient => &self.shared.down,
        }
    }

    pub(super) fn add_flow(&self, direction: Direction, cell: Arc<Cell>) -> usize {
        let mut held = self.held();
        let chain = held.chain(direction);
        let flow = self.scheduler(direction).add_flow(cell, &chain.buckets);
        chain.flows.push(flow);
        flow
    }

    pub(super) fn drop_flow(&self, direction: Direction, flow: usize, credit: i64) {
        // The lock is given up before others are woken.
        self.held()
            .chain(direction)
            .flows
            .retain(|other| *other != flow);
        self.scheduler(direction).drop_flow(flow, credit);
    }

    /// The accounts that it counts into, and a number that changes with them.
    pub(super) fn accounts(&self) -> (u64, Arc<[Arc<Account>]>) {
        let held = self.held();
        let generation = self.generation.load(Ordering::Acquire);
        (generation, Arc::clone(&held.accounts))
    }

    pub(super) fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }
}

/// The places that a session has; they are given back when it is dropped.
#[derive(Debug)]
pub(super) struct Place(pub(super) Arc<Session>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.shared.release(&self.0);
    }
}
