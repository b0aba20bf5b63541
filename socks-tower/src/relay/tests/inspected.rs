//! Inspected tunnels over real sockets: what is spliced, and what a cut is for both ends.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tower_layer::Layer;

use super::{
    link::{Link, Way, no_pipe_is_held},
    pattern::{Ending, Flow},
};
use crate::{
    ClientStream, Cut,
    inspect::{Chunk, Inspect, InspectLayer, Inspection, Inspector, MakeInspector, Subject},
    relay::{AdaptiveRelay, RelayEnd},
    udp::Direction,
};

const MIB: usize = 1 << 20;

/// Passes so many octets of one direction, as they come, and then decides for the last time.
#[derive(Clone)]
struct Until {
    way: Way,
    octets: usize,
    then: Arc<dyn Fn() -> Inspection + Send + Sync>,
    seen: Arc<Mutex<usize>>,
    /// Not interested any more.
    done: bool,
}

impl Until {
    fn new(way: Way, octets: usize, then: fn() -> Inspection) -> Self {
        Self {
            way,
            octets,
            then: Arc::new(then),
            seen: Arc::default(),
            done: false,
        }
    }
}

impl Inspector for Until {
    fn inspect(&mut self, chunk: &Chunk<'_>) -> Inspection {
        let mut seen = self.seen.lock().unwrap();
        *seen += chunk.data.len();
        self.done = *seen >= self.octets;
        match self.done {
            true => (self.then)(),
            false => Inspection::Pass,
        }
    }

    fn wants(&self, direction: Direction) -> bool {
        let way = match direction {
            Direction::ToTarget => Way::Up,
            Direction::ToClient => Way::Down,
        };
        way == self.way && !self.done
    }
}

impl MakeInspector for Until {
    fn make(&self, _: &Subject<'_>) -> Option<Box<dyn Inspector>> {
        Some(Box::new(self.clone()))
    }
}

fn inspecting<M: MakeInspector>(make: M) -> Inspect<AdaptiveRelay, M> {
    InspectLayer::new(make).layer(AdaptiveRelay::new())
}

fn nobody(_: &Subject<'_>) -> Option<Box<dyn Inspector>> {
    None
}

/// Without an inspector a tunnel is spliced as if the layer were not there, and so it is with two layers.
#[tokio::test]
async fn by_nobody() {
    let none = nobody as fn(&Subject<'_>) -> Option<Box<dyn Inspector>>;
    let twice = InspectLayer::new(none).layer(inspecting(none));
    let (mut up, mut down) = (Flow::new(81), Flow::new(82));
    let mut link = Link::over(twice, None, ClientStream::new, |target| target).await;
    link.exchange(&mut up, &mut down, 16 * MIB).await;
    assert!(link.spliced() > 16 * MIB);
    link.end(Way::Up, &mut up).await;
    link.end(Way::Down, &mut down).await;
    link.closed(&up, &down).await;
}

/// A direction is copied while it is inspected, and spliced when the inspector has seen enough; the other one is
/// spliced all the time. Early data belongs to what is seen (R5-7).
#[tokio::test]
async fn until_it_is_uninteresting() {
    for way in Way::BOTH {
        let until = Until::new(way, 2 * MIB, || Inspection::Pass);
        let seen = Arc::clone(&until.seen);
        let client = |io| {
            let mut client = ClientStream::new(io);
            client.unread(Bytes::from_static(b"early"), false);
            client
        };
        let mut link = Link::over(inspecting(until), None, client, |target| target).await;
        let mut early = [0; 5];
        link.far.read_exact(&mut early).await.unwrap();
        assert_eq!(&early, b"early");
        let (mut flow, mut other) = (Flow::new(83), Flow::new(84));
        link.carry(way, &mut flow, MIB).await;
        assert_eq!((link.spliced(), *seen.lock().unwrap() >= MIB), (0, true));
        link.carry(way.back(), &mut other, 8 * MIB).await;
        assert!(link.spliced() > 6 * MIB);
        let before = link.spliced();
        link.carry(way, &mut flow, 16 * MIB).await;
        assert!(link.spliced() - before > 12 * MIB);
        let seen = *seen.lock().unwrap();
        assert!((2 * MIB..2 * MIB + 16 * 1024 + 1).contains(&seen), "{seen}");
        link.end(way, &mut flow).await;
        link.end(way.back(), &mut other).await;
        assert_eq!(link.relay.await.unwrap().unwrap(), RelayEnd::Closed);
        no_pipe_is_held();
    }
}

/// A layer around another keeps what the inner one sees, until both have seen enough.
#[tokio::test]
async fn by_two() {
    let (first, second) = (
        Until::new(Way::Up, MIB, || Inspection::Pass),
        Until::new(Way::Up, 2 * MIB, || Inspection::Pass),
    );
    let relay = InspectLayer::new(first).layer(inspecting(second));
    let mut link = Link::over(relay, None, |client| client, |target| target).await;
    let mut flow = Flow::new(85);
    link.carry(Way::Up, &mut flow, MIB + MIB / 2).await;
    assert_eq!(link.spliced(), 0);
    link.carry(Way::Up, &mut flow, 16 * MIB).await;
    assert!(link.spliced() > 12 * MIB);
    link.end(Way::Up, &mut flow).await;
    link.end(Way::Down, &mut Flow::new(86)).await;
    assert_eq!(link.relay.await.unwrap().unwrap(), RelayEnd::Closed);
}

/// SE-49: a cut by either direction is a reset of both ends, at once and in the midst of much, and says why.
#[tokio::test]
async fn cut() {
    for way in Way::BOTH {
        for octets in [1, 3 * MIB] {
            let until = Until::new(way, octets, || Inspection::Cut(Cut::new("enough")));
            let client: fn(TcpStream) -> ClientStream<TcpStream> = ClientStream::new;
            let relay = inspecting(until);
            let mut link = Link::over(relay, None, client, |target| target).await;
            let (mut source, mut sink) = match way {
                Way::Up => (link.near, link.far),
                Way::Down => (link.far, link.near),
            };
            let mut flow = Flow::new(87);
            let say = async {
                while source.write_all(flow.said.peek(1 << 16)).await.is_ok() {
                    flow.said.at += 1 << 16;
                }
                let mut rest = Vec::new();
                source.read_to_end(&mut rest).await
            };
            let (_, ending) = tokio::join!(say, flow.heard.hear_out(&mut sink));
            assert_eq!(ending, Ending::Reset);
            assert!(flow.heard.at < octets);
            let end = (&mut link.relay).await.unwrap().unwrap();
            assert_eq!(end, RelayEnd::Cut(Cut::new("enough")));
        }
    }
}

/// SE-49: the source of a direction that is cut behind its end is reset too, though it has said everything.
#[tokio::test]
async fn cut_behind_the_end() {
    for way in Way::BOTH {
        let relay = inspecting(|_: &Subject<'_>| -> Option<Box<dyn Inspector>> {
            Some(Box::new(|chunk: &Chunk<'_>| match chunk.end {
                true => Inspection::Cut(Cut::new("incomplete")),
                false => Inspection::Hold,
            }))
        });
        let mut link = Link::over(relay, None, |client| client, |target| target).await;
        let (source, sink) = link.ends(way);
        source.write_all(b"half a question").await.unwrap();
        source.shutdown().await.unwrap();
        let mut heard = [0; 16];
        for end in [source, sink] {
            let error = end.read(&mut heard).await.unwrap_err();
            assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
        }
        let end = link.relay.await.unwrap().unwrap();
        assert_eq!(end, RelayEnd::Cut(Cut::new("incomplete")));
    }
}
