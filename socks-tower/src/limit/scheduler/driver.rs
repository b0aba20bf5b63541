use std::{
    mem,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, TryLockError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{runtime::Handle, sync::Notify, time::Instant};

use super::{Cell, state::State};
use crate::limit::Rate;

/// Buckets and flows of one direction behind a lock, with one timer for all that wait.
///
/// While somebody waits a task sleeps until the next turn is due. It runs where the first one waits;
/// should that runtime end, the task is dropped and everybody that waits is woken, and one of them
/// starts it anew.
#[derive(Debug)]
pub(in crate::limit) struct Scheduler {
    state: Mutex<State>,
    start: Instant,
    /// The task is there.
    driven: AtomicBool,
    /// Until when it sleeps, in nanoseconds.
    sleeps: AtomicU64,
    sooner: Notify,
    contended: AtomicU64,
}

impl Scheduler {
    pub(in crate::limit) fn new() -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::default(),
            start: Instant::now(),
            driven: AtomicBool::new(false),
            sleeps: AtomicU64::new(u64::MAX),
            sooner: Notify::new(),
            contended: AtomicU64::new(0),
        })
    }

    fn now(&self) -> u64 {
        let elapsed = self.start.elapsed().as_nanos();
        u64::try_from(elapsed).unwrap_or(u64::MAX)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        match self.state.try_lock() {
            Ok(state) => state,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => {
                self.contended.fetch_add(1, Ordering::Relaxed);
                self.state.lock().unwrap_or_else(PoisonError::into_inner)
            }
        }
    }

    /// How often somebody had to wait for the lock.
    pub(in crate::limit) fn contended(&self) -> u64 {
        self.contended.load(Ordering::Relaxed)
    }

    /// Works on the state, and wakes whom that let go on.
    fn with<T>(self: &Arc<Self>, work: impl FnOnce(&mut State, u64) -> T) -> T {
        let mut state = self.lock();
        let result = work(&mut state, self.now());
        let next = state.next();
        let woken = mem::take(&mut state.woken);
        drop(state);
        for cell in &woken {
            cell.waker.wake();
        }
        if let Some(next) = next {
            self.drive(next);
        }
        result
    }

    pub(in crate::limit) fn add_bucket(self: &Arc<Self>, rate: Rate) -> usize {
        self.with(|state, now| state.add_bucket(rate, now))
    }

    pub(in crate::limit) fn set_bucket(self: &Arc<Self>, bucket: usize, rate: Rate) {
        self.with(|state, now| state.set_bucket(bucket, rate, now));
    }

    pub(in crate::limit) fn is_fresh(self: &Arc<Self>, bucket: usize) -> bool {
        self.with(|state, now| state.is_fresh(bucket, now))
    }

    pub(in crate::limit) fn drop_bucket(self: &Arc<Self>, bucket: usize) {
        self.with(|state, _| state.drop_bucket(bucket));
    }

    pub(in crate::limit) fn add_flow(self: &Arc<Self>, cell: Arc<Cell>, chain: &[usize]) -> usize {
        self.with(|state, _| state.add_flow(cell, chain))
    }

    pub(in crate::limit) fn set_chain(self: &Arc<Self>, flow: usize, chain: &[usize]) {
        self.with(|state, now| state.set_chain(flow, chain, now));
    }

    pub(in crate::limit) fn drop_flow(self: &Arc<Self>, flow: usize, credit: i64) {
        self.with(|state, now| state.drop_flow(flow, credit, now));
    }

    pub(in crate::limit) fn ask(self: &Arc<Self>, flow: usize) {
        self.with(|state, now| state.ask(flow, now));
    }

    pub(in crate::limit) fn give_back(self: &Arc<Self>, flow: usize, octets: u64) {
        self.with(|state, now| state.give_back(flow, octets, now));
    }

    /// Whoever waits asks this when it is polled without a grant.
    pub(in crate::limit) fn keep_driving(self: &Arc<Self>) {
        if !self.driven.load(Ordering::Acquire) {
            self.with(|_, _| ());
        }
    }

    /// Gives the turns that are due, and answers when the next one is.
    fn turns(&self) -> Option<u64> {
        let mut state = self.lock();
        let next = state.run(self.now());
        let woken = mem::take(&mut state.woken);
        let sleeps = next.unwrap_or(u64::MAX);
        self.sleeps.store(sleeps, Ordering::Release);
        drop(state);
        for cell in woken {
            cell.waker.wake();
        }
        next
    }

    /// Sees to it that somebody looks at the buckets at `next`.
    fn drive(self: &Arc<Self>, next: u64) {
        if self.driven.load(Ordering::Acquire) {
            if next < self.sleeps.load(Ordering::Acquire) {
                self.sooner.notify_one();
            }
            return;
        }
        // Outside of a runtime nobody waits: what is dropped there starts no timer.
        let Ok(runtime) = Handle::try_current() else {
            return;
        };
        if !self.driven.swap(true, Ordering::AcqRel) {
            runtime.spawn(run(Driver(Arc::clone(self))));
        }
    }
}

/// The task that gives the turns that are due.
struct Driver(Arc<Scheduler>);

impl Drop for Driver {
    fn drop(&mut self) {
        let state = self.0.lock();
        self.0.driven.store(false, Ordering::Release);
        let waiting: Vec<_> = state.waiting().map(Arc::clone).collect();
        drop(state);
        for cell in waiting {
            cell.waker.wake();
        }
    }
}

async fn run(driver: Driver) {
    let scheduler = &driver.0;
    // Whoever comes behind the last look finds `driven` set, waits, and is woken by the drop.
    while let Some(next) = scheduler.turns() {
        let due = scheduler.start + Duration::from_nanos(next);
        tokio::select! {
            () = tokio::time::sleep_until(due) => {}
            () = scheduler.sooner.notified() => {}
        }
    }
}
