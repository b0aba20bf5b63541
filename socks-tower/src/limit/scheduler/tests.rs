//! The scheduler by a clock of the tests' own, in nanoseconds.

use std::{
    collections::BTreeMap,
    num::NonZeroU64,
    sync::{Arc, atomic::Ordering},
};

use proptest::prelude::*;

use super::{Cell, ring::Ring, state::State};
use crate::limit::Rate;

const SECOND: u64 = 1_000_000_000;
const MILLISECOND: u64 = 1_000_000;
const MIB: u64 = 1 << 20;

fn rate(octets: u64) -> Rate {
    Rate::per_second(NonZeroU64::new(octets).unwrap())
}

fn burst(octets: u64, burst: u64) -> Rate {
    rate(octets).burst(NonZeroU64::new(burst).unwrap())
}

/// Flows that always want more, or for a while do not.
#[derive(Debug, Default)]
struct Model {
    state: State,
    now: u64,
    flows: BTreeMap<usize, Busy>,
    /// Octets that went through each bucket.
    passed: BTreeMap<usize, u64>,
}

#[derive(Debug)]
struct Busy {
    cell: Arc<Cell>,
    chain: Vec<usize>,
    got: u64,
    /// What it takes out of a grant, at most.
    takes: u64,
    asks: bool,
}

impl Model {
    fn bucket(&mut self, rate: Rate) -> usize {
        self.state.add_bucket(rate, self.now)
    }

    fn flow(&mut self, chain: &[usize]) -> usize {
        self.flow_taking(chain, u64::MAX)
    }

    /// A flow that gives back what it was granted beyond so many octets.
    fn flow_taking(&mut self, chain: &[usize], takes: u64) -> usize {
        let cell = Arc::<Cell>::default();
        let id = self.state.add_flow(Arc::clone(&cell), chain);
        let chain = chain.to_vec();
        let busy = Busy {
            cell,
            chain,
            got: 0,
            takes,
            asks: true,
        };
        self.flows.insert(id, busy);
        id
    }

    /// Every flow takes what it was granted and asks for more.
    fn everybody(&mut self) {
        let mut granted = true;
        while granted {
            granted = false;
            for (id, flow) in &mut self.flows {
                let octets = flow.cell.granted.swap(0, Ordering::AcqRel);
                let taken = octets.min(flow.takes);
                flow.got += taken;
                for bucket in &flow.chain {
                    *self.passed.entry(*bucket).or_default() += taken;
                }
                self.state.give_back(*id, octets - taken, self.now);
                if flow.asks {
                    self.state.ask(*id, self.now);
                }
                granted |= octets > 0;
            }
            self.state.woken.clear();
        }
    }

    /// Time passes: the timer fires when it is due, rounded up to milliseconds as tokio's does.
    fn pass(&mut self, nanos: u64) {
        let end = self.now + nanos;
        self.everybody();
        while let Some(next) = self.state.next().filter(|next| *next <= end) {
            let next = next.div_ceil(MILLISECOND) * MILLISECOND;
            if next > end {
                break;
            }
            self.now = self.now.max(next);
            self.state.run(self.now);
            self.everybody();
        }
        self.now = end;
        self.state.run(self.now);
        self.everybody();
    }

    fn forget(&mut self) {
        self.flows.values_mut().for_each(|flow| flow.got = 0);
        self.passed.clear();
    }

    fn got(&self, id: usize) -> u64 {
        self.flows[&id].got
    }

    fn drop_flow(&mut self, id: usize) {
        self.flows.remove(&id);
        self.state.drop_flow(id, 0, self.now);
        self.state.woken.clear();
    }
}

fn within(octets: u64, expected: u64, percent: u64) {
    let off = octets.abs_diff(expected);
    assert!(off * 100 <= expected * percent, "{octets} of {expected}");
}

/// Two users of eight sessions each under one cap, some of which take little at a time: the
/// total is the cap and all shares are equal.
#[test]
fn shares_under_one_cap() {
    for per_user in [false, true] {
        let mut model = Model::default();
        let server = model.bucket(rate(10 * MIB));
        let mut sessions = Vec::new();
        for user in 0..2 {
            let user_bucket = per_user.then(|| model.bucket(rate(8 * MIB)));
            for session in 0..8 {
                let chain: Vec<_> = user_bucket.into_iter().chain([server]).collect();
                let takes = [u64::MAX, 10_000][(session + user) % 2];
                sessions.push(model.flow_taking(&chain, takes));
            }
        }
        model.pass(SECOND);
        model.forget();
        model.pass(10 * SECOND);
        within(model.passed[&server], 100 * MIB, 1);
        for session in sessions {
            // Who gives back most of each grant still has its turns, and no more of them.
            match model.flows[&session].takes {
                u64::MAX => assert!(model.got(session) > 100 * MIB / 16),
                _ => assert!(model.got(session) > 100 * MIB / 16 / 8),
            }
        }
    }
}

/// Sessions that use their grants have equal shares, and the whole is the cap.
#[test]
fn equal_shares() {
    let mut model = Model::default();
    let server = model.bucket(rate(10 * MIB));
    let sessions: Vec<_> = (0..16).map(|_| model.flow(&[server])).collect();
    model.pass(SECOND);
    model.forget();
    model.pass(10 * SECOND);
    within(model.passed[&server], 100 * MIB, 1);
    for session in sessions {
        within(model.got(session), 100 * MIB / 16, 1);
    }
}

/// A user with many sessions has no more of what is shared than one with few, and what one user
/// leaves the other has.
#[test]
fn users_before_sessions() {
    let mut model = Model::default();
    let server = model.bucket(rate(8 * MIB));
    let (many, few) = (model.bucket(rate(8 * MIB)), model.bucket(rate(8 * MIB)));
    let of_many: Vec<_> = (0..30).map(|_| model.flow(&[many, server])).collect();
    let of_few: Vec<_> = (0..2).map(|_| model.flow(&[few, server])).collect();
    model.pass(SECOND);
    model.forget();
    model.pass(10 * SECOND);
    within(model.passed[&server], 80 * MIB, 1);
    within(model.passed[&many], 40 * MIB, 3);
    within(model.passed[&few], 40 * MIB, 3);
    for session in &of_many {
        within(model.got(*session), 40 * MIB / 30, 5);
    }
    for session in of_few {
        model.drop_flow(session);
    }
    model.pass(SECOND);
    model.forget();
    model.pass(10 * SECOND);
    within(model.passed[&many], 80 * MIB, 1);
}

/// A slow user leaves what it may not have to the others: the cap is used to its end.
#[test]
fn nothing_is_left_over() {
    let mut model = Model::default();
    let server = model.bucket(rate(10 * MIB));
    let (slow, fast) = (model.bucket(rate(MIB)), model.bucket(rate(20 * MIB)));
    for _ in 0..8 {
        model.flow(&[slow, server]);
        model.flow(&[fast, server]);
    }
    model.pass(SECOND);
    model.forget();
    model.pass(10 * SECOND);
    within(model.passed[&slow], 10 * MIB, 3);
    within(model.passed[&fast], 90 * MIB, 3);
}

/// Where limits cross, as of a user who comes from several networks, everybody goes on.
#[test]
fn crossing_limits_starve_nobody() {
    let mut model = Model::default();
    let user = model.bucket(rate(MIB));
    let networks = [model.bucket(rate(MIB)), model.bucket(rate(MIB))];
    let crossing = networks.map(|network| model.flow(&[user, network]));
    for network in networks {
        for _ in 0..4 {
            model.flow(&[network]);
        }
    }
    for _ in 0..4 {
        model.flow(&[user]);
    }
    model.pass(SECOND);
    model.forget();
    model.pass(10 * SECOND);
    for flow in crossing {
        // A fifth of each of both is 2 MiB, and of what its user has a sixth is 1.7.
        assert!(model.got(flow) > MIB, "{}", model.got(flow));
    }
    for bucket in networks.into_iter().chain([user]) {
        within(model.passed[&bucket], 10 * MIB, 3);
    }
}

/// A low rate is given out in small turns, so that nobody waits long for a first one.
#[test]
fn slow_buckets() {
    let mut model = Model::default();
    let bucket = model.bucket(rate(16 * 1024));
    let sessions: Vec<_> = (0..16).map(|_| model.flow(&[bucket])).collect();
    model.pass(1);
    model.forget();
    model.pass(1100 * MILLISECOND);
    for session in sessions {
        assert!(model.got(session) >= 1024);
    }
}

/// Whoever stops waiting leaves its turn, and what it had reserved, to the others.
#[test]
fn a_cancelled_turn_goes_to_the_next() {
    let mut model = Model::default();
    let (user, server) = (model.bucket(rate(MIB)), model.bucket(rate(MIB)));
    let other = model.flow(&[server]);
    let first = model.flow(&[user, server]);
    model.pass(SECOND);
    // It waits at the server's bucket, with a grant of the user's reserved.
    model.drop_flow(first);
    let second = model.flow(&[user, server]);
    model.forget();
    model.pass(2 * SECOND);
    within(model.got(other), MIB, 5);
    within(model.got(second), MIB, 5);
    model.drop_flow(other);
    model.drop_flow(second);
    model.now += 10 * SECOND;
    assert!(model.state.is_fresh(user, model.now) && model.state.is_fresh(server, model.now));
    assert_eq!(model.state.next(), None);
}

/// What was granted to somebody who is gone goes back, and what it used without a grant is taken.
#[test]
fn credit_of_the_gone() {
    let mut model = Model::default();
    let bucket = model.bucket(burst(1_000, 40_000));
    let flow = model.flow(&[bucket]);
    model.state.ask(flow, 0);
    assert!(!model.state.is_fresh(bucket, 0));
    model.drop_flow(flow);
    assert!(model.state.is_fresh(bucket, 0));
    let flow = model.flow(&[bucket]);
    model.state.drop_flow(flow, -10_000, 0);
    assert!(!model.state.is_fresh(bucket, 9 * SECOND));
    assert!(model.state.is_fresh(bucket, 10 * SECOND));
}

/// SE-28: flows that use more than they were granted, one datagram of 64 KiB, and are gone, get no more
/// than one that stays.
#[test]
fn debts_outlive_who_made_them() {
    let mut model = Model::default();
    let (user, server) = (model.bucket(rate(128 * 1024)), model.bucket(rate(MIB)));
    let mut used = 0;
    while model.now < 60 * SECOND {
        let flow = model.flow(&[user, server]);
        model.state.ask(flow, model.now);
        let granted = model.flows[&flow].cell.granted.swap(0, Ordering::AcqRel);
        if granted > 0 {
            used += 64 * 1024;
            let credit = granted.cast_signed() - 64 * 1024;
            model.state.drop_flow(flow, credit, model.now);
            model.flows.remove(&flow);
        } else {
            model.drop_flow(flow);
        }
        model.now += MILLISECOND;
        model.state.run(model.now);
    }
    assert!(used <= 61 * 128 * 1024, "{used}");
    // A slower rate does not forgive it, and it is over once it is paid.
    model.state.set_bucket(user, rate(64 * 1024), model.now);
    assert!(!model.state.is_fresh(user, model.now));
    assert!(model.state.is_fresh(user, model.now + 3 * SECOND));
}

/// Another rate holds from the moment that it is set, for those who wait as well.
#[test]
fn rates_are_replaced_under_load() {
    let mut model = Model::default();
    let bucket = model.bucket(rate(MIB));
    let flows: Vec<_> = (0..4).map(|_| model.flow(&[bucket])).collect();
    for octets in [64 * 1024, 8 * MIB, 1024, 2 * MIB] {
        model.state.set_bucket(bucket, rate(octets), model.now);
        model.pass(SECOND);
        model.forget();
        model.pass(10 * SECOND);
        within(model.passed[&bucket], 10 * octets, 10);
    }
    // None at all, while all of them wait.
    for flow in &flows {
        model.state.set_chain(*flow, &[], model.now);
        assert!(model.flows[flow].cell.free.load(Ordering::Acquire));
    }
    assert_eq!(model.state.next(), None);
    let new = model.bucket(rate(MIB));
    for flow in &flows {
        model.state.set_chain(*flow, &[new], model.now);
        model.flows.get_mut(flow).unwrap().chain = vec![new];
    }
    model.pass(SECOND);
    model.forget();
    model.pass(SECOND);
    within(model.passed[&new], MIB, 5);
}

/// However many newcomers there are one after the other, each with one turn, those who wait have
/// theirs.
#[test]
fn newcomers_keep_nobody_away() {
    let mut ring = Ring::default();
    ring.push(&[], 0, 0);
    ring.push(&[], 1, 0);
    let mut turns = 0;
    for newcomer in 2..1000 {
        match ring.pop(1024) {
            Some((0, tag)) => {
                turns += 1;
                ring.push(&[], 0, tag);
            }
            _ => drop(ring.push(&[], newcomer, 0)),
        }
    }
    assert!(turns >= 300, "{turns}");
}

/// Classes of those who are gone do not add up.
#[test]
fn rings_stay_small() {
    let mut ring = Ring::default();
    ring.push(&[], 0, 0);
    for class in 1..10_000 {
        ring.push(&[class], class, 0);
        ring.pop(1024);
        assert!(ring.classes() < 100);
    }
}

#[derive(Clone, Debug)]
enum Step {
    Pass(u64),
    Add(Vec<usize>),
    Drop(usize),
    Pause(usize),
    Rate(usize, u64),
}

fn step() -> impl Strategy<Value = Step> {
    let chain = proptest::sample::subsequence(vec![0_usize, 1, 2, 3], 1..=4);
    prop_oneof![
        4 => (1_u64..200).prop_map(|ms| Step::Pass(ms * MILLISECOND / 3)),
        3 => chain.prop_map(Step::Add),
        1 => (0_usize..20).prop_map(Step::Drop),
        1 => (0_usize..20).prop_map(Step::Pause),
        1 => (0_usize..4, 1_000_u64..1_000_000).prop_map(|(bucket, rate)| Step::Rate(bucket, rate)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    /// Whatever comes, goes and changes, no bucket gives more than its burst and what its rate has
    /// brought; and while somebody wants more, some bucket that it draws from has none left.
    #[test]
    fn never_more_than_the_rate(
        rates in proptest::collection::vec((1_000_u64..1_000_000, 1_u64..1_000_000), 4),
        steps in proptest::collection::vec(step(), 1..60),
    ) {
        let mut model = Model::default();
        let mut allowed = Vec::new();
        let mut current = Vec::new();
        for (octets, most) in rates {
            let rate = burst(octets, most);
            model.bucket(rate);
            allowed.push(u128::from(rate.burst_of_octets()) * u128::from(SECOND));
            current.push(octets);
        }
        for step in steps {
            let before = model.now;
            match step {
                Step::Pass(nanos) => model.pass(nanos),
                Step::Add(chain) => drop(model.flow(&chain)),
                Step::Drop(index) => {
                    if let Some(id) = model.flows.keys().nth(index).copied() {
                        // What it was granted and did not take goes back.
                        model.drop_flow(id);
                    }
                }
                Step::Pause(index) => {
                    if let Some(flow) = model.flows.values_mut().nth(index) {
                        flow.asks = !flow.asks;
                    }
                }
                Step::Rate(bucket, octets) => {
                    model.state.set_bucket(bucket, rate(octets), model.now);
                    current[bucket] = octets;
                }
            }
            model.everybody();
            for (bucket, allowed) in allowed.iter_mut().enumerate() {
                *allowed += u128::from(model.now - before) * u128::from(current[bucket]);
                let passed = model.passed.get(&bucket).copied().unwrap_or_default();
                prop_assert!(u128::from(passed) * u128::from(SECOND) <= *allowed);
            }
        }
        // Nobody waits for ever: with time everybody who asks gets something.
        model.forget();
        model.pass(60 * SECOND);
        for flow in model.flows.values().filter(|flow| flow.asks) {
            prop_assert!(flow.got > 0);
        }
    }
}
