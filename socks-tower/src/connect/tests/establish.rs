use std::{
    convert::Infallible,
    io,
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex},
    time::Duration,
};

use socks_core::{
    Address, Domain, ReplyCode,
    message::{AddressFilter, Connect, Permit},
};
use tokio::time::Instant;
use tower::{BoxError, service_fn, timeout::Timeout, util::ServiceExt};

use super::{Event::Started, FakeDial, Outcome::*, addr, connect};
use crate::{
    Addrs, ConnectError, ConnectErrorKind, Name, Resolver, TcpConnector,
    connect::establish::{self, Limits},
    reply_code,
};

async fn establish(
    resolver: impl Resolver,
    dial: FakeDial,
    limits: Limits,
    request: Connect,
) -> Result<(SocketAddr, SocketAddr), ConnectError> {
    establish::establish(&resolver, &dial, &limits, &request).await
}

/// Answers every name with these addresses.
fn answers(ips: &[&str]) -> impl Resolver {
    let ips: Vec<IpAddr> = ips.iter().map(|text| text.parse().unwrap()).collect();
    service_fn(move |_: Name| {
        let answer = Addrs::from_iter(ips.clone());
        async move { Ok::<_, Infallible>(answer) }
    })
}

fn silent() -> impl Resolver {
    service_fn(|_: Name| std::future::pending::<Result<Addrs, Infallible>>())
}

fn name() -> Address {
    Address::domain("target.example", 80).unwrap()
}

fn code(result: Result<(SocketAddr, SocketAddr), ConnectError>) -> ReplyCode {
    reply_code(&result.unwrap_err())
}

/// SE-12, SE-4: every resolved address is judged, and only what was permitted is dialled.
#[tokio::test(start_paused = true)]
async fn only_permitted_addresses_are_dialled() {
    let dial = FakeDial::new(&[("192.0.2.2:80", Connects(0))]);
    let events = dial.events();
    let judged = Arc::new(Mutex::new(Vec::new()));
    let log = judged.clone();
    let permit = Permit::new().filter(move |addr: SocketAddr| {
        log.lock().unwrap().push(addr);
        addr.ip() == IpAddr::from([192, 0, 2, 2])
    });
    let resolver = answers(&["::1", "10.0.0.1", "192.0.2.2"]);
    let request = connect(name(), permit);
    let (_, remote) = establish(resolver, dial, Limits::default(), request)
        .await
        .unwrap();
    assert_eq!(remote, addr("192.0.2.2:80"));
    assert_eq!(*events.lock().unwrap(), [Started(remote, 0)]);
    let all = ["[::1]:80", "10.0.0.1:80", "192.0.2.2:80"].map(addr);
    assert_eq!(*judged.lock().unwrap(), all);
}

/// SE-12, R5-60: a name that resolves to loopback, mapped forms included, is judged as
/// loopback: 02, and nothing is dialled.
#[tokio::test(start_paused = true)]
async fn a_refused_name_is_never_dialled() {
    let dial = FakeDial::new(&[]);
    let events = dial.events();
    let permit = Permit::new().filter(|addr: SocketAddr| !addr.ip().is_loopback());
    let resolver = answers(&["127.0.0.1", "::ffff:127.0.0.1", "::1"]);
    let request = connect(name(), permit);
    let result = establish(resolver, dial, Limits::default(), request).await;
    assert_eq!(code(result), ReplyCode::NOT_ALLOWED);
    assert!(events.lock().unwrap().is_empty());
}

/// What may be used of a name, and nothing but that name.
struct Only(&'static str);

impl AddressFilter for Only {
    fn permits(&self, _: SocketAddr) -> bool {
        false
    }

    fn permits_name(&self, name: &Domain, port: u16) -> bool {
        name.as_str() == Some(self.0) && port == 80
    }

    fn permits_for(&self, requested: &Address, addr: SocketAddr) -> bool {
        *requested == Address::domain(self.0, 80).unwrap()
            && addr.ip() != IpAddr::from([10, 0, 0, 1])
    }
}

/// SE-4, SE-41: name and addresses are judged, each address with the name; the same address is
/// refused to those who ask for it by itself. A name that is refused is not looked up.
#[tokio::test(start_paused = true)]
async fn a_name_is_judged_before_it_is_looked_up() {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let log = asked.clone();
    let resolver = service_fn(move |name: Name| {
        log.lock().unwrap().push(name.as_str().to_owned());
        assert!(name.conn.is_some());
        let addrs = ["10.0.0.1", "192.0.2.2"].map(|ip| ip.parse::<IpAddr>().unwrap());
        async move { Ok::<_, Infallible>(Addrs::from_iter(addrs)) }
    });
    let target = Address::domain("Target.example.", 80).unwrap();
    for (to, dialled) in [
        (target, true),
        (Address::domain("other.example", 80).unwrap(), false),
        (Address::domain("target.example", 81).unwrap(), false),
        (addr("192.0.2.2:80").into(), false),
    ] {
        let dial = FakeDial::new(&[("192.0.2.2:80", Connects(0))]);
        let events = dial.events();
        let request = connect(to, Permit::new().filter(Only("target.example")));
        let result = establish(resolver.clone(), dial, Limits::default(), request).await;
        match dialled {
            true => assert_eq!(result.unwrap().1, addr("192.0.2.2:80")),
            false => assert_eq!(code(result), ReplyCode::NOT_ALLOWED),
        }
        assert_eq!(events.lock().unwrap().len(), usize::from(dialled));
    }
    assert_eq!(*asked.lock().unwrap(), ["target.example"]);
}

/// SE-12: the same for literals, where nobody resolves; a literal in a name field is one.
#[tokio::test(start_paused = true)]
async fn a_refused_literal_is_never_dialled() {
    let literals = [
        addr("127.0.0.1:80").into(),
        addr("[::ffff:127.0.0.1]:80").into(),
        Address::domain("127.0.0.1", 80).unwrap(),
    ];
    for literal in literals {
        let dial = FakeDial::new(&[]);
        let events = dial.events();
        let permit = Permit::new().filter(|addr: SocketAddr| !addr.ip().is_loopback());
        let request = connect(literal, permit);
        let result = establish(silent(), dial, Limits::default(), request).await;
        assert_eq!(code(result), ReplyCode::NOT_ALLOWED);
        assert!(events.lock().unwrap().is_empty());
    }
}

/// SE-9: a mapped address is dialled as the IPv4 address that it is.
#[tokio::test(start_paused = true)]
async fn a_mapped_literal_is_dialled_over_ipv4() {
    let dial = FakeDial::new(&[("192.0.2.1:80", Connects(0))]);
    let request = connect(addr("[::ffff:192.0.2.1]:80").into(), Permit::new());
    let dialled = establish(silent(), dial, Limits::default(), request).await;
    assert_eq!(dialled.unwrap().1, addr("192.0.2.1:80"));
}

/// R5-61: one deadline of 30 s over all of it: a lookup without answer, an attempt without end.
#[tokio::test(start_paused = true)]
async fn the_deadline_covers_lookup_and_attempts() {
    let limits = Limits::default();
    let literal = Address::from(addr("192.0.2.1:80"));
    let start = Instant::now();
    let passed = |n: u64| start.elapsed() == Duration::from_secs(30 * n);

    let request = connect(name(), Permit::new());
    let result = establish(silent(), FakeDial::new(&[]), limits, request).await;
    assert_eq!(code(result), ReplyCode::TTL_EXPIRED);
    assert!(passed(1));

    let request = connect(literal, Permit::new());
    let result = establish(silent(), FakeDial::new(&[]), limits, request).await;
    assert_eq!(code(result), ReplyCode::TTL_EXPIRED);
    assert!(passed(2));

    let resolver = answers(&["192.0.2.1", "2001:db8::1"]);
    let refused = Fails(0, io::ErrorKind::ConnectionRefused);
    let dial = FakeDial::new(&[("[2001:db8::1]:80", refused)]);
    let result = establish(resolver, dial, limits, connect(name(), Permit::new())).await;
    assert_eq!(code(result), ReplyCode::TTL_EXPIRED);
    assert!(passed(3));
}

/// R5-67: an application's own `tower` timeout around the connector is a timeout too.
#[tokio::test(start_paused = true)]
async fn a_timeout_layer_means_06() {
    let connector = TcpConnector::new().resolver(silent());
    let connector = Timeout::new(connector, Duration::from_secs(1));
    let error: BoxError = connector
        .oneshot(connect(name(), Permit::new()))
        .await
        .unwrap_err();
    assert_eq!(reply_code(&*error), ReplyCode::TTL_EXPIRED);
}

/// SE-23: of a long answer sixteen addresses are considered, whoever resolves.
#[tokio::test(start_paused = true)]
async fn answers_are_counted() {
    let many: Vec<String> = (0..100).map(|n| format!("192.0.2.{n}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let addrs: Vec<String> = many.iter().map(|ip| format!("{ip}:80")).collect();
    let refused = || Fails(0, io::ErrorKind::ConnectionRefused);
    let outcomes: Vec<_> = addrs.iter().map(|addr| (&**addr, refused())).collect();
    let dial = FakeDial::new(&outcomes);
    let events = dial.events();
    let request = connect(name(), Permit::new());
    let result = establish(answers(&many), dial, Limits::default(), request).await;
    assert!(result.is_err());
    let events = events.lock().unwrap();
    let started = events.iter().filter(|event| matches!(event, Started(..)));
    assert_eq!(started.count(), 16);
}

/// R5-67: IPv6 switched off is 08 for an address; a name without other addresses is 04.
#[tokio::test(start_paused = true)]
async fn ipv6_can_be_switched_off() {
    let limits = Limits {
        ipv6: false,
        ..Limits::default()
    };
    let request = connect(addr("[2001:db8::1]:80").into(), Permit::new());
    let result = establish(silent(), FakeDial::new(&[]), limits, request).await;
    assert_eq!(code(result), ReplyCode::ADDRESS_TYPE_NOT_SUPPORTED);

    let request = connect(name(), Permit::new());
    let resolver = answers(&["2001:db8::1"]);
    let result = establish(resolver, FakeDial::new(&[]), limits, request).await;
    assert_eq!(code(result), ReplyCode::HOST_UNREACHABLE);
}

/// R5-67: a name that is malformed is 01 and reaches no resolver; one without address is 04.
#[tokio::test(start_paused = true)]
async fn bad_and_empty_names() {
    let request = connect(Address::domain("0x7f.1", 80).unwrap(), Permit::new());
    let error = establish(silent(), FakeDial::new(&[]), Limits::default(), request)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ConnectErrorKind::Name);
    assert_eq!(reply_code(&error), ReplyCode::GENERAL_FAILURE);

    let request = connect(name(), Permit::new());
    let result = establish(answers(&[]), FakeDial::new(&[]), Limits::default(), request).await;
    assert_eq!(code(result), ReplyCode::HOST_UNREACHABLE);
}
