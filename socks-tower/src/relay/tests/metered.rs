use std::{
    num::NonZeroU64,
    sync::Arc,
    task::{Context, Poll, Waker},
    time::Duration,
};

use socks_acl::AllowAll;
use socks_core::{
    Command,
    message::{AccessRequest, Permit, Verdict},
};
use tokio::{io::BufStream, time::Instant};
use tower::ServiceExt;
use tower_layer::Layer;

use super::{
    idle::later,
    link::{Link, Way},
    pattern::Flow,
    tunnel,
};
use crate::{
    limit::{Limit, Limits, Meter, Per, Rate},
    relay::{AdaptiveRelay, RelayEnd},
    udp::Direction,
};

const MIB: usize = 1 << 20;

async fn permit(limits: &Limits) -> Permit {
    let access = limits.layer().layer(AllowAll::new());
    let tunnel = tunnel((), ());
    let (conn, identity) = (tunnel.conn, tunnel.identity);
    let request = AccessRequest::new(conn, identity, Command::Connect, tunnel.destination);
    match access.oneshot(request).await {
        Ok(Verdict::Allow(permit)) => permit,
        other => panic!("{other:?}"),
    }
}

fn both(rate: Rate) -> Limit {
    Limit::new("cap", Per::Session).up(rate).down(rate)
}

/// R5-58, SE-51: a bulky flow is spliced within its limits: never more than the rate and its burst
/// allow, and not an octet is lost where it has to wait.
#[tokio::test]
async fn spliced() {
    let rate = Rate::per_second(NonZeroU64::new(256 << 20).unwrap());
    for way in Way::BOTH {
        let limits = Limits::new([both(rate)]).unwrap();
        let permit = permit(&limits).await;
        let started = Instant::now();
        let relay = AdaptiveRelay::new();
        let mut link = Link::permitted(relay, None, permit.clone(), |c| c, |t| t).await;
        let (mut flow, mut other) = (Flow::new(61), Flow::new(62));
        while link.spliced() < 16 * MIB {
            assert!(flow.said.at < 256 * MIB, "it is not spliced");
            link.carry(way, &mut flow, 4 * MIB).await;
        }
        let allowed = started.elapsed().as_secs_f64() * (256 * MIB) as f64;
        assert!(flow.heard.at as f64 <= allowed + (64 * MIB) as f64);

        // From now on nothing but a burst, and later everything.
        let drip = Rate::new(NonZeroU64::MIN, Duration::from_secs(86_400));
        limits.replace([both(drip)]).unwrap();
        let before = (link.traffic.sent(), link.traffic.received());
        let waits = async {
            tokio::join!(link.carry(way, &mut flow, 4 * MIB), async {
                for _ in 0..1000 {
                    tokio::task::yield_now().await;
                }
                limits.replace([]).unwrap();
            });
        };
        waits.await;
        let after = (link.traffic.sent(), link.traffic.received());
        assert_eq!(after.0 - before.0 + after.1 - before.1, 4 * MIB as u64);
        link.carry(way.back(), &mut other, 1000).await;
        link.end(way, &mut flow).await;
        link.end(way.back(), &mut other).await;
        let (up, down) = match way {
            Way::Up => (&flow, &other),
            Way::Down => (&other, &flow),
        };
        link.closed(up, down).await;
        drop(permit);
    }
}

/// SE-21: a tunnel on which nothing comes takes no turns from those who wait for theirs, and is idle; be it
/// plain TCP, or wrapped so that nobody can see whether anything has come.
#[tokio::test]
async fn the_silent_take_no_turns() {
    let drip = Rate::new(NonZeroU64::MIN, Duration::from_secs(86_400));
    let limit = Limit::new("cap", Per::Server).up(drip).down(drip);
    for wrapped in [false, true] {
        let limits = Limits::new([limit.clone()]).unwrap();
        let permit = permit(&limits).await;
        let meter = permit.extensions.get::<Meter>().unwrap();
        let mut cx = Context::from_waker(Waker::noop());
        let mut others = [Direction::ToTarget, Direction::ToClient].map(|way| meter.flow(way));
        for flow in &mut others {
            while let Poll::Ready(granted) = flow.poll_grant(&mut cx) {
                flow.used(granted.unwrap());
            }
        }
        let relay = AdaptiveRelay::new().idle_timeout(Duration::from_secs(60));
        let kept = permit.clone();
        let link = match wrapped {
            false => Link::permitted(relay, None, kept, |c| c, |t| t).await,
            true => Link::permitted(relay, None, kept, BufStream::new, BufStream::new).await,
        };
        later(0).await;
        later(59).await;
        assert!(!link.relay.is_finished());
        later(2).await;
        assert!(link.relay.is_finished(), "wrapped: {wrapped}");
        assert_eq!(link.relay.await.unwrap().unwrap(), RelayEnd::Idle);
    }
}

/// A permit without a meter leaves the tunnel as it is, and a tunnel's flows end with it.
#[tokio::test]
async fn flows_end_with_the_tunnel() {
    let limits = Limits::new([Limit::new("cap", Per::Server).sessions(1)]).unwrap();
    let permit = permit(&limits).await;
    let weak = permit.guard.as_ref().map(Arc::downgrade).unwrap();
    let link = Link::permitted(AdaptiveRelay::new(), None, permit, |c| c, |t| t).await;
    link.relay.abort();
    let _ = link.relay.await;
    assert_eq!(weak.strong_count(), 0);
    assert_eq!(
        limits.status().first().map(|status| status.sessions),
        Some(0)
    );
}
