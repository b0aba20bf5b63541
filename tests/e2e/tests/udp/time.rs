use std::{
    net::{IpAddr, SocketAddr},
    num::NonZeroU64,
    sync::Arc,
    time::Duration,
};

use socks_acl::AllowAll;
use socks_tower::{
    Incoming, SessionEnd, SessionReport, UdpRelay,
    limit::{Limit, Limits, Per, Rate},
    udp::{DropReason, UdpCounters},
};
use support::udp_datagram;
use tokio::{
    io::{AsyncReadExt, DuplexStream, duplex},
    net::UdpSocket,
    task::JoinHandle,
    time::{Instant, sleep},
};
use tower::{Layer, ServiceExt};

use super::{counted, script};

/// An association of a client in memory, so that nothing but time and its datagrams moves.
struct Session {
    control: DuplexStream,
    relay: SocketAddr,
    client: std::net::UdpSocket,
    counters: Arc<UdpCounters>,
    served: JoinHandle<SessionReport>,
    since: Instant,
}

impl Session {
    async fn start(udp: UdpRelay) -> Self {
        Self::within(udp, []).await
    }

    /// With these limits.
    async fn within(udp: UdpRelay, limits: impl IntoIterator<Item = Limit>) -> Self {
        let limits = Limits::new(limits).unwrap();
        let (mut control, io) = duplex(1024);
        let udp = udp.unnamed_clients("127.0.0.1".parse::<IpAddr>().unwrap());
        let (service, mut counters) = counted(udp);
        let service = service.access(limits.layer().layer(AllowAll::new()));
        let session = service.oneshot(Incoming::unnamed(io));
        let served = tokio::spawn(async { session.await.unwrap() });
        let script = script("0.0.0.0:0").expect_reply(0);
        let peer = script.run_over(&mut control).await;
        Self {
            relay: peer.bound.unwrap(),
            control,
            client: std::net::UdpSocket::bind("127.0.0.1:0").unwrap(),
            counters: counters.recv().await.unwrap(),
            served,
            since: Instant::now(),
        }
    }

    fn send(&self, fragment: u8, target: &UdpSocket, data: &[u8]) {
        let target = target.local_addr().unwrap().to_string();
        let datagram = udp_datagram(fragment, &target, data);
        self.client.send_to(&datagram, self.relay).unwrap();
    }

    /// How it ended, and after how many seconds.
    async fn end(mut self) -> (SessionEnd, u64) {
        assert_eq!(self.control.read(&mut [0]).await.unwrap(), 0);
        let lasted = self.since.elapsed().as_secs();
        (self.served.await.unwrap().end, lasted)
    }
}

async fn target() -> UdpSocket {
    UdpSocket::bind("127.0.0.1:0").await.unwrap()
}

async fn seconds(seconds: u64) {
    sleep(Duration::from_secs(seconds)).await;
}

/// UD-38, SE-21: an idle association is ended by closing its control connection; datagrams put it
/// off.
#[tokio::test(start_paused = true)]
async fn idle_associations() {
    let session = Session::start(UdpRelay::new()).await;
    let target = target().await;
    for _ in 0..3 {
        seconds(200).await;
        session.send(0, &target, b"x");
        target.recv_from(&mut [0; 9]).await.unwrap();
    }
    let (end, lasted) = session.end().await;
    assert!(matches!(end, SessionEnd::Idle), "{end:?}");
    assert!((900..=901).contains(&lasted), "{lasted}");
}

/// SE-21: an association with nothing to move waits for no turn, so it is idle as any other.
#[tokio::test(start_paused = true)]
async fn idle_at_its_limit() {
    let drip = Rate::new(NonZeroU64::MIN, Duration::from_secs(86_400));
    let limit = Limit::new("drip", Per::Session).up(drip);
    let session = Session::within(UdpRelay::new(), [limit]).await;
    let target = target().await;
    // All of the burst of 4 KiB.
    for _ in 0..3 {
        session.send(0, &target, &[0; 1400]);
        target.recv_from(&mut [0; 1400]).await.unwrap();
    }
    let (end, lasted) = session.end().await;
    assert!(matches!(end, SessionEnd::Idle), "{end:?}");
    assert!((300..=301).contains(&lasted), "{lasted}");
}

/// SE-21: the lifetime ends an association however busy it is.
#[tokio::test(start_paused = true)]
async fn the_lifetime_is_not_put_off() {
    let session = Session::start(UdpRelay::new().max_lifetime(Duration::from_secs(500))).await;
    let target = target().await;
    for _ in 0..4 {
        seconds(120).await;
        session.send(0, &target, b"x");
        target.recv_from(&mut [0; 9]).await.unwrap();
    }
    let (end, lasted) = session.end().await;
    assert!(matches!(end, SessionEnd::Idle), "{end:?}");
    assert!((500..=501).contains(&lasted), "{lasted}");
}

/// UD-25: fragments are given up 5 s after the first one, although nothing arrives then; what
/// follows is not taken for their end, and the association goes on.
#[tokio::test(start_paused = true)]
async fn fragments_are_given_up() {
    let session = Session::start(UdpRelay::new().reassemble(1_000, 1_000)).await;
    let target = target().await;
    let mut heard = [0; 99];
    session.send(1, &target, b"in ");
    seconds(4).await;
    session.send(0x82, &target, b"time");
    let (len, _) = target.recv_from(&mut heard).await.unwrap();
    assert_eq!(&heard[..len], b"in time");

    session.send(1, &target, b"too ");
    seconds(4).await;
    session.send(2, &target, b"late ");
    assert_eq!(session.counters.dropped(DropReason::Fragment), 0);
    seconds(2).await;
    assert_eq!(session.counters.dropped(DropReason::Fragment), 2);
    session.send(0x83, &target, b"to be heard");
    session.send(0, &target, b"whole");
    let (len, _) = target.recv_from(&mut heard).await.unwrap();
    assert_eq!(&heard[..len], b"whole");
    assert_eq!(session.counters.dropped(DropReason::Fragment), 3);
    assert_eq!(session.counters.sent(), 2);
}
