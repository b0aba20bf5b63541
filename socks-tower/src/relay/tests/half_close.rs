use super::{
    link::{Link, Way},
    pattern::Flow,
    stage::Stage,
};
use tokio::io::AsyncWriteExt;

const MIB: usize = 1 << 20;

async fn closed(link: Link, way: Way, flow: &Flow, other: &Flow) {
    match way {
        Way::Up => link.closed(flow, other).await,
        Way::Down => link.closed(other, flow).await,
    }
}

/// SE-48, SE-51: a half-close comes behind the last octet, and the other direction goes on and is
/// spliced even so.
#[tokio::test]
async fn at_every_stage() {
    for way in Way::BOTH {
        for stage in Stage::ALL {
            let (mut flow, mut other) = (Flow::new(31), Flow::new(32));
            let mut link = stage.reach(way, &mut flow).await;
            link.end(way, &mut flow).await;
            let before = link.spliced();
            link.carry(way.back(), &mut other, 4 * MIB).await;
            let splices = stage != Stage::HeldInMemory;
            assert_eq!(link.spliced() > before, splices, "{way:?} {stage:?}");
            link.end(way.back(), &mut other).await;
            closed(link, way, &flow, &other).await;
        }
    }
}

/// SE-48, SE-51: a source that has ended waits behind a sink that does not read, while the other
/// direction moves much and ends first.
#[tokio::test]
async fn behind_a_sink_that_does_not_read() {
    for way in Way::BOTH {
        for stage in [Stage::HeldInMemory, Stage::HeldInPipe] {
            let (mut flow, mut other) = (Flow::new(33), Flow::new(34));
            let mut link = stage.reach(way, &mut flow).await;
            link.ends(way).0.shutdown().await.unwrap();
            link.carry(way.back(), &mut other, 4 * MIB).await;
            link.end(way.back(), &mut other).await;
            assert!(!link.relay.is_finished() && flow.heard.at < flow.said.at);
            link.end(way, &mut flow).await;
            closed(link, way, &flow, &other).await;
        }
    }
}

/// Both ends at once, with a pipe in each direction that holds octets.
#[tokio::test]
async fn both_held() {
    let (mut up, mut down) = (Flow::new(35), Flow::new(36));
    let mut link = Stage::HeldInPipe.reach(Way::Up, &mut up).await;
    let piped = link.piped();
    link.carry(Way::Down, &mut down, 4 * MIB).await;
    down.said.stuff(&link.far).await;
    assert!(link.piped() > piped, "both directions hold a pipe");
    link.near.shutdown().await.unwrap();
    link.far.shutdown().await.unwrap();
    link.end(Way::Down, &mut down).await;
    link.end(Way::Up, &mut up).await;
    link.closed(&up, &down).await;
}
