//! Lookups among a million networks and a million names, the memory that they take, and what crates for
//! the same purpose need:
//!
//! ```text
//! cargo bench -p socks-acl --bench sets
//! ```
//!
//! What is looked up is drawn anew for each lookup from 65,536 addresses or names, in an order that no cache
//! foresees. Only figures of one run say something beside each other.
#![allow(
    missing_docs,
    reason = "criterion's macros make public functions without docs"
)]
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "nothing here comes from a peer"
)]

use std::{
    hint::black_box,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    time::Duration,
};

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use fst::raw::Fst;
use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use peak_alloc::PeakAlloc;
use prefix_trie::PrefixSet;
use socks_acl::{DomainPattern, DomainSet, NetworkSet};
use socks_core::Domain;

#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

const ENTRIES: usize = 1_000_000;
const LOOKUPS: usize = 1 << 16;

/// Xorshift, so that each run has the same entries.
struct Random(u64);

impl Random {
    fn bits(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, end: usize) -> usize {
        (self.bits() % end as u64) as usize
    }

    fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }

    fn ipv4(&mut self) -> Ipv4Addr {
        Ipv4Addr::from_bits(self.bits() as u32)
    }

    /// In 2000::/4, where addresses are.
    fn ipv6(&mut self) -> Ipv6Addr {
        let bits = u128::from(self.bits()) << 64 | u128::from(self.bits());
        Ipv6Addr::from_bits(0x2 << 124 | bits >> 4)
    }

    fn word(&mut self, shortest: usize, longest: usize) -> String {
        let len = shortest + self.below(longest - shortest + 1);
        let letter = |at| match at % 2 {
            0 => *self.pick(b"bcdfghjklmnprstvwz"),
            _ => *self.pick(b"aeiou"),
        };
        (0..len).map(letter).map(char::from).collect()
    }
}

/// Builds, tells the memory, and measures lookups of each kind.
fn compare<S, Q>(
    criterion: &mut Criterion,
    group: &str,
    name: &str,
    build: impl FnOnce() -> S,
    lookups: &[(&str, &[Q])],
    contains: impl Fn(&S, &Q) -> bool,
) {
    let before = ALLOCATOR.current_usage();
    ALLOCATOR.reset_peak_usage();
    let set = build();
    let [kept, peak] =
        [ALLOCATOR.current_usage(), ALLOCATOR.peak_usage()].map(|octets| octets - before);
    let each = kept as f64 / ENTRIES as f64;
    println!(
        "{group}, {name}: {each:.1} octets an entry, {:.1} while it is built",
        peak as f64 / ENTRIES as f64
    );
    let mut group = criterion.benchmark_group(group);
    for (kind, wanted) in lookups {
        let mut random = Random(7);
        let found = wanted
            .iter()
            .filter(|wanted| contains(&set, wanted))
            .count();
        println!("{kind}: {found} of {LOOKUPS} found");
        group.bench_function(BenchmarkId::new(name, kind), |bencher| {
            bencher.iter(|| contains(&set, black_box(random.pick(wanted))));
        });
    }
}

fn networks(criterion: &mut Criterion) {
    let mut random = Random(42);
    // As lists of hosts and networks to block have them.
    let ipv4: Vec<_> = (0..ENTRIES)
        .map(|n| {
            Ipv4Net::new(random.ipv4(), [24, 32, 32, 32][n % 4])
                .unwrap()
                .trunc()
        })
        .collect();
    let ipv6: Vec<_> = (0..ENTRIES)
        .map(|n| {
            Ipv6Net::new(random.ipv6(), [48, 64, 128, 128][n % 4])
                .unwrap()
                .trunc()
        })
        .collect();
    let hits: Vec<_> = (0..LOOKUPS)
        .map(|_| random.pick(&ipv4).broadcast())
        .collect();
    let misses: Vec<_> = (0..LOOKUPS).map(|_| random.ipv4()).collect();
    let lookups = [("hit", &*hits), ("miss", &misses)];
    let build = || ipv4.iter().copied().map(IpNet::V4).collect::<NetworkSet>();
    compare(
        criterion,
        "ipv4",
        "NetworkSet",
        build,
        &lookups,
        |set, ip| set.contains(IpAddr::V4(*ip)),
    );
    let build = || ipv4.iter().copied().collect::<PrefixSet<_>>();
    compare(
        criterion,
        "ipv4",
        "prefix-trie",
        build,
        &lookups,
        |set, ip| set.is_covered(&Ipv4Net::from(*ip)),
    );

    let hits: Vec<_> = (0..LOOKUPS)
        .map(|_| random.pick(&ipv6).broadcast())
        .collect();
    let misses: Vec<_> = (0..LOOKUPS).map(|_| random.ipv6()).collect();
    let lookups = [("hit", &*hits), ("miss", &misses)];
    let build = || ipv6.iter().copied().map(IpNet::V6).collect::<NetworkSet>();
    compare(
        criterion,
        "ipv6",
        "NetworkSet",
        build,
        &lookups,
        |set, ip| set.contains(IpAddr::V6(*ip)),
    );
    let build = || ipv6.iter().copied().collect::<PrefixSet<_>>();
    compare(
        criterion,
        "ipv6",
        "prefix-trie",
        build,
        &lookups,
        |set, ip| set.is_covered(&Ipv6Net::from(*ip)),
    );
}

/// Of one to three labels below a top-level domain, 19 octets on average.
fn names(random: &mut Random) -> Vec<String> {
    let top = [
        "com", "com", "com", "net", "org", "de", "co.uk", "info", "xyz", "io",
    ];
    let registered: Vec<_> = (0..ENTRIES / 3)
        .map(|_| format!("{}.{}", random.word(5, 14), random.pick(&top)))
        .collect();
    let name = |n| {
        let domain = random.pick(&registered);
        match n % 4 {
            0 => format!("{}.{}", random.word(5, 14), random.pick(&top)),
            1 => format!("{}.{}.{domain}", random.word(2, 6), random.word(2, 6)),
            _ => format!("{}{}.{domain}", random.word(2, 8), random.below(100)),
        }
    };
    (0..ENTRIES).map(name).collect()
}

fn domains(criterion: &mut Criterion) {
    let mut random = Random(42);
    let names = names(&mut random);
    let mut wanted = |prefix: &str| -> Vec<_> {
        let names = (0..LOOKUPS).map(|_| format!("{prefix}{}", random.pick(&names)));
        names
            .map(|name| Domain::try_from(&*name).unwrap())
            .collect()
    };
    let (itself, below, misses) = (wanted(""), wanted("www."), wanted("no"));
    let longest = [Domain::new(&b"a.".repeat(127)).unwrap()];
    let lookups = [
        ("hit", &*itself),
        ("below", &below),
        ("miss", &misses),
        ("127 labels", &longest),
    ];
    let build = || {
        let patterns = names
            .iter()
            .map(|name| format!(".{name}").parse::<DomainPattern>().unwrap());
        patterns.collect::<DomainSet>()
    };
    compare(
        criterion,
        "domains",
        "DomainSet",
        build,
        &lookups,
        DomainSet::contains,
    );
    compare(
        criterion,
        "domains",
        "fst",
        || automaton(&names),
        &lookups,
        is_in_automaton,
    );

    let globs = (0..1000).map(|n| {
        format!("{}*.{}", random.word(3, 5), names[n])
            .parse::<DomainPattern>()
            .unwrap()
    });
    let globs: Vec<_> = globs.collect();
    let lookups = [("miss", &*misses), ("127 labels", &longest)];
    compare(
        criterion,
        "1000 globs",
        "DomainSet",
        || globs.iter().cloned().collect(),
        &lookups,
        DomainSet::contains,
    );
}

fn automaton(names: &[String]) -> Fst<Vec<u8>> {
    let mut keys: Vec<Vec<u8>> = names
        .iter()
        .map(|name| name.bytes().rev().collect())
        .collect();
    keys.sort();
    keys.dedup();
    Fst::from_iter_set(keys).unwrap()
}

/// Names in the automaton are reversed and stand for all below them.
fn is_in_automaton(automaton: &Fst<Vec<u8>>, name: &Domain) -> bool {
    let mut node = automaton.root();
    let mut octets = name.as_bytes().iter().rev().peekable();
    while let Some(octet) = octets.next() {
        let Some(next) = node.find_input(octet.to_ascii_lowercase()) else {
            return false;
        };
        node = automaton.node(node.transition_addr(next));
        if node.is_final() && octets.peek().is_none_or(|octet| **octet == b'.') {
            return true;
        }
    }
    false
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(30)
        .warm_up_time(Duration::from_secs(1))
        .measurement_time(Duration::from_secs(2))
        .nresamples(5000);
    targets = networks, domains
}
criterion_main!(benches);
