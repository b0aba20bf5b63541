use std::{
    collections::BTreeSet,
    mem,
    sync::{Arc, atomic::Ordering},
};

use slab::Slab;

use super::{
    Cell,
    ring::{Place, Ring},
};
use crate::limit::{Rate, tokens::Tokens};

/// Buckets, and the flows that draw from them: one direction of all sessions. No clock: times are
/// nanoseconds from any start.
///
/// A flow draws from a chain of buckets, the narrowest first. It gets a grant once it has had its
/// turn at each of them, one after the other; what it took from the narrower ones is reserved for it
/// meanwhile, and counts in them as if it were still there: so no bucket gives more than its
/// rate and burst allow, and none of them can be waited for in vain.
#[derive(Debug, Default)]
pub(super) struct State {
    buckets: Slab<Bucket>,
    flows: Slab<Flow>,
    /// When the first one that waits for a bucket can have its turn.
    due: BTreeSet<(u64, usize)>,
    /// Buckets that are to be looked at.
    todo: Vec<usize>,
    /// Whom to wake.
    pub(super) woken: Vec<Arc<Cell>>,
}

#[derive(Debug)]
struct Bucket {
    tokens: Tokens,
    reserved: u64,
    quantum: u64,
    ring: Ring,
    due: Option<u64>,
    /// Flows with it in their chain, and whoever made it.
    holders: usize,
}

#[derive(Debug)]
struct Flow {
    chain: Vec<Stage>,
    /// Octets that it will get.
    octets: u64,
    /// The stage at which it waits.
    waits: Option<(usize, Place)>,
    cell: Arc<Cell>,
}

#[derive(Clone, Copy, Debug)]
struct Stage {
    bucket: usize,
    /// The tag of its last turn there.
    tag: u64,
}

/// The least and the most octets of a grant.
const QUANTUM: (u64, u64) = (1024, 64 * 1024);

/// A grant is what a bucket's rate brings in about 1/250 s.
const GRANTS_A_SECOND: u128 = 250;

/// Grants that a burst has room for: some may be reserved while others are given.
const GRANTS_A_BURST: u64 = 4;

fn quantum(rate: Rate, burst: u64) -> u64 {
    let nanos = 1_000_000_000 / GRANTS_A_SECOND;
    let brings = u128::from(rate.amount.get()) * nanos / rate.every.as_nanos();
    let brings = u64::try_from(brings).unwrap_or(u64::MAX);
    let most = (burst / GRANTS_A_BURST).max(1);
    brings.clamp(QUANTUM.0, QUANTUM.1).min(most)
}

impl State {
    pub(super) fn add_bucket(&mut self, rate: Rate, now: u64) -> usize {
        let burst = rate.burst_of_octets();
        self.buckets.insert(Bucket {
            tokens: Tokens::new(rate, burst, now),
            reserved: 0,
            quantum: quantum(rate, burst),
            ring: Ring::default(),
            due: None,
            holders: 1,
        })
    }

    pub(super) fn set_bucket(&mut self, id: usize, rate: Rate, now: u64) {
        if let Some(bucket) = self.buckets.get_mut(id) {
            let burst = rate.burst_of_octets();
            bucket.tokens.refill(now, bucket.reserved);
            bucket.tokens.set(rate, burst, now);
            bucket.tokens.refill(now, bucket.reserved);
            bucket.quantum = quantum(rate, burst);
            self.todo.push(id);
            self.work(now);
        }
    }

    /// Whether nobody would notice if the bucket were made anew.
    pub(super) fn is_fresh(&mut self, id: usize, now: u64) -> bool {
        self.buckets.get_mut(id).is_none_or(|bucket| {
            bucket.tokens.refill(now, bucket.reserved);
            bucket.holders == 1 && bucket.tokens.is_full()
        })
    }

    /// The bucket goes once no flow has it in its chain.
    pub(super) fn drop_bucket(&mut self, id: usize) {
        let Some(bucket) = self.buckets.get_mut(id) else {
            return;
        };
        bucket.holders = bucket.holders.saturating_sub(1);
        if bucket.holders == 0 {
            if let Some(due) = bucket.due {
                self.due.remove(&(due, id));
            }
            self.buckets.remove(id);
        }
    }

    pub(super) fn add_flow(&mut self, cell: Arc<Cell>, chain: &[usize]) -> usize {
        let id = self.flows.insert(Flow {
            chain: Vec::new(),
            octets: 0,
            waits: None,
            cell,
        });
        self.chain(id, chain);
        id
    }

    fn chain(&mut self, id: usize, chain: &[usize]) {
        let Some(flow) = self.flows.get_mut(id) else {
            return;
        };
        let stages = chain.iter().map(|bucket| Stage {
            bucket: *bucket,
            tag: 0,
        });
        let old = mem::replace(&mut flow.chain, stages.collect());
        flow.cell.free.store(chain.is_empty(), Ordering::Release);
        for bucket in chain {
            if let Some(bucket) = self.buckets.get_mut(*bucket) {
                bucket.holders += 1;
            }
        }
        for stage in old {
            self.drop_bucket(stage.bucket);
        }
    }

    /// The flow draws from other buckets from now on. If it waits, it does so there.
    pub(super) fn set_chain(&mut self, id: usize, chain: &[usize], now: u64) {
        let waits = self.flows.get(id).is_some_and(|flow| flow.waits.is_some());
        self.cancel(id, now);
        self.chain(id, chain);
        if waits {
            self.begin(id, now);
        }
        self.work(now);
    }

    /// The flow is gone. What it was granted and did not use goes back, and what it used without a
    /// grant is taken now, even if it is not there: else one flow after the other could use more than it
    /// was granted, and be gone.
    pub(super) fn drop_flow(&mut self, id: usize, credit: i64, now: u64) {
        self.cancel(id, now);
        let Some(flow) = self.flows.get(id) else {
            return;
        };
        let granted = flow.cell.granted.swap(0, Ordering::AcqRel);
        let left = credit.saturating_add(i64::try_from(granted).unwrap_or(i64::MAX));
        for stage in &flow.chain {
            if let Some(bucket) = self.buckets.get_mut(stage.bucket)
                && left < 0
            {
                bucket.tokens.refill(now, bucket.reserved);
                bucket.tokens.charge(left.unsigned_abs());
            }
        }
        self.give_back(id, u64::try_from(left).unwrap_or(0), now);
        self.chain(id, &[]);
        self.flows.try_remove(id);
        self.work(now);
    }

    /// Has the flow wait for a grant, unless it does. What it can have at once is in its cell when
    /// this returns, and nobody is woken for that: the one who asks looks there.
    pub(super) fn ask(&mut self, id: usize, now: u64) {
        self.begin(id, now);
        self.work(now);
        if let Some(flow) = self.flows.get(id) {
            self.woken.retain(|cell| !Arc::ptr_eq(cell, &flow.cell));
        }
    }

    fn begin(&mut self, id: usize, now: u64) {
        let Some(flow) = self.flows.get_mut(id) else {
            return;
        };
        if flow.waits.is_some() {
            return;
        }
        let quanta = flow.chain.iter().filter_map(|stage| {
            let bucket = self.buckets.get(stage.bucket)?;
            Some(bucket.quantum)
        });
        flow.octets = quanta.min().unwrap_or(QUANTUM.1);
        self.advance(id, 0, now);
    }

    /// The flow has had its turns up to this stage: takes those that it can have at once.
    fn advance(&mut self, id: usize, from: usize, now: u64) {
        let Some(flow) = self.flows.get_mut(id) else {
            return;
        };
        let octets = flow.octets;
        for (index, stage) in flow.chain.iter().enumerate().skip(from) {
            let Some(bucket) = self.buckets.get_mut(stage.bucket) else {
                continue;
            };
            bucket.tokens.refill(now, bucket.reserved);
            if bucket.ring.is_empty() && bucket.tokens.has(octets) {
                bucket.tokens.take(octets);
                bucket.reserved += octets;
                continue;
            }
            let narrower = flow.chain.iter().take(index).rev();
            let path: Vec<_> = narrower.map(|stage| stage.bucket).collect();
            let place = bucket.ring.push(&path, id, stage.tag);
            flow.waits = Some((index, place));
            self.todo.push(stage.bucket);
            return;
        }
        flow.waits = None;
        for stage in &flow.chain {
            if let Some(bucket) = self.buckets.get_mut(stage.bucket) {
                bucket.reserved = bucket.reserved.saturating_sub(octets);
            }
        }
        flow.cell.granted.fetch_add(octets, Ordering::AcqRel);
        self.woken.push(Arc::clone(&flow.cell));
    }

    /// The flow does not wait any more. What it had taken goes to others.
    fn cancel(&mut self, id: usize, now: u64) {
        let Some(flow) = self.flows.get_mut(id) else {
            return;
        };
        let Some((waits, place)) = flow.waits.take() else {
            return;
        };
        let narrower = flow.chain.iter().take(waits).rev();
        let path: Vec<_> = narrower.map(|stage| stage.bucket).collect();
        for (index, stage) in flow.chain.iter().enumerate().take(waits + 1) {
            let Some(bucket) = self.buckets.get_mut(stage.bucket) else {
                continue;
            };
            if index == waits {
                bucket.ring.remove(&path, place);
            } else {
                bucket.tokens.refill(now, bucket.reserved);
                bucket.reserved = bucket.reserved.saturating_sub(flow.octets);
                bucket.tokens.give(flow.octets, bucket.reserved);
            }
            self.todo.push(stage.bucket);
        }
    }

    /// The flow was granted so many octets and did not use them.
    pub(super) fn give_back(&mut self, id: usize, octets: u64, now: u64) {
        if octets == 0 {
            return;
        }
        let Some(flow) = self.flows.get(id) else {
            return;
        };
        for stage in &flow.chain {
            if let Some(bucket) = self.buckets.get_mut(stage.bucket) {
                bucket.tokens.refill(now, bucket.reserved);
                bucket.tokens.give(octets, bucket.reserved);
                self.todo.push(stage.bucket);
            }
        }
        self.work(now);
    }

    /// Gives the turns that are due, and answers when the next one is.
    pub(super) fn run(&mut self, now: u64) -> Option<u64> {
        while let Some((due, id)) = self.due.first().copied()
            && due <= now
        {
            self.due.remove(&(due, id));
            if let Some(bucket) = self.buckets.get_mut(id) {
                bucket.due = None;
            }
            self.todo.push(id);
        }
        self.work(now);
        self.next()
    }

    /// When the next turn is due.
    pub(super) fn next(&self) -> Option<u64> {
        self.due.first().map(|(due, _)| *due)
    }

    fn work(&mut self, now: u64) {
        while let Some(id) = self.todo.pop() {
            self.turns(id, now);
        }
    }

    /// The turns at a bucket, as long as it has what the next one needs.
    fn turns(&mut self, id: usize, now: u64) {
        while let Some((flow, octets)) = self.head(id) {
            let Some(bucket) = self.buckets.get_mut(id) else {
                return;
            };
            bucket.tokens.refill(now, bucket.reserved);
            let most = bucket.tokens.burst();
            if octets > most {
                self.shrink(flow, most);
                continue;
            }
            if !bucket.tokens.has(octets) {
                break;
            }
            let Some((_, tag)) = bucket.ring.pop(octets) else {
                break;
            };
            bucket.tokens.take(octets);
            bucket.reserved += octets;
            let Some(stage) = self.served(flow, tag) else {
                continue;
            };
            self.advance(flow, stage + 1, now);
        }
        self.set_due(id, now);
    }

    fn head(&self, id: usize) -> Option<(usize, u64)> {
        let flow = self.buckets.get(id)?.ring.head()?;
        Some((flow, self.flows.get(flow)?.octets))
    }

    /// The flow has had its turn at the stage where it was.
    fn served(&mut self, id: usize, tag: u64) -> Option<usize> {
        let flow = self.flows.get_mut(id)?;
        let (index, _) = flow.waits.take()?;
        flow.chain.get_mut(index)?.tag = tag;
        Some(index)
    }

    /// A bucket has become too small for what the flow waits for.
    fn shrink(&mut self, id: usize, octets: u64) {
        let Some(flow) = self.flows.get_mut(id) else {
            return;
        };
        let less = flow.octets.saturating_sub(octets);
        flow.octets = octets;
        let served = flow.waits.map_or(0, |(index, _)| index);
        for stage in flow.chain.iter().take(served) {
            if let Some(bucket) = self.buckets.get_mut(stage.bucket) {
                bucket.reserved = bucket.reserved.saturating_sub(less);
                bucket.tokens.give(less, bucket.reserved);
            }
        }
    }

    fn set_due(&mut self, id: usize, now: u64) {
        let head = self.head(id);
        let Some(bucket) = self.buckets.get_mut(id) else {
            return;
        };
        // Where reservations keep the bucket from filling, their end changes nothing in it, so it is
        // looked at again a little later.
        let due = head.map(|(_, octets)| bucket.tokens.has_at(octets).max(now + 1_000));
        if let Some(old) = mem::replace(&mut bucket.due, due) {
            self.due.remove(&(old, id));
        }
        if let Some(due) = due {
            self.due.insert((due, id));
        }
    }

    /// Everybody that waits.
    pub(super) fn waiting(&self) -> impl Iterator<Item = &Arc<Cell>> {
        let waiting = self.flows.iter().filter(|(_, flow)| flow.waits.is_some());
        waiting.map(|(_, flow)| &flow.cell)
    }
}
