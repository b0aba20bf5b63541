use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};

use proptest::prelude::*;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf, copy_bidirectional, duplex},
    task::JoinHandle,
    time::Instant,
};

use super::*;
use crate::{AdaptiveRelay, BoxError, RelayEnd, Side, Traffic, Tunnel, udp::Direction};

/// Always has more to say, so many octets at once, and takes as many.
struct Endless(usize);

impl AsyncRead for Endless {
    fn poll_read(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let octets = buf.remaining().min(self.0);
        buf.initialize_unfilled_to(octets);
        buf.advance(octets);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Endless {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(buf.len().min(self.0)))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// Takes everything, and says nothing.
struct Listener;

impl AsyncRead for Listener {
    fn poll_read(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        _: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Poll::Pending
    }
}

impl AsyncWrite for Listener {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(buf.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

type Relaying = (Arc<Traffic>, JoinHandle<Result<RelayEnd, BoxError>>);

/// A tunnel with this permit, which is held as long.
fn relay<C, T>(relay: AdaptiveRelay, permit: Permit, client: C, target: T) -> Relaying
where
    C: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let request = super::client(1).request();
    let (conn, identity) = (request.conn, request.identity);
    let mut tunnel = Tunnel::new(client, target, conn, identity, request.destination);
    tunnel.permit = permit.clone();
    let traffic = Arc::clone(&tunnel.traffic);
    let relaying = relay.oneshot(tunnel);
    let task = tokio::spawn(async move {
        let _held = permit;
        relaying.await
    });
    (traffic, task)
}

/// Datagrams of so many octets, both ways: what is in the kernel is taken as far as it is granted.
async fn datagrams(meter: Meter, traffic: Arc<Traffic>, octets: usize) {
    let one_way = async |direction| {
        let mut flow = meter.flow(direction);
        while let Ok(granted) = std::future::poll_fn(|cx| flow.poll_grant(cx)).await {
            let octets = (granted / 1500 + 1) * octets;
            flow.used(octets);
            match direction {
                Direction::ToTarget => traffic.add_sent(octets as u64),
                Direction::ToClient => traffic.add_received(octets as u64),
            }
        }
    };
    tokio::join!(one_way(Direction::ToTarget), one_way(Direction::ToClient));
}

fn within(octets: u64, expected: u64, percent: u64, what: &str) {
    let off = octets.abs_diff(expected);
    assert!(
        off * 100 <= expected * percent,
        "{what}: {octets} of {expected}"
    );
}

async fn seconds(seconds: u64) {
    tokio::time::sleep(Duration::from_secs(seconds)).await;
}

/// Two users of eight sessions each under one cap of 10 MiB/s, TCP and UDP mixed, with
/// chunks of all sizes: totals are within 5 % of the cap and each session within 20 % of its share, both
/// ways.
#[tokio::test(start_paused = true)]
async fn two_users_of_eight_sessions() {
    for per in [Per::Server, Per::User] {
        let limits = Limits::new([Limit::new("cap", per)
            .up(rate(10 * MIB))
            .down(rate(10 * MIB))]);
        let limits = limits.unwrap();
        let mut sessions = Vec::new();
        let mut tasks = Vec::new();
        for user in ["alice", "bob"] {
            for session in 0..8 {
                let permit = ask(&limits, &client(session).user(user)).await.unwrap();
                let (traffic, task) = match session {
                    0..4 => {
                        let octets = [512, 1460, 16_384, 1 << 20][session as usize];
                        let (client, target) = (Endless(octets), Endless(octets));
                        relay(AdaptiveRelay::new(), permit, client, target)
                    }
                    4 => {
                        // Another relay, by a wrapper.
                        let traffic = Arc::<Traffic>::default();
                        let counted = Arc::clone(&traffic);
                        let task = tokio::spawn(wrapped(permit, counted));
                        (traffic, task)
                    }
                    _ => {
                        let octets = [64, 1200, 8_000][session as usize - 5];
                        let traffic = Arc::<Traffic>::default();
                        let moving = datagrams(meter(&permit), Arc::clone(&traffic), octets);
                        let task = tokio::spawn(async move {
                            moving.await;
                            drop(permit);
                            Ok(RelayEnd::Closed)
                        });
                        (traffic, task)
                    }
                };
                sessions.push(traffic);
                tasks.push(task);
            }
        }
        seconds(1).await;
        let read = || -> Vec<_> {
            let both = |traffic: &Arc<Traffic>| (traffic.sent(), traffic.received());
            sessions.iter().map(both).collect()
        };
        let before = read();
        seconds(10).await;
        let cap = match per {
            Per::Server => 100 * MIB,
            _ => 200 * MIB,
        };
        let passed: Vec<_> = read()
            .into_iter()
            .zip(before)
            .map(|(after, before)| [after.0 - before.0, after.1 - before.1])
            .collect();
        for way in 0..2 {
            let total = passed.iter().map(|octets| octets[way]).sum();
            within(total, cap, 5, "total");
            for (index, octets) in passed.iter().enumerate() {
                within(octets[way], cap / 16, 20, &format!("{per:?} {index} {way}"));
            }
        }
        tasks.iter().for_each(JoinHandle::abort);
    }
}

/// A tunnel by tokio's own copying, throttled by a wrapper.
async fn wrapped(permit: Permit, traffic: Arc<Traffic>) -> Result<RelayEnd, BoxError> {
    let counted = Counted(Endless(4000), traffic);
    let mut client = Throttled::new(counted, Side::Client, &meter(&permit));
    copy_bidirectional(&mut client, &mut Endless(4000)).await?;
    Ok(RelayEnd::Closed)
}

/// Counts what a client says and hears.
struct Counted<Io>(Io, Arc<Traffic>);

impl<Io: AsyncRead + Unpin> AsyncRead for Counted<Io> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let read = Pin::new(&mut self.0).poll_read(cx, buf);
        self.1.add_sent((buf.filled().len() - before) as u64);
        read
    }
}

impl<Io: AsyncWrite + Unpin> AsyncWrite for Counted<Io> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.0).poll_write(cx, buf);
        if let Poll::Ready(Ok(octets)) = written {
            self.1.add_received(octets as u64);
        }
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

/// What one session leaves, the others have at once; and what comes after a pause may be a burst.
#[tokio::test(start_paused = true)]
async fn what_is_left_is_used() {
    let slow = Limit::new("slow", Per::Network { v4: 32, v6: 64 }).down(rate(MIB));
    let limits = Limits::new([Limit::new("cap", Per::Server).down(rate(10 * MIB)), slow]).unwrap();
    let permit = ask(&limits, &client(1)).await.unwrap();
    let (slow, first) = relay(AdaptiveRelay::new(), permit, Listener, Endless(9000));
    let permit = ask(&limits, &client(2).at("192.0.2.2:1")).await.unwrap();
    limits
        .replace([
            Limit::new("cap", Per::Server).down(rate(10 * MIB)),
            Limit::new("slow", Per::Network { v4: 32, v6: 64 }).down(rate(MIB)),
        ])
        .unwrap();
    let (other, second) = relay(AdaptiveRelay::new(), permit, Listener, Endless(9000));
    seconds(10).await;
    within(slow.received(), 10 * MIB, 5, "the slow network");
    within(other.received(), 10 * MIB, 5, "another network");
    limits
        .replace([Limit::new("cap", Per::Server).down(rate(10 * MIB))])
        .unwrap();
    let before = (slow.received(), other.received());
    seconds(10).await;
    within(slow.received() - before.0, 50 * MIB, 5, "first");
    within(other.received() - before.1, 50 * MIB, 5, "second");
    first.abort();
    assert!(first.await.unwrap_err().is_cancelled());
    let before = other.received();
    seconds(10).await;
    within(other.received() - before, 100 * MIB, 5, "alone");
    second.abort();
}

/// SE-21, SE-48: a tunnel that waits for its turn is not idle, and its end comes behind the last octet.
#[tokio::test(start_paused = true)]
async fn waiting_is_not_idle() {
    let drip = Rate::new(NonZeroU64::new(1024).unwrap(), Duration::from_secs(3600));
    let limits = Limits::new([Limit::new("drip", Per::Session).up(drip)]).unwrap();
    let permit = ask(&limits, &client(1)).await.unwrap();
    let (client, mut near) = duplex(1 << 20);
    let (target, mut far) = duplex(1 << 20);
    let adaptive = AdaptiveRelay::new().idle_timeout(Duration::from_secs(60));
    let (traffic, relaying) = relay(adaptive, permit, client, target);
    let question: Vec<_> = (0..10 * 1024).map(|octet| octet as u8).collect();
    near.write_all(&question).await.unwrap();
    near.shutdown().await.unwrap();
    // A burst of 4 KiB, and then 1 KiB an hour.
    seconds(1).await;
    assert_eq!(traffic.sent(), 4096);
    for hour in 1..=6 {
        seconds(3600).await;
        assert_eq!(traffic.sent(), 4096 + hour * 1024);
        assert!(!relaying.is_finished());
    }
    let mut heard = Vec::new();
    far.read_to_end(&mut heard).await.unwrap();
    assert!(heard == question);
    // The other way is free, and idle once nothing passes.
    far.write_all(b"answer").await.unwrap();
    let mut answer = [0; 6];
    near.read_exact(&mut answer).await.unwrap();
    let started = Instant::now();
    assert_eq!(relaying.await.unwrap().unwrap(), RelayEnd::Idle);
    assert!(started.elapsed() <= Duration::from_secs(61));
}

/// Who is dropped while it waits leaves its turn to the others, and nobody takes a turn that only waits
/// for its source.
#[tokio::test(start_paused = true)]
async fn turns_of_those_who_leave() {
    let limits = Limits::new([Limit::new("cap", Per::Server).up(rate(MIB))]).unwrap();
    let mut permits = Vec::new();
    for id in 0..20 {
        permits.push(ask(&limits, &client(id)).await.unwrap());
    }
    let mut silent = Vec::new();
    for permit in permits.split_off(10) {
        let (client, near) = duplex(1024);
        silent.push((near, relay(AdaptiveRelay::new(), permit, client, Listener)));
    }
    let busy: Vec<_> = permits
        .into_iter()
        .map(|permit| relay(AdaptiveRelay::new(), permit, Endless(4096), Listener))
        .collect();
    busy.iter().for_each(|(_, task)| task.abort());
    let permit = ask(&limits, &client(30)).await.unwrap();
    let mut waiting = Vec::new();
    for _ in 0..5 {
        let permit = ask(&limits, &client(31)).await.unwrap();
        waiting.push(relay(AdaptiveRelay::new(), permit, Endless(4096), Listener));
    }
    let (traffic, task) = relay(AdaptiveRelay::new(), permit, Endless(4096), Listener);
    seconds(2).await;
    for (_, waiting) in &waiting {
        waiting.abort();
    }
    seconds(1).await;
    let before = traffic.sent();
    seconds(10).await;
    within(traffic.sent() - before, 10 * MIB, 2, "alone");
    task.abort();
    drop(silent);
}

/// Nobody polls who has nothing to do: neither while it waits for its source, nor for its turn.
#[tokio::test(start_paused = true)]
async fn nobody_is_woken_for_nothing() {
    let limit = Limit::new("cap", Per::Server).up(rate(MIB)).down(rate(MIB));
    let limits = Limits::new([limit]).unwrap();
    let permit = ask(&limits, &client(1)).await.unwrap();
    let request = super::client(1).request();
    let (io, mut near) = duplex(1 << 20);
    let destination = request.destination;
    let mut tunnel = Tunnel::new(io, Listener, request.conn, request.identity, destination);
    tunnel.permit = permit.clone();
    let traffic = Arc::clone(&tunnel.traffic);
    let mut relay = tokio_test::task::spawn(AdaptiveRelay::new().oneshot(tunnel));
    assert!(relay.poll().is_pending() && !relay.is_woken());
    near.write_all(&[0; 1 << 20]).await.unwrap();
    let mut polls = 0;
    while traffic.sent() < MIB {
        while relay.is_woken() {
            polls += 1;
            assert!(relay.poll().is_pending());
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    // A turn is 4 KiB here, and a quarter of all is the burst.
    assert!(polls <= 200, "{polls}");
    assert!(relay.poll().is_pending() && !relay.is_woken());
}

/// A runtime that ends takes the timer with it; who waits in another one goes on.
#[test]
fn the_timer_moves_to_another_runtime() {
    let runtime = || {
        tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap()
    };
    let limits = Limits::new([Limit::new("cap", Per::Server).up(rate(MIB))]).unwrap();
    let first = runtime();
    let (permit, _task) = first.block_on(async {
        let permit = ask(&limits, &client(1)).await.unwrap();
        let task = relay(
            AdaptiveRelay::new(),
            permit.clone(),
            Endless(4096),
            Listener,
        );
        seconds(2).await;
        (permit, task)
    });
    let second = runtime();
    let waiting = second.spawn(async move {
        let mut flow = meter(&permit).flow(Direction::ToTarget);
        let mut moved = 0;
        while moved < 2 * MIB {
            let granted = std::future::poll_fn(|cx| flow.poll_grant(cx))
                .await
                .unwrap();
            flow.used(granted);
            moved += granted as u64;
        }
    });
    drop(first);
    second.block_on(waiting).unwrap();
}

async fn exchange(octets: Vec<u8>, chunks: usize, limits: Limits, wrapper: bool) {
    let permit = ask(&limits, &client(1)).await.unwrap();
    let (client, mut near) = duplex(chunks);
    let (target, mut far) = duplex(chunks);
    let task = match wrapper {
        true => {
            let client = Throttled::new(client, Side::Client, &meter(&permit));
            relay(AdaptiveRelay::new(), Permit::new(), client, target).1
        }
        false => relay(AdaptiveRelay::new(), permit.clone(), client, target).1,
    };
    let say = octets.clone();
    let speaker = tokio::spawn(async move {
        near.write_all(&say).await.unwrap();
        near.shutdown().await.unwrap();
        let mut heard = Vec::new();
        near.read_to_end(&mut heard).await.unwrap();
        heard
    });
    let mut heard = Vec::new();
    far.read_to_end(&mut heard).await.unwrap();
    far.write_all(&heard).await.unwrap();
    far.shutdown().await.unwrap();
    assert!(heard == octets);
    assert!(speaker.await.unwrap() == octets);
    assert_eq!(task.await.unwrap().unwrap(), RelayEnd::Closed);
    drop(permit);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// SE-48, SE-51: whatever bounds a tunnel, both directions arrive whole and end.
    #[test]
    fn nothing_is_lost(
        octets in proptest::collection::vec(any::<u8>(), 0..100_000),
        chunks in 200_usize..70_000,
        up in 10_000_u64..10_000_000,
        down in 10_000_u64..10_000_000,
        wrapper in any::<bool>(),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(async {
            let limit = Limit::new("user", Per::User).up(rate(up)).down(rate(down));
            let all = Limit::new("all", Per::Server).up(rate(1_000_000)).down(rate(1_000_000));
            exchange(octets, chunks, Limits::new([limit, all]).unwrap(), wrapper).await;
        });
    }
}
