use std::time::Duration;

use tokio::{io::AsyncWriteExt, task::yield_now, time};

use super::{
    link::{Link, Way, no_pipe_is_held},
    pattern::{Ending, Flow},
    stage::Stage,
};
use crate::relay::{AdaptiveRelay, Cut, RelayEnd};

const MIB: usize = 1 << 20;

/// 60 seconds idle, 10 once a direction has ended.
fn relay() -> AdaptiveRelay {
    AdaptiveRelay::new()
        .idle_timeout(Duration::from_secs(60))
        .half_closed_timeout(Duration::from_secs(10))
}

/// Lets time pass. Sockets are used in real time only: a paused clock runs ahead of what is on its way.
pub(super) async fn later(seconds: u64) {
    time::pause();
    time::advance(Duration::from_secs(seconds)).await;
    for _ in 0..20 {
        yield_now().await;
    }
    time::resume();
}

/// SE-49: a tunnel that was idle is a reset for both ends.
async fn is_over(link: Link, way: Way, mut flow: Flow) {
    assert!(link.relay.is_finished());
    assert_eq!(link.relay.await.unwrap().unwrap(), RelayEnd::Idle);
    let (mut source, mut sink) = match way {
        Way::Up => (link.near, link.far),
        Way::Down => (link.far, link.near),
    };
    assert_eq!(flow.heard.hear_out(&mut sink).await, Ending::Reset);
    let ending = Flow::new(51).heard.hear_out(&mut source).await;
    assert_eq!(ending, Ending::Reset);
    no_pipe_is_held();
}

/// SE-21, SE-49: a tunnel lasts no longer than it may, however busy it is.
#[tokio::test]
async fn a_lifetime_is_not_put_off() {
    for way in Way::BOTH {
        for stage in [Stage::Copying, Stage::Splicing] {
            let mut flow = Flow::new(52);
            let relay = relay().max_lifetime(Duration::from_secs(100));
            let mut link = stage.reach_with(relay, way, &mut flow).await;
            for _ in 0..2 {
                later(49).await;
                link.carry(way, &mut flow, MIB).await;
            }
            assert!(!link.relay.is_finished());
            later(2).await;
            assert!(link.relay.is_finished());
            let end = link.relay.await.unwrap().unwrap();
            assert_eq!(end, RelayEnd::Cut(Cut::new("lifetime")));
            let sink = match way {
                Way::Up => &mut link.far,
                Way::Down => &mut link.near,
            };
            assert_eq!(flow.heard.hear_out(sink).await, Ending::Reset);
            no_pipe_is_held();
        }
    }
}

/// SE-21: octets that only the kernel sees count as well.
#[tokio::test]
async fn slides_with_every_octet() {
    for way in Way::BOTH {
        for stage in [Stage::Copying, Stage::Splicing] {
            let mut flow = Flow::new(52);
            let mut link = stage.reach_with(relay(), way, &mut flow).await;
            let octets = if stage == Stage::Copying { 100 } else { MIB };
            for _ in 0..4 {
                later(40).await;
                let before = link.spliced();
                link.carry(way, &mut flow, octets).await;
                assert_eq!(link.spliced() > before, stage == Stage::Splicing);
            }
            later(59).await;
            assert!(!link.relay.is_finished());
            later(2).await;
            is_over(link, way, flow).await;
        }
    }
}

/// SE-21: a sink that does not read is idle, whatever its source would say; what it takes out of a pipe
/// counts.
#[tokio::test]
async fn while_octets_are_held() {
    for way in Way::BOTH {
        for stage in [Stage::HeldInMemory, Stage::HeldInPipe] {
            let mut flow = Flow::new(53);
            let mut link = stage.reach_with(relay(), way, &mut flow).await;
            later(40).await;
            assert!(!link.relay.is_finished());
            let half = (flow.said.at - flow.heard.at) / 2;
            flow.heard.hear(link.ends(way).1, half).await;
            // As much again goes in, so the direction is held as before.
            flow.said.stuff(link.ends(way).0).await;
            assert_eq!(link.piped() > 0, stage == Stage::HeldInPipe);
            later(59).await;
            assert!(!link.relay.is_finished());
            later(2).await;
            is_over(link, way, flow).await;
        }
    }
}

/// SE-50: the shorter time counts from when a direction has ended, which it has not while a pipe still
/// holds octets of it, and slides with what the other direction splices.
#[tokio::test]
async fn half_closed() {
    for way in Way::BOTH {
        let (mut flow, mut other) = (Flow::new(54), Flow::new(55));
        let mut link = Stage::HeldInPipe.reach_with(relay(), way, &mut flow).await;
        link.ends(way).0.shutdown().await.unwrap();
        later(50).await;
        assert!(!link.relay.is_finished());
        link.end(way, &mut flow).await;
        for _ in 0..3 {
            later(9).await;
            let before = link.spliced();
            link.carry(way.back(), &mut other, 4 * MIB).await;
            assert!(link.spliced() > before);
        }
        later(9).await;
        assert!(!link.relay.is_finished());
        later(2).await;
        assert_eq!(link.relay.await.unwrap().unwrap(), RelayEnd::Idle);
        no_pipe_is_held();
    }
}
