//! What a request and an address cost with 1, 100 and 1,000 rules of which the last one matches, and with the
//! safe default alone:
//!
//! ```text
//! cargo bench -p socks-acl --bench rules
//! ```
//!
//! Rules are tried one after the other, so this is the worst place to match. Only figures of one run say
//! something beside each other.
#![allow(
    missing_docs,
    reason = "criterion's macros make public functions without docs"
)]
#![expect(clippy::unwrap_used, reason = "nothing here comes from a peer")]

use std::{hint::black_box, net::SocketAddr, sync::Arc, time::Duration};

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use ipnet::{IpNet, Ipv4Net};
use socks_acl::{
    Acl, Condition, Destination, DomainPattern, DomainSet, NameSet, NetworkSet, Point, Rule, Rules,
    SafeDefault,
};
use socks_core::{
    Address, Command, Method,
    message::{AccessRequest, ConnInfo, Identity, Permit, SessionId, Verdict, Version},
};
use tower_service::Service;

const NAME: &str = "www.example.com";

fn network(index: u32) -> NetworkSet {
    let net = Ipv4Net::new((0x0b00_0000 + (index << 8)).into(), 24).unwrap();
    NetworkSet::from_iter([IpNet::V4(net)])
}

fn domain(name: &str) -> DomainSet {
    DomainSet::from_iter([name.parse::<DomainPattern>().unwrap()])
}

/// A mixture: users, names and networks, one rule each.
fn rule(index: u32) -> Rule {
    let rule = Rule::deny(format!("rule {index}"));
    match index % 3 {
        0 => rule.when(Condition::User(
            NameSet::from_iter([format!("user{index}")]).into(),
        )),
        1 => rule.when(Condition::Destination(
            domain(&format!(".host{index}.example.net")).into(),
        )),
        _ => rule.when(Condition::Destination(Destination::networks(network(
            index,
        )))),
    }
}

fn acl(rules: u32) -> Acl {
    let before = (1..rules).fold(Rules::builder(), |builder, index| {
        builder.rule(Point::Request, rule(index))
    });
    let last = Rule::allow("last").when(Condition::Destination(domain(".example.com").into()));
    Acl::new(before.rule(Point::Request, last).build().unwrap())
}

fn request() -> AccessRequest {
    let peer: SocketAddr = "198.51.100.7:50000".parse().unwrap();
    let local: SocketAddr = "203.0.113.1:1080".parse().unwrap();
    let conn = ConnInfo::new(SessionId(1), Version::Socks5, peer.into(), local.into());
    let identity = Identity::user("alice", Method::USERNAME_PASSWORD).group("staff");
    let to = Address::domain(NAME, 443).unwrap();
    AccessRequest::new(Arc::new(conn), Arc::new(identity), Command::Connect, to)
}

fn allowed<S>(service: &mut S, request: AccessRequest) -> Permit
where
    S: Service<
            AccessRequest,
            Response = Verdict,
            Error = std::convert::Infallible,
            Future = std::future::Ready<Result<Verdict, std::convert::Infallible>>,
        >,
{
    match service.call(request).into_inner() {
        Ok(Verdict::Allow(permit)) => permit,
        Ok(Verdict::Deny(_)) | Err(_) => Permit::new(),
    }
}

fn rules(criterion: &mut Criterion) {
    let request = request();
    let addr: SocketAddr = "93.184.215.14:443".parse().unwrap();
    let mut group = criterion.benchmark_group("request by name");
    let mut safe = SafeDefault::new();
    group.bench_function("safe default", |bencher| {
        bencher.iter(|| allowed(&mut safe, black_box(&request).clone()));
    });
    for count in [1, 100, 1_000] {
        let mut acl = acl(count);
        group.bench_function(BenchmarkId::new("rules", count), |bencher| {
            bencher.iter(|| allowed(&mut acl, black_box(&request).clone()));
        });
    }
    group.finish();
    let mut group = criterion.benchmark_group("address of a name");
    let permit = allowed(&mut safe, request.clone());
    group.bench_function("safe default", |bencher| {
        bencher.iter(|| permit.permits_for(black_box(&request.destination), black_box(addr)));
    });
    for count in [1, 100, 1_000] {
        let permit = allowed(&mut acl(count), request.clone());
        assert!(permit.permits_for(&request.destination, addr));
        group.bench_function(BenchmarkId::new("rules", count), |bencher| {
            bencher.iter(|| permit.permits_for(black_box(&request.destination), black_box(addr)));
        });
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2))
        .sample_size(30);
    targets = rules
}
criterion_main!(benches);
