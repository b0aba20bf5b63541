//! Nothing is left of an association that ended. The one test of this binary, since it counts what
//! the whole process holds.
#![cfg(target_os = "linux")]

use e2e::open;
use socks_tower::UdpRelay;
use support::{Peer, Server, UdpEcho, UdpPeer};
use tokio::runtime::Handle;

fn descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").expect("procfs").count()
}

/// UD-1: 1,000 associations, some of them never used and some reset in the middle of a burst,
/// leave no descriptor and no task; and none has a task of its own while it lives.
#[tokio::test]
async fn associations_leave_nothing() {
    let echo = UdpEcho::start("127.0.0.1:0").await;
    let udp = open("127.0.0.1:9".parse().unwrap()).udp_relayer(UdpRelay::new());
    let mut server = Server::start(udp).await;
    tokio::task::yield_now().await;
    let destination = echo.addr.to_string();
    let tasks = || Handle::current().metrics().num_alive_tasks();
    let before = (descriptors(), tasks());
    for round in 0..1_000 {
        let script = Peer::script().greet([0]).expect_method(0);
        let script = script.udp_associate("0.0.0.0:0").expect_reply(0);
        let control = script.run(server.addr).await;
        let client = UdpPeer::new("127.0.0.1:0", control.bound.unwrap()).await;
        assert_eq!(tasks(), before.1 + 1, "the session's own task");
        if round % 3 > 0 {
            client.echoes(&destination, echo.addr, b"x").await;
        }
        if round % 3 > 1 {
            for _ in 0..10 {
                client.send(&destination, &[0; 512]).await;
            }
            control.stream.set_zero_linger().unwrap();
        }
        drop(control);
        server.report().await;
    }
    // The sessions have reported; what their tasks still do is to end.
    for _ in 0..1_000 {
        tokio::task::yield_now().await;
    }
    assert_eq!((descriptors(), tasks()), before, "descriptors and tasks");
}
