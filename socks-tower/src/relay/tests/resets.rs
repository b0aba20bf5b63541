use tokio::{io::AsyncWriteExt, task::yield_now};

use super::{
    idle::later,
    link::{Link, Way, no_pipe_is_held, reset},
    pattern::{Ending, Flow},
    stage::Stage,
};
use crate::{
    Side,
    relay::{AdaptiveRelay, RelayEnd},
};

/// Runs `test` for each direction at each stage.
async fn everywhere(test: impl AsyncFn(Way, Link, Flow)) {
    for way in Way::BOTH {
        for stage in Stage::ALL {
            let mut flow = Flow::new(41);
            let link = stage.reach(way, &mut flow).await;
            test(way, link, flow).await;
            no_pipe_is_held();
            another_flow_is_whole().await;
        }
    }
}

/// What a pipe still held when its flow broke off would come out of it for the next.
async fn another_flow_is_whole() {
    let (mut up, mut down) = (Flow::new(42), Flow::new(43));
    let mut link = Link::new(AdaptiveRelay::new()).await;
    link.exchange(&mut up, &mut down, 2 << 20).await;
    assert!(link.spliced() > 0);
    link.end(Way::Up, &mut up).await;
    link.end(Way::Down, &mut down).await;
    link.closed(&up, &down).await;
}

/// SE-49: a source that resets its connection, before an octet or behind many, is a reset for the sink,
/// which has heard nothing wrong until then.
#[tokio::test]
async fn of_the_source() {
    everywhere(async |way, link, mut flow| {
        let (source, mut sink, side) = match way {
            Way::Up => (link.near, link.far, Side::Client),
            Way::Down => (link.far, link.near, Side::Target),
        };
        reset(source);
        assert_eq!(flow.heard.hear_out(&mut sink).await, Ending::Reset);
        assert_eq!(link.relay.await.unwrap().unwrap(), RelayEnd::Reset(side));
    })
    .await;
}

/// SE-49: a source that resets its connection while its sink takes nothing, and nothing more is read from
/// it, is noticed as well; not before the sink has had its time.
#[tokio::test]
async fn of_a_source_that_is_not_read_from() {
    for way in Way::BOTH {
        for stage in [Stage::HeldInMemory, Stage::HeldInPipe] {
            let mut flow = Flow::new(50);
            let mut link = stage.reach(way, &mut flow).await;
            later(31).await;
            assert!(!link.relay.is_finished(), "nobody is gone");
            // Looked at in between, the sink has taken something, and its time begins anew.
            let half = (flow.said.at - flow.heard.at) / 2;
            flow.heard.hear(link.ends(way).1, half).await;
            flow.said.stuff(link.ends(way).0).await;
            let (source, mut sink, side) = match way {
                Way::Up => (link.near, link.far, Side::Client),
                Way::Down => (link.far, link.near, Side::Target),
            };
            reset(source);
            later(29).await;
            assert!(!link.relay.is_finished());
            later(2).await;
            assert!(link.relay.is_finished());
            assert_eq!(link.relay.await.unwrap().unwrap(), RelayEnd::Reset(side));
            assert_eq!(flow.heard.hear_out(&mut sink).await, Ending::Reset);
            no_pipe_is_held();
        }
    }
}

/// SE-49: and so is a sink that does, for the source.
#[tokio::test]
async fn of_the_sink() {
    everywhere(async |way, link, _| {
        let (mut source, sink, side) = match way {
            Way::Up => (link.near, link.far, Side::Target),
            Way::Down => (link.far, link.near, Side::Client),
        };
        reset(sink);
        let ending = Flow::new(44).heard.hear_out(&mut source).await;
        let end = link.relay.await.unwrap().unwrap();
        assert_eq!((end, ending), (RelayEnd::Reset(side), Ending::Reset));
    })
    .await;
}

/// SE-49: a tunnel that is dropped is a reset for both.
#[tokio::test]
async fn of_a_dropped_tunnel() {
    everywhere(async |way, mut link, mut flow| {
        yield_now().await;
        link.relay.abort();
        assert!((&mut link.relay).await.unwrap_err().is_cancelled());
        let (source, sink) = link.ends(way);
        assert_eq!(flow.heard.hear_out(sink).await, Ending::Reset);
        let ending = Flow::new(45).heard.hear_out(source).await;
        assert_eq!(ending, Ending::Reset);
    })
    .await;
}

/// SE-49: a client that has ended its half and is reset before it has heard the answer is a reset for the
/// target, in the midst of what it says. A target that does the same has said all it wanted to say: what
/// is left of the question is thrown away (SE-51).
#[tokio::test]
async fn behind_a_half_close() {
    for way in Way::BOTH {
        for stage in [Stage::Copying, Stage::Splicing] {
            let (mut flow, mut other) = (Flow::new(46), Flow::new(47));
            let mut link = stage.reach(way, &mut flow).await;
            link.end(way, &mut flow).await;
            link.carry(way.back(), &mut other, 1 << 20).await;
            let (source, mut sink, end) = match way {
                Way::Up => (link.near, link.far, RelayEnd::Reset(Side::Client)),
                Way::Down => (link.far, link.near, RelayEnd::Closed),
            };
            reset(source);
            while sink.write_all(other.said.peek(1 << 16)).await.is_ok() {}
            assert_eq!(link.relay.await.unwrap().unwrap(), end);
            no_pipe_is_held();
        }
    }
}

/// SE-51: a target that has answered and ended, and breaks while octets for it are held, costs the client
/// nothing of the answer; what was held goes nowhere, and to no other flow.
#[tokio::test]
async fn of_a_target_that_has_answered() {
    for stage in [Stage::HeldInMemory, Stage::HeldInPipe] {
        let (mut flow, mut answer) = (Flow::new(48), Flow::new(49));
        let mut link = stage.reach(Way::Up, &mut flow).await;
        link.carry(Way::Down, &mut answer, 1 << 20).await;
        answer.said.say(&mut link.far, 30_000).await;
        link.far.shutdown().await.unwrap();
        for _ in 0..10 {
            yield_now().await;
        }
        reset(link.far);
        assert_eq!(answer.heard.hear_out(&mut link.near).await, Ending::Clean);
        assert_eq!(answer.heard.at, answer.said.at);
        // Unless more came than is thrown away, and that was the end.
        let _ = link.near.shutdown().await;
        assert_eq!(link.relay.await.unwrap().unwrap(), RelayEnd::Closed);
        no_pipe_is_held();
        another_flow_is_whole().await;
    }
}
