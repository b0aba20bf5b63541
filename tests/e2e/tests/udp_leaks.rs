//! Nothing is left of an association that ended. The one test of this binary, since it counts what
//! the whole process holds.
#![cfg(target_os = "linux")]

use e2e::open;
use socks_tower::UdpRelay;
use support::{Peer, Server, UdpEcho, UdpPeer, udp_datagram};
use tokio::{runtime::Handle, task::yield_now};

fn descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").expect("procfs").count()
}

/// Memory that only this process has.
fn kib() -> i64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("procfs");
    let line = status.lines().find(|line| line.starts_with("RssAnon"));
    let words = line.and_then(|line| line.split_whitespace().nth(1));
    words.and_then(|kib| kib.parse().ok()).expect("RssAnon")
}

/// An association leaves incomplete fragments of this many octets, and all together may hold so
/// many.
const FRAGMENT: usize = 600;
const FRAGMENTS: usize = 1_000;

fn tasks() -> usize {
    Handle::current().metrics().num_alive_tasks()
}

/// Makes associations, one after the other: never used, closed, or reset in the middle of a burst.
async fn associations(server: &mut Server, destination: &str, echo: &UdpEcho, count: usize) {
    let before = tasks();
    for round in 0..count {
        let script = Peer::script().greet([0]).expect_method(0);
        let script = script.udp_associate("0.0.0.0:0").expect_reply(0);
        let control = script.run(server.addr).await;
        let client = UdpPeer::new("127.0.0.1:0", control.bound.unwrap()).await;
        assert_eq!(tasks(), before + 1, "the session's own task");
        if round % 3 > 0 {
            client.echoes(destination, echo.addr, b"x").await;
            // Still incomplete at the end.
            let fragment = udp_datagram(1, destination, &[0; FRAGMENT]);
            client.send_raw(&fragment).await;
            yield_now().await;
        }
        if round % 3 > 1 {
            for _ in 0..10 {
                client.send(destination, &[0; 512]).await;
            }
            control.stream.set_zero_linger().unwrap();
        }
        drop(control);
        server.report().await;
    }
    // The sessions have reported; what their tasks still do is to end.
    for _ in 0..1_000 {
        yield_now().await;
    }
}

/// UD-1: 1,000 associations, some of them never used and some reset in the middle of a burst,
/// leave no descriptor, no task and no memory; and none has a task of its own while it lives.
#[tokio::test]
async fn associations_leave_nothing() {
    let echo = UdpEcho::start("127.0.0.1:0").await;
    let udp = UdpRelay::new().reassemble(FRAGMENT, FRAGMENTS);
    let udp = open("127.0.0.1:9".parse().unwrap()).udp_relayer(udp);
    let mut server = Server::start(udp).await;
    yield_now().await;
    let destination = echo.addr.to_string();
    // What the process keeps for good: buffers of its threads, room in its tables.
    associations(&mut server, &destination, &echo, 300).await;
    let before = (descriptors(), tasks());
    let held = kib();
    associations(&mut server, &destination, &echo, 1_000).await;
    assert_eq!((descriptors(), tasks()), before, "descriptors and tasks");
    let grown = kib() - held;
    assert!(
        grown < 256,
        "{grown} KiB, a quarter of a KiB an association"
    );

    // The octets that all associations share are free: there is room for a fragment again.
    let script = Peer::script().greet([0]).expect_method(0);
    let script = script.udp_associate("0.0.0.0:0").expect_reply(0);
    let control = script.run(server.addr).await;
    let client = UdpPeer::new("127.0.0.1:0", control.bound.unwrap()).await;
    let (first, last) = (vec![1; FRAGMENT / 2], vec![2; FRAGMENT / 2]);
    client
        .send_raw(&udp_datagram(1, &destination, &first))
        .await;
    client
        .send_raw(&udp_datagram(0x82, &destination, &last))
        .await;
    assert!(client.receive().await == (echo.addr, [first, last].concat()));
}
