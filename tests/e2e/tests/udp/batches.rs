use std::{
    net::UdpSocket,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use socks_core::message::Associate;
use socks_tower::{
    UdpRelay,
    udp::{Datagram, DatagramFilter, DatagramVerdict, DropReason},
};
use support::{Server, UdpEcho, udp_datagram};

use super::{associate, counted, socks, until};

fn all_dropped(counters: &socks_tower::udp::UdpCounters) -> u64 {
    let dropped = DropReason::ALL.iter();
    dropped.map(|reason| counters.dropped(*reason)).sum()
}

/// UD-36: bursts of equal and unequal datagrams to two targets and back arrive whole, in order for
/// each, whether or not the system cuts them out of one piece.
#[tokio::test]
async fn bursts() {
    let lens = [
        100, 100, 100, 99, 0, 100, 1_200, 1_200, 1_200, 1_472, 1_473, 1_473, 5_000, 1,
    ];
    for offload in [true, false] {
        let (service, mut counters) = counted(UdpRelay::new().segmentation_offload(offload));
        let server = Server::start(service).await;
        let (_control, client) = associate(&server).await;
        let counters = counters.recv().await.unwrap();
        let targets = [
            tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap(),
            tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap(),
        ];
        let mut buffer = vec![0; 9_000];
        for round in 0..20_u8 {
            let burst = |n: usize| lens.into_iter().cycle().skip(n).take(40);
            // First a run to one, then turn by turn, then to the other.
            for (n, len) in burst(0).enumerate() {
                let target = &targets[[0, n % 2, 1][n / 14]];
                let to = target.local_addr().unwrap().to_string();
                client.send(&to, &vec![round + n as u8; len]).await;
            }
            for (which, target) in targets.iter().enumerate() {
                let mut outside = None;
                let mut returned = Vec::new();
                for (n, len) in burst(0).enumerate() {
                    if [0, n % 2, 1][n / 14] != which {
                        continue;
                    }
                    let (received, from) = target.recv_from(&mut buffer).await.unwrap();
                    assert!(buffer[..received] == vec![round + n as u8; len], "{n}");
                    outside = Some(from);
                    returned.push(buffer[..received].to_vec());
                }
                for data in &returned {
                    target.send_to(data, outside.unwrap()).await.unwrap();
                }
                for data in returned {
                    assert!(client.receive().await == (target.local_addr().unwrap(), data));
                }
            }
        }
        assert_eq!((counters.sent(), counters.received()), (800, 800));
        assert_eq!(all_dropped(&counters), 0);
    }
}

/// A client that floods its association has a turn, and then what has come for others in the
/// meantime is relayed, even where one thread does everything: the runtime looks for events before
/// a busy association comes back. By numbers, not by time: the quiet client sends when the first
/// datagram of the floods is relayed.
#[tokio::test]
async fn floods_do_not_starve_others() {
    const FLOODS: u64 = 4;
    const TURN: u64 = 32;
    let number = Arc::new(AtomicU64::new(0));
    let flooded = Arc::new(AtomicU64::new(0));
    let relayed_at = Arc::new(OnceLock::new());
    let speak = Arc::new(OnceLock::<Box<dyn Fn() + Send + Sync>>::new());
    let (sees, hears, speaks) = (flooded.clone(), relayed_at.clone(), speak.clone());
    let udp = UdpRelay::new().filter(move |_: &Associate| -> Option<Arc<dyn DatagramFilter>> {
        let (sees, hears, speaks) = (sees.clone(), hears.clone(), speaks.clone());
        let quiet = number.fetch_add(1, Relaxed) == 0;
        Some(Arc::new(move |datagram: &Datagram<'_>| {
            match datagram.data {
                b"quiet" if quiet => {
                    let _ = hears.set(sees.load(Relaxed));
                }
                b"flood" if sees.fetch_add(1, Relaxed) == 0 => {
                    speaks.get().expect("the flood comes last")();
                }
                _ => {}
            }
            DatagramVerdict::Pass
        }))
    });
    let echo = UdpEcho::start("127.0.0.1:0").await;
    let destination = echo.addr.to_string();
    let server = Server::start(socks(udp)).await;
    let mut clients = Vec::new();
    for _ in 0..=FLOODS {
        let (control, client) = associate(&server).await;
        client.echoes(&destination, echo.addr, b"pin").await;
        clients.push((control, client));
    }
    let sink = UdpSocket::bind("127.0.0.1:0").unwrap();
    let to = sink.local_addr().unwrap().to_string();
    let mut clients = clients.into_iter();
    let (_control, quiet) = clients.next().unwrap();
    let (relay, datagram) = (quiet.relay, udp_datagram(0, &to, b"quiet"));
    let quiet = quiet.socket.into_std().unwrap();
    let speaks = speak.set(Box::new(move || {
        quiet.send_to(&datagram, relay).unwrap();
    }));
    assert!(speaks.is_ok());
    let flood = udp_datagram(0, &to, b"flood");
    let mut controls = Vec::new();
    for (control, client) in clients {
        let socket = client.socket.into_std().unwrap();
        for _ in 0..200 {
            socket.send_to(&flood, client.relay).unwrap();
        }
        controls.push((control, socket));
    }
    until(|| relayed_at.get().is_some()).await;
    let before = *relayed_at.get().unwrap();
    // The rest of this round, and one more, in which the quiet one has a turn too.
    assert!(before <= 2 * FLOODS * TURN, "{before} came first");
    until(|| flooded.load(Relaxed) > 4 * FLOODS * TURN).await;
}
