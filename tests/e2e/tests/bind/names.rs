use std::{
    net::{IpAddr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use socks_core::{
    Address, Domain,
    message::{AccessRequest, AddressFilter, Permit, Verdict},
};
use socks_tower::{Addrs, BoxError, Name, ResolveError, ResolveErrorKind, Resolver, TcpBinder};
use support::{Peer, Server};
use tower::service_fn;

use super::{connect_from, is_reset, listening, reply, requesting, serving};

/// Knows one name, and counts how often it is asked.
fn resolver(addrs: &'static [&str], asked: &Arc<AtomicUsize>) -> impl Resolver + use<> {
    let asked = Arc::clone(asked);
    service_fn(move |Name { domain: name, .. }: Name| {
        asked.fetch_add(1, Ordering::Relaxed);
        async move {
            if name.as_str() != Some("ftp.example") {
                return Err(ResolveError::new(ResolveErrorKind::NotFound));
            }
            let addrs = addrs.iter().map(|ip| ip.parse::<IpAddr>().unwrap());
            Ok(addrs.collect::<Addrs>())
        }
    })
}

/// BI-6: a name is resolved once, and whichever of its addresses connects is the expected peer.
#[tokio::test]
async fn any_address_of_a_name() {
    let asked = Arc::default();
    let resolver = resolver(&["127.0.0.2", "127.0.0.3", "2001:db8::1"], &asked);
    let server = Server::start(serving(TcpBinder::new().resolver(resolver))).await;
    for ip in ["127.0.0.2", "127.0.0.3"] {
        asked.store(0, Ordering::Relaxed);
        let (mut client, bound) = listening(&server, "ftp.example:0").await;
        let stranger = connect_from("127.0.0.4", bound).await.unwrap();
        assert!(is_reset(stranger).await);
        let peer = connect_from(ip, bound).await.unwrap();
        let second = client.read(10).await;
        assert_eq!(second, reply(0, peer.local_addr().unwrap()));
        assert_eq!(asked.load(Ordering::Relaxed), 1);
    }
}

/// BI-6, S4A-5: a name that does not resolve is 04, in SOCKS4A 5B, and so is one without an address
/// that SOCKS4 could tell about.
#[tokio::test]
async fn names_that_do_not_resolve() {
    let asked = Arc::default();
    let binder = TcpBinder::new().resolver(resolver(&["2001:db8::1"], &asked));
    let server = Server::start(serving(binder)).await;
    let script = requesting().bind("nowhere.example:0").expect_reply(4);
    script.expect_end().run(server.addr).await;
    for name in ["nowhere.example:21", "ftp.example:21"] {
        let script = Peer::script().request4(2, name, "").expect_reply4(0x5b);
        script.expect_end().run(server.addr).await;
    }
}

/// BI-6, SE-4, SE-12: of a name's addresses those count that the permit lets; without any it is 02.
#[tokio::test]
async fn addresses_are_filtered() {
    let asked = Arc::default();
    let resolver = resolver(&["127.0.0.2", "127.0.0.3"], &asked);
    for (filter, bound) in [
        (&["127.0.0.3"][..], true),
        (&["192.0.2.1"], false),
        (&[], false),
    ] {
        let access = service_fn(move |_: AccessRequest| async move {
            let permits = |addr: SocketAddr| filter.contains(&&*addr.ip().to_string());
            Ok::<_, BoxError>(Verdict::Allow(Permit::new().filter(permits)))
        });
        let binder = TcpBinder::new().resolver(resolver.clone());
        let server = Server::start(serving(binder).access(access)).await;
        if !bound {
            let script = requesting().bind("ftp.example:0").expect_reply(2);
            script.expect_end().run(server.addr).await;
            continue;
        }
        let (mut client, bound) = listening(&server, "ftp.example:0").await;
        let refused = connect_from("127.0.0.2", bound).await.unwrap();
        assert!(is_reset(refused).await);
        let peer = connect_from("127.0.0.3", bound).await.unwrap();
        let second = client.read(10).await;
        assert_eq!(second, reply(0, peer.local_addr().unwrap()));
    }
}

/// Lets `ftp.example` be, at one address, and nothing that is asked for as an address.
struct Ftp;

impl AddressFilter for Ftp {
    fn permits(&self, _: SocketAddr) -> bool {
        false
    }

    fn permits_name(&self, name: &Domain, _: u16) -> bool {
        name.as_str() == Some("ftp.example")
    }

    fn permits_for(&self, requested: &Address, addr: SocketAddr) -> bool {
        let named = matches!(requested, Address::Domain(name, _) if self.permits_name(name, 0));
        named && addr.ip() == IpAddr::from([127, 0, 0, 3])
    }
}

/// SE-4, SE-41: a name is judged before it is looked up, and its addresses with it.
#[tokio::test]
async fn names_are_judged() {
    let asked = Arc::default();
    let resolver = resolver(&["127.0.0.2", "127.0.0.3"], &asked);
    let access = service_fn(|_: AccessRequest| async {
        Ok::<_, BoxError>(Verdict::Allow(Permit::new().filter(Ftp)))
    });
    let binder = TcpBinder::new().resolver(resolver);
    let server = Server::start(serving(binder).access(access)).await;
    for refused in ["www.example:0", "127.0.0.3:0"] {
        let script = requesting().bind(refused).expect_reply(2);
        script.expect_end().run(server.addr).await;
    }
    assert_eq!(asked.load(Ordering::Relaxed), 0);
    let (_client, bound) = listening(&server, "ftp.example:0").await;
    assert!(is_reset(connect_from("127.0.0.2", bound).await.unwrap()).await);
    assert_eq!(asked.load(Ordering::Relaxed), 1);
}
