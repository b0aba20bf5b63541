use socket2::SockRef;

use tokio::{net::TcpStream, task::yield_now};

use super::{link::Way, pattern::Flow, stage::Stage};

/// Says one octet as urgent data.
fn urge(source: &TcpStream) -> bool {
    SockRef::from(source).send_out_of_band(b"!").is_ok()
}

/// Not while octets are held in memory: a read ends at an urgent octet and brings less than there was
/// room for, by which tokio takes the socket for empty, so that what is behind waits for an event.
const STAGES: [Stage; 4] = [
    Stage::Fresh,
    Stage::Copying,
    Stage::Splicing,
    Stage::HeldInPipe,
];

/// The octet itself is lost, but nothing before or behind it. The kernel splices no further than
/// to an urgent octet, and then says that nothing is there, or that this is the end.
#[tokio::test]
async fn urgent_data_stops_nothing() {
    for way in Way::BOTH {
        for stage in STAGES {
            for behind in [0, 1, 1000, 4 << 20] {
                let (mut flow, mut other) = (Flow::new(21), Flow::new(22));
                let mut link = stage.reach(way, &mut flow).await;
                let (source, sink) = link.ends(way);
                // A held direction has no room for it at once.
                while !urge(source) {
                    assert_eq!(flow.heard.hear_some(sink, 16 * 1024).await, None);
                    yield_now().await;
                }
                let left = flow.said.at - flow.heard.at;
                tokio::join!(
                    flow.said.say(source, behind),
                    flow.heard.hear(sink, left + behind),
                );
                assert!(urge(source));
                link.end(way, &mut flow).await;
                link.end(way.back(), &mut other).await;
                match way {
                    Way::Up => link.closed(&flow, &other).await,
                    Way::Down => link.closed(&other, &flow).await,
                }
            }
        }
    }
}
