use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use e2e::open;
use socks_core::message::{AccessRequest, Permit, Verdict};
use socks_tower::{Addrs, BoxError, Name, ResolveError, UdpRelay, udp::DropReason};
use support::{Server, UdpEcho, has_ipv6};
use tokio::sync::Notify;
use tower::service_fn;

use super::{NOWHERE, associate};

/// UD-32: the answer of a target that a name led to is read when it comes, not when something else
/// wakes the relay. The timers are far away, so that it would be waited for till the guard's end.
#[tokio::test]
async fn the_first_answer_by_name_is_not_waited_for() {
    if !has_ipv6().await {
        return;
    }
    let echo = UdpEcho::start("127.0.0.1:0").await;
    let resolver = service_fn(|_: Name| async {
        let addr = IpAddr::from([127, 0, 0, 1]);
        Ok::<_, BoxError>(Addrs::from_iter([addr]))
    });
    let far = Duration::from_secs(3_600);
    let udp = UdpRelay::new().resolver(resolver);
    let udp = udp.lookup_timeout(far).idle_timeout(far).name_cache(far, 1);
    let server = Server::start(open(NOWHERE.parse().unwrap()).udp_relayer(udp)).await;
    let (_control, client) = associate(&server).await;
    // The first datagram pins the client, which wakes the relay once more by itself.
    let other = UdpEcho::start("[::1]:0").await;
    client
        .echoes(&other.addr.to_string(), other.addr, b"pin")
        .await;
    let named = format!("target.example:{}", echo.addr.port());
    let exchange = client.echoes(&named, echo.addr, b"x");
    let guard = tokio::time::timeout(Duration::from_secs(20), exchange);
    guard.await.expect("the answer is relayed");
}

/// UD-32, UD-28, UD-18: a name that takes long does not hold up the rest; what it resolves to is
/// judged; replies name the address.
#[tokio::test]
async fn names() {
    let echo = UdpEcho::start("127.0.0.1:0").await;
    let answer = Arc::new(Notify::new());
    let gate = answer.clone();
    let resolver = service_fn(move |name: Name| {
        let gate = gate.clone();
        async move {
            if name.as_str() == "slow.example" {
                gate.notified().await;
            }
            let ip = match name.as_str() {
                "inside.example" => [127, 0, 0, 9],
                _ => [127, 0, 0, 1],
            };
            Ok::<_, ResolveError>(Addrs::from_iter([IpAddr::from(ip)]))
        }
    });
    let udp = UdpRelay::new().resolver(resolver);
    let inside: IpAddr = "127.0.0.9".parse().unwrap();
    let access = service_fn(move |_: AccessRequest| async move {
        let permit = Permit::new().filter(move |addr: SocketAddr| addr.ip() != inside);
        Ok::<_, BoxError>(Verdict::Allow(permit))
    });
    let socks = open(NOWHERE.parse().unwrap())
        .access(access)
        .udp_relayer(udp);
    let mut server = Server::start(socks).await;
    let (control, client) = associate(&server).await;
    let port = echo.addr.port();
    client.send(&format!("slow.example:{port}"), b"slow").await;
    client
        .send(&format!("inside.example:{port}"), b"inside")
        .await;
    client.echoes(&echo.addr.to_string(), echo.addr, b"x").await;
    client
        .echoes(&format!("fast.example:{port}"), echo.addr, b"fast")
        .await;
    answer.notify_one();
    assert_eq!(client.receive().await, (echo.addr, b"slow".to_vec()));
    drop(control);
    let datagrams = server.report().await.datagrams.unwrap();
    assert_eq!(datagrams.dropped(DropReason::NotPermitted), 1);
}
