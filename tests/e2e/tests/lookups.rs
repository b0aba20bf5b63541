//! How many names a client has looked up at a time.

use std::{
    net::IpAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use socks_tower::{
    Addrs, BoxError, LookupLimitLayer, Name, SocksService, TcpBinder, TcpConnector, UdpRelay,
};
use support::{Peer, Script, Server, Target, UdpPeer};
use tokio::sync::Semaphore;
use tower::{Layer, service_fn};

fn requesting() -> Script {
    Peer::script().greet([0]).expect_method(0)
}

/// SE-23: CONNECT, BIND and datagrams of a client draw on the same lookups, and another client does not
/// wait for them.
#[tokio::test]
async fn lookups_of_a_client_are_bounded() {
    let target = Target::echo().await;
    let asked = Arc::new(Mutex::new(Vec::new()));
    let gate = Arc::new(Semaphore::new(0));
    let (log, slow) = (Arc::clone(&asked), Arc::clone(&gate));
    let resolver = service_fn(move |name: Name| {
        log.lock().unwrap().push(name.as_str().to_owned());
        let slow = Arc::clone(&slow);
        async move {
            if name.as_str().starts_with("slow") {
                slow.acquire().await?.forget();
            }
            let addr = IpAddr::from([127, 0, 0, 1]);
            Ok::<_, BoxError>(Addrs::from_iter([addr]))
        }
    });
    let resolver = LookupLimitLayer::new().max_per_client(2).layer(resolver);
    let socks = SocksService::new(TcpConnector::new().resolver(resolver.clone()))
        .access(socks_acl::AllowAll)
        .binder(TcpBinder::new().resolver(resolver.clone()))
        .udp_relayer(UdpRelay::new().resolver(resolver));
    let server = Server::start(socks).await;
    let has_asked = async |name: &str| {
        let guard = tokio::time::timeout(Duration::from_secs(20), async {
            while !asked.lock().unwrap().iter().any(|known| known == name) {
                tokio::task::yield_now().await;
            }
        });
        guard.await.expect("it is looked up")
    };

    let port = target.addr.port();
    let _first = requesting()
        .connect(&format!("slow1.example:{port}"))
        .run(server.addr)
        .await;
    has_asked("slow1.example").await;
    let control = requesting().udp_associate("0.0.0.0:0").expect_reply(0);
    let control = control.run(server.addr).await;
    let client = UdpPeer::new("127.0.0.1:0", control.bound.unwrap()).await;
    client.send("slow2.example:9", b"x").await;
    has_asked("slow2.example").await;
    let binding = requesting().bind("slow3.example:0").run(server.addr).await;
    let other = requesting().connect(&format!("fast.example:{port}"));
    let other = other.expect_reply(0);
    let client: IpAddr = "127.0.0.2".parse().unwrap();
    other.run_from(client, server.addr).await;
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    let so_far = ["slow1.example", "slow2.example", "fast.example"];
    assert_eq!(*asked.lock().unwrap(), so_far);

    gate.add_permits(1);
    has_asked("slow3.example").await;
    drop(binding);
}
