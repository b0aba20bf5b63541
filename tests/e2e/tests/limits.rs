//! Limits around whole sessions, with real sockets. What takes time is tested in socks-tower.

use std::{
    io,
    num::NonZeroU64,
    sync::Arc,
    time::{Duration, SystemTime},
};

use e2e::open;
use socks_acl::AllowAll;
use socks_core::ReplyCode;
use socks_tower::{
    Association, SessionEnd, SocksService, UdpRelay,
    limit::{Limit, Limits, Per, Period, Rate, Volume},
    udp::UdpCounters,
};
use support::{Peer, Server, UdpEcho, UdpPeer};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::mpsc,
    task::yield_now,
};
use tower::{Layer, ServiceExt};

/// A burst of 4 KiB, and nothing for as long as a test lasts.
fn drip() -> Rate {
    Rate::new(NonZeroU64::MIN, Duration::from_secs(86_400))
}

struct Stage {
    server: Server,
    limits: Limits,
    target: TcpListener,
    counters: mpsc::UnboundedReceiver<Arc<UdpCounters>>,
}

impl Stage {
    async fn new(limits: impl IntoIterator<Item = Limit>) -> Self {
        let limits = Limits::new(limits).unwrap();
        let target = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (sender, counters) = mpsc::unbounded_channel();
        let udp = UdpRelay::new().map_response(move |association: Association| {
            let _ = sender.send(association.datagrams.clone());
            association
        });
        let socks: SocksService = open(target.local_addr().unwrap());
        let socks = socks.access(limits.layer().layer(AllowAll::new()));
        Self {
            server: Server::start(socks.udp_relayer(udp)).await,
            limits,
            target,
            counters,
        }
    }

    async fn ask(&self, code: u8) -> Peer {
        let script = Peer::script().greet([0]).expect_method(0);
        let target = self.target.local_addr().unwrap().to_string();
        script
            .connect(&target)
            .expect_reply(code)
            .run(self.server.addr)
            .await
    }

    async fn tunnel(&self) -> (Peer, TcpStream) {
        let client = self.ask(0).await;
        (client, self.target.accept().await.unwrap().0)
    }

    async fn associate(&mut self) -> (Peer, UdpPeer, Arc<UdpCounters>) {
        let script = Peer::script().greet([0]).expect_method(0);
        let script = script.udp_associate("0.0.0.0:0").expect_reply(0);
        let control = script.run(self.server.addr).await;
        let client = UdpPeer::new("127.0.0.1:0", control.bound.unwrap()).await;
        (control, client, self.counters.recv().await.unwrap())
    }
}

/// Lets the others do what they can do.
async fn others() {
    for _ in 0..200 {
        yield_now().await;
    }
}

/// SE-20: over its cap a client is answered `02`, and over the cap of all `01`; the report names the
/// limit, and an end makes room.
#[tokio::test]
async fn caps_of_sessions() {
    for (per, code) in [(Per::NETWORK, 2), (Per::User, 2), (Per::Server, 1)] {
        let mut stage = Stage::new([Limit::new("cap", per).sessions(1)]).await;
        let (client, target) = stage.tunnel().await;
        drop(stage.ask(code).await);
        let report = stage.server.report().await;
        assert_eq!(report.limit.as_deref(), Some("cap"));
        assert!(matches!(report.end, SessionEnd::Refused(ReplyCode(c)) if c == code));
        drop((client, target));
        let report = stage.server.report().await;
        assert_eq!(report.limit, None);
        let _next = stage.tunnel().await;
    }
}

/// SE-28: TCP and UDP draw from the same bucket. What may not pass waits where it is, and passes once it
/// may.
#[tokio::test]
async fn tcp_and_udp_draw_from_the_same() {
    let mut stage = Stage::new([Limit::new("user", Per::User).up(drip())]).await;
    let (mut client, mut target) = stage.tunnel().await;
    let echo = UdpEcho::start("127.0.0.1:0").await;
    let (_control, datagrams, counters) = stage.associate().await;
    for _ in 0..3 {
        let to = echo.addr.to_string();
        datagrams.echoes(&to, echo.addr, &[7; 1000]).await;
    }
    client.send([1; 5000]).await;
    // Of what is left one turn, which is 1 KiB here.
    let mut heard = vec![0; 1024];
    target.read_exact(&mut heard).await.unwrap();
    for _ in 0..10 {
        datagrams.send(&echo.addr.to_string(), &[8; 1000]).await;
    }
    others().await;
    let nothing = target.try_read(&mut [0; 1]).unwrap_err();
    assert_eq!(nothing.kind(), io::ErrorKind::WouldBlock);
    assert_eq!(counters.sent(), 3);
    // The other way is free.
    target.write_all(&[2; 5000]).await.unwrap();
    assert_eq!(client.read(5000).await, [2; 5000]);
    stage.limits.replace([]).unwrap();
    let mut heard = vec![0; 5000 - 1024];
    target.read_exact(&mut heard).await.unwrap();
    assert!(heard.iter().all(|octet| *octet == 1));
    for _ in 0..10 {
        assert_eq!(datagrams.receive().await.1, [8; 1000]);
    }
}

/// Datagrams towards the client wait as well, in the kernel: as long as there is room for them.
#[tokio::test]
async fn datagrams_from_outside() {
    let mut stage = Stage::new([Limit::new("user", Per::User).down(drip())]).await;
    let echo = UdpEcho::start("127.0.0.1:0").await;
    let (_control, client, counters) = stage.associate().await;
    for _ in 0..20 {
        client.send(&echo.addr.to_string(), &[8; 500]).await;
    }
    let mut heard = 0;
    while heard < 8 {
        assert_eq!(client.receive().await.1, [8; 500]);
        heard += 1;
    }
    others().await;
    // One may be longer than what was left.
    assert!((8..=9).contains(&counters.received()));
    stage.limits.replace([]).unwrap();
    while heard < 20 {
        assert_eq!(client.receive().await.1, [8; 500]);
        heard += 1;
    }
}

/// A session that uses up a volume is cut by a reset, with its reason in the report; the next one is
/// refused with `02`.
#[tokio::test]
async fn volumes_cut() {
    let volume = Volume::new(Period::Month).total(10_000);
    let limit = Limit::new("quota", Per::User).volume(volume);
    let mut stage = Stage::new([limit.clone()]).await;
    let (mut client, mut target) = stage.tunnel().await;
    let (mut idle, _idle_target) = stage.tunnel().await;
    client.send([1; 6000]).await;
    target.read_exact(&mut [0; 6000]).await.unwrap();
    target.write_all(&[2; 4000]).await.unwrap();
    assert_eq!(client.read(4000).await, [2; 4000]);
    client.send([1]).await;
    let cut = target.read(&mut [0; 1]).await.unwrap_err();
    assert_eq!(cut.kind(), io::ErrorKind::ConnectionReset);
    let report = stage.server.report().await;
    assert!(matches!(report.end, SessionEnd::Cut("used_up")));
    assert_eq!(report.limit.as_deref(), Some("quota"));
    assert_eq!((report.sent, report.received), (6000, 4000));
    drop(stage.ask(2).await);
    assert_eq!(stage.server.report().await.limit.as_deref(), Some("quota"));
    // Others of the user end with their next octet.
    idle.send([1]).await;
    let report = stage.server.report().await;
    assert!(matches!(report.end, SessionEnd::Cut("used_up")));

    // An association, too.
    stage.limits.replace([]).unwrap();
    stage.limits.replace([limit]).unwrap();
    let echo = UdpEcho::start("127.0.0.1:0").await;
    let (_control, client, _) = stage.associate().await;
    let to = echo.addr.to_string();
    for _ in 0..5 {
        client.echoes(&to, echo.addr, &[8; 1000]).await;
    }
    client.send(&to, &[8; 1000]).await;
    let report = stage.server.report().await;
    assert!(matches!(report.end, SessionEnd::Cut("used_up")));
    assert_eq!((report.sent, report.received), (5000, 5000));
}

/// A session that ends with the last octet of its volume ends as others do.
#[tokio::test]
async fn the_last_octet() {
    let volume = Volume::new(Period::Week).total(1000);
    let mut stage = Stage::new([Limit::new("quota", Per::Session).volume(volume)]).await;
    let (mut client, mut target) = stage.tunnel().await;
    client.send([1; 600]).await;
    client.stream.shutdown().await.unwrap();
    let mut heard = Vec::new();
    target.read_to_end(&mut heard).await.unwrap();
    target.write_all(&[2; 400]).await.unwrap();
    drop(target);
    assert_eq!(client.read(400).await, [2; 400]);
    assert_eq!(client.stream.read(&mut [0; 1]).await.unwrap(), 0);
    assert!(matches!(
        stage.server.report().await.end,
        SessionEnd::Closed
    ));
}

/// A day that is over while a session runs gives it a volume again.
#[tokio::test]
async fn volumes_begin_anew() {
    let day = Arc::new(std::sync::atomic::AtomicU64::new(20_000));
    let clock = {
        let day = Arc::clone(&day);
        move || {
            let days = day.load(std::sync::atomic::Ordering::Relaxed);
            SystemTime::UNIX_EPOCH + Duration::from_secs(days * 86_400)
        }
    };
    let volume = Volume::new(Period::Day).up(1000);
    let limit = Limit::new("quota", Per::User).volume(volume);
    let mut stage = Stage::new([]).await;
    let limits = Limits::with_clock([limit], clock).unwrap();
    let socks = open(stage.target.local_addr().unwrap());
    let socks = socks.access(limits.layer().layer(AllowAll::new()));
    stage.server = Server::start(socks).await;
    let (mut client, mut target) = stage.tunnel().await;
    for _ in 0..3 {
        client.send([1; 1000]).await;
        target.read_exact(&mut [0; 1000]).await.unwrap();
        day.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    }
}
