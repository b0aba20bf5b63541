//! Verdicts about names, about addresses, and about addresses for a name.

use std::{
    collections::HashSet,
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use proptest::prelude::*;
use socks_core::{
    Address, Domain,
    message::{AddressFilter, Permit, RulesEpoch},
};

use super::{Bench, TARGET, addr};
use crate::udp::{DropReason, ReplyPolicy, UdpRelay};

/// What may be used: `name`, `name address` and `address`.
#[derive(Clone, Default)]
struct Rules {
    allowed: Arc<Mutex<HashSet<String>>>,
    asked: Arc<AtomicUsize>,
    epoch: RulesEpoch,
}

impl Rules {
    fn of(allowed: &[&str]) -> Self {
        let rules = Self::default();
        rules.change(allowed);
        rules
    }

    fn change(&self, allowed: &[&str]) {
        let allowed = allowed.iter().map(|what| what.to_string());
        *self.allowed.lock().unwrap() = allowed.collect();
        self.epoch.advance();
    }

    fn say(&self, what: String) -> bool {
        self.asked.fetch_add(1, Ordering::Relaxed);
        self.allowed.lock().unwrap().contains(&what)
    }

    fn bench(&self, replies: ReplyPolicy) -> Bench {
        let mut permit = Permit::new().filter(self.clone());
        permit.extensions.insert(self.epoch.clone());
        Bench::declared(UdpRelay::new().replies(replies), "0.0.0.0:0", permit)
    }
}

impl AddressFilter for Rules {
    fn permits(&self, addr: SocketAddr) -> bool {
        self.say(addr.to_string())
    }

    fn permits_name(&self, name: &Domain, port: u16) -> bool {
        self.say(Address::Domain(name.clone(), port).to_string())
    }

    fn permits_for(&self, requested: &Address, addr: SocketAddr) -> bool {
        match requested {
            Address::Socket(_) => self.permits(addr),
            Address::Domain(..) => self.say(format!("{requested} {addr}")),
        }
    }
}

/// UD-28, SE-41: a name that is refused costs no lookup, whether its answer is known or not.
#[test]
fn a_refused_name_is_not_looked_up() {
    let rules = Rules::of(&["a.example:53", "a.example:53 198.51.100.1:53"]);
    let mut bench = rules.bench(ReplyPolicy::default());
    bench.send("b.example:53", b"x");
    bench.send("a.example:54", b"x");
    assert!(bench.sent.lookups.is_empty());
    bench.send("A.example.:53", b"1");
    bench.resolved("a.example", &["198.51.100.1"]);
    bench.send("a.example:54", b"x");
    bench.send("a.example:53", b"2");
    assert_eq!(bench.sent.lookups.len(), 1);
    let to: Vec<_> = bench.sent.to_target.iter().map(|(to, _)| *to).collect();
    assert_eq!(to, [addr(TARGET); 2]);
    assert_eq!(bench.dropped(DropReason::NotPermitted), 3);
    assert_eq!(bench.all_dropped(), 3);
}

/// SE-4, SE-41, UD-28: an address that a name may have is not open to those who ask for the address,
/// nor to another name that has it; and the other way round. The verdicts that are remembered keep
/// them apart.
#[test]
fn verdicts_about_names_are_not_about_addresses() {
    let sent = |bench: &mut Bench, to: &str| {
        let before = bench.sent.to_target.len();
        bench.send(to, b"x");
        bench.sent.to_target.len() > before
    };
    for name_only in [true, false] {
        let allowed: &[&str] = match name_only {
            true => &[
                "a.example:53",
                "b.example:53",
                "a.example:53 198.51.100.1:53",
            ],
            false => &["a.example:53", "b.example:53", TARGET],
        };
        let mut bench = Rules::of(allowed).bench(ReplyPolicy::default());
        for name in ["a.example", "b.example"] {
            bench.send(&format!("{name}:53"), b"x");
            bench.resolved(name, &["198.51.100.1"]);
        }
        for _ in 0..2 {
            assert_eq!(sent(&mut bench, "a.example:53"), name_only);
            assert_eq!(sent(&mut bench, TARGET), !name_only);
            assert!(!sent(&mut bench, "b.example:53"));
        }
    }
}

/// UD-28: a verdict that let a datagram through is asked for once, for a name as for an address.
#[test]
fn known_targets_are_not_asked_about() {
    let rules = Rules::of(&["a.example:53", "a.example:53 198.51.100.1:53", TARGET]);
    let mut bench = rules.bench(ReplyPolicy::default());
    for asked in [1, 3, 3] {
        for to in [TARGET, "a.example:53"] {
            if asked == 1 && to != TARGET {
                continue;
            }
            bench.send(to, b"x");
            bench.resolved("a.example", &["198.51.100.1"]);
        }
        assert_eq!(rules.asked.load(Ordering::Relaxed), asked);
    }
}

/// UD-33: with every sender that may be sent to, one that may be for its name alone is heard once
/// the client has sent to it.
#[test]
fn what_was_sent_to_by_name_may_answer() {
    let rules = Rules::of(&["a.example:53", "a.example:53 198.51.100.1:53"]);
    for policy in [
        ReplyPolicy::AnyRemote,
        ReplyPolicy::AddressRestricted,
        ReplyPolicy::AddressAndPortRestricted,
    ] {
        let mut bench = rules.bench(policy);
        bench.send("a.example:53", b"x");
        bench.reply(TARGET, b"x");
        assert_eq!(bench.sent.to_client.len(), 0);
        bench.resolved("a.example", &["198.51.100.1"]);
        bench.reply(TARGET, b"x");
        bench.reply("203.0.113.1:53", b"x");
        assert_eq!(bench.sent.to_client.len(), 1, "{policy:?}");
    }
}

/// UD-28, SE-12: rules that changed while a name was looked up, or while its answer was kept, hold
/// for what follows; and what is left of a target decides whether it is heard.
#[test]
fn changed_rules_about_names() {
    let all = ["a.example:53", "a.example:53 198.51.100.1:53", TARGET];
    let rules = Rules::of(&all);
    let mut bench = rules.bench(ReplyPolicy::default());
    bench.send("a.example:53", b"x");
    rules.change(&all[1..]);
    bench.resolved("a.example", &["198.51.100.1"]);
    assert_eq!(bench.dropped(DropReason::NotPermitted), 1);
    rules.change(&all);
    for to in ["a.example:53", TARGET] {
        bench.send(to, b"x");
    }
    assert_eq!(bench.sent.to_target.len(), 2);

    let mut heard = |allowed: &[&str]| {
        rules.change(allowed);
        let before = bench.sent.to_client.len();
        bench.reply(TARGET, b"x");
        bench.sent.to_client.len() > before
    };
    assert!(heard(&all[2..]), "it was sent to by its address, too");
    assert!(!heard(&all[..2]), "it was not, since the name was refused");
    assert!(!heard(&all), "and is none that was sent to any more");
}

#[derive(Clone, Debug)]
enum Step {
    Send(usize),
    Change(Vec<bool>),
}

const NAMES: [&str; 3] = ["a.example", "b.example", "c.example"];
const ADDRS: [&str; 2] = ["198.51.100.1", "203.0.113.2"];

/// All that a rule can be about here, and all that a datagram can be for.
fn questions() -> Vec<String> {
    let about = |ip: &str| NAMES.map(|name| format!("{name}:53 {ip}:53")).to_vec();
    let names = NAMES.map(|name| format!("{name}:53")).to_vec();
    let addrs = ADDRS.map(|ip| format!("{ip}:53")).to_vec();
    [names, addrs, about(ADDRS[0]), about(ADDRS[1])].concat()
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let rules = proptest::collection::vec(any::<bool>(), questions().len());
    let step = prop_oneof![
        4 => (0..NAMES.len() + ADDRS.len()).prop_map(Step::Send),
        1 => rules.prop_map(Step::Change),
    ];
    proptest::collection::vec(step, 1..40)
}

proptest! {
    /// UD-28, SE-4, SE-41: whatever is remembered, each datagram goes where the rules of that moment
    /// let it go: to itself, or to the first of a permitted name's addresses that they permit for it.
    #[test]
    fn what_is_remembered_is_what_the_rules_say(steps in steps()) {
        let rules = Rules::default();
        let mut bench = rules.bench(ReplyPolicy::default());
        let mut allowed = HashSet::new();
        for step in &steps {
            let sent = bench.sent.to_target.len();
            let expected = match step {
                Step::Change(bits) => {
                    let questions = questions();
                    let chosen = questions.iter().zip(bits).filter(|(_, yes)| **yes);
                    allowed = chosen.map(|(what, _)| what.clone()).collect();
                    let allowed: Vec<_> = allowed.iter().map(String::as_str).collect();
                    rules.change(&allowed);
                    continue;
                }
                Step::Send(to) if *to < NAMES.len() => {
                    let name = format!("{}:53", NAMES[*to]);
                    bench.send(&name, b"x");
                    bench.resolved(NAMES[*to], &ADDRS);
                    let addrs = ADDRS.iter().map(|ip| format!("{ip}:53"));
                    addrs
                        .filter(|ip| allowed.contains(&format!("{name} {ip}")))
                        .find(|_| allowed.contains(&name))
                }
                Step::Send(to) => {
                    let ip = format!("{}:53", ADDRS[*to - NAMES.len()]);
                    bench.send(&ip, b"x");
                    Some(ip).filter(|ip| allowed.contains(ip))
                }
            };
            let went: Vec<_> = bench.sent.to_target[sent..].iter().map(|(to, _)| *to).collect();
            let expected: Vec<_> = expected.iter().map(|to| addr(to)).collect();
            prop_assert_eq!(went, expected);
        }
    }
}
