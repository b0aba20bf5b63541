//! UDP ASSOCIATE with real sockets. What takes time, and all combinations of policies, is tested
//! in socks-tower without them.

mod batches;
mod datagrams;
mod ending;
mod names;
mod place;
mod rules;
mod source;
mod time;

use std::{sync::Arc, time::Duration};

use e2e::open;
use socks_tower::{Association, SocksService, UdpRelay, udp::UdpCounters};
use support::{Peer, Script, Server, UdpPeer};
use tokio::{sync::mpsc, time::Instant};
use tower::ServiceExt;

const NOWHERE: &str = "127.0.0.1:9";

fn socks(udp: UdpRelay) -> SocksService {
    open(NOWHERE.parse().unwrap()).udp_relayer(udp)
}

/// The same, with the counters of each association.
fn counted(udp: UdpRelay) -> (SocksService, mpsc::UnboundedReceiver<Arc<UdpCounters>>) {
    let (sender, counters) = mpsc::unbounded_channel();
    let udp = udp.map_response(move |association: Association| {
        let _ = sender.send(association.datagrams.clone());
        association
    });
    (open(NOWHERE.parse().unwrap()).udp_relayer(udp), counters)
}

fn script(declared: &str) -> Script {
    Peer::script()
        .greet([0])
        .expect_method(0)
        .udp_associate(declared)
}

async fn associate(server: &Server) -> (Peer, UdpPeer) {
    let control = script("0.0.0.0:0").expect_reply(0).run(server.addr).await;
    let relay = control.bound.unwrap();
    (control, UdpPeer::new("127.0.0.1:0", relay).await)
}

/// Lets the relay's task see what was sent to it.
async fn until(mut done: impl FnMut() -> bool) {
    let since = Instant::now();
    while !done() {
        assert!(since.elapsed() < Duration::from_secs(20), "it never comes");
        tokio::task::yield_now().await;
    }
}
