//! Any decisions about any chunks, against the simplest model: each octet is shown in order until it is decided
//! about, and comes out once, as was decided.

use bytes::Bytes;
use proptest::prelude::*;
use tokio::task::yield_now;

use super::*;

#[derive(Clone, Debug)]
enum Step {
    Pass,
    PassSome(usize),
    Rewrite,
    RewriteSome(usize),
    Hold,
    /// After so many polls the next step is what is decided.
    Later(u8),
    /// Passes, and wants no more.
    Leave,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => Just(Step::Pass),
        2 => (0..5000_usize).prop_map(Step::PassSome),
        2 => Just(Step::Rewrite),
        2 => (0..5000_usize).prop_map(Step::RewriteSome),
        3 => Just(Step::Hold),
        2 => (0..4_u8).prop_map(Step::Later),
        1 => Just(Step::Leave),
    ]
}

/// One direction.
#[derive(Clone, Debug)]
struct Schedule {
    said: Vec<u8>,
    writes: Vec<usize>,
    steps: Vec<Step>,
}

fn schedule() -> impl Strategy<Value = Schedule> {
    (
        prop::collection::vec(any::<u8>(), 0..30_000),
        prop::collection::vec(1..9000_usize, 1..6),
        prop::collection::vec(step(), 0..30),
    )
        .prop_map(|(said, writes, steps)| Schedule {
            said,
            writes,
            steps,
        })
}

/// What a direction has decided until now.
#[derive(Debug, Default)]
struct Way {
    said: Vec<u8>,
    steps: std::vec::IntoIter<Step>,
    decided: usize,
    expected: Vec<u8>,
    ends: usize,
    left: bool,
}

impl Way {
    fn new(schedule: &Schedule) -> Self {
        Self {
            said: schedule.said.clone(),
            steps: schedule.steps.clone().into_iter(),
            ..Self::default()
        }
    }

    fn inspect(&mut self, chunk: &Chunk<'_>, limit: usize) -> Inspection {
        assert!(!self.left, "it wanted no more");
        let data = chunk.data;
        assert!(data.len() <= limit && !chunk.overdue);
        assert!(data == &self.said[self.decided..self.decided + data.len()]);
        self.ends += usize::from(chunk.end);
        assert!(self.ends <= 1, "told once");
        let whole = chunk.end || data.len() == limit;
        self.take(data, whole)
    }

    fn take(&mut self, data: &[u8], whole: bool) -> Inspection {
        let step = self.steps.next().unwrap_or(Step::Pass);
        match step {
            Step::Pass => self.pass(data.len()),
            Step::Leave => {
                self.left = true;
                self.pass(data.len())
            }
            Step::Rewrite => Inspection::Rewrite(self.rewrite(data, data.len())),
            Step::Later(polls) => {
                let decision = self.take(data, whole);
                Inspection::later(async move {
                    for _ in 0..polls {
                        yield_now().await;
                    }
                    decision
                })
            }
            // Holding is exceeded.
            _ if whole => self.pass(data.len()),
            Step::Hold => Inspection::Hold,
            Step::PassSome(octets) => {
                self.pass(octets.min(data.len()));
                Inspection::PassSome(octets)
            }
            Step::RewriteSome(octets) => {
                let with = self.rewrite(data, octets.min(data.len()));
                Inspection::RewriteSome(octets, with)
            }
        }
    }

    fn pass(&mut self, octets: usize) -> Inspection {
        let passed = self.decided..self.decided + octets;
        self.expected.extend_from_slice(&self.said[passed]);
        self.decided += octets;
        Inspection::Pass
    }

    fn rewrite(&mut self, data: &[u8], octets: usize) -> Bytes {
        let with: Vec<u8> = data[..octets]
            .iter()
            .flat_map(|octet| [!octet, 0])
            .collect();
        self.expected.extend_from_slice(&with);
        self.decided += octets;
        with.into()
    }
}

struct Model {
    ways: Arc<Mutex<(Way, Way)>>,
    limit: usize,
}

impl Inspector for Model {
    fn inspect(&mut self, chunk: &Chunk<'_>) -> Inspection {
        let (up, down) = &mut *self.ways.lock().unwrap();
        match chunk.direction {
            Direction::ToTarget => up.inspect(chunk, self.limit),
            Direction::ToClient => down.inspect(chunk, self.limit),
        }
    }

    fn wants(&self, direction: Direction) -> bool {
        let (up, down) = &*self.ways.lock().unwrap();
        match direction {
            Direction::ToTarget => !up.left,
            Direction::ToClient => !down.left,
        }
    }
}

async fn side(stream: DuplexStream, schedule: Schedule) -> Vec<u8> {
    let (mut reader, mut writer) = tokio::io::split(stream);
    let say = async {
        let (mut said, mut writes) = (&*schedule.said, schedule.writes.iter().cycle());
        while !said.is_empty() {
            let octets = *writes.next().unwrap();
            let (now, then) = said.split_at(octets.min(said.len()));
            writer.write_all(now).await.unwrap();
            said = then;
            yield_now().await;
        }
        writer.shutdown().await.unwrap();
    };
    let mut heard = Vec::new();
    let (_, read) = tokio::join!(say, reader.read_to_end(&mut heard));
    read.unwrap();
    heard
}

async fn run(up: Schedule, down: Schedule, limit: usize, sizes: (usize, usize)) {
    let ways = Arc::new(Mutex::new((Way::new(&up), Way::new(&down))));
    let model = Model {
        ways: Arc::clone(&ways),
        limit,
    };
    let (client, near) = duplex(sizes.0);
    let (target, far) = duplex(sizes.1);
    let layer = InspectLayer::new(Once::new(model)).hold_limit(limit);
    let relay = layer.layer(AdaptiveRelay::new());
    let tunnel = tunnel(client, target);
    let traffic = Arc::clone(&tunnel.traffic);
    let (end, returned, arrived) =
        tokio::join!(relay.oneshot(tunnel), side(near, up), side(far, down));
    assert_eq!(end.unwrap(), RelayEnd::Closed);
    let (up, down) = &*ways.lock().unwrap();
    for (way, heard) in [(up, &arrived), (down, &returned)] {
        let mut expected = way.expected.clone();
        let unseen = &way.said[way.decided..];
        assert!(way.left || unseen.is_empty() && way.ends == 1);
        expected.extend_from_slice(unseen);
        assert!(*heard == expected, "{} for {}", heard.len(), expected.len());
    }
    let counted = (traffic.sent(), traffic.received());
    assert_eq!(counted, (arrived.len() as u64, returned.len() as u64));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// SE-48, SE-51: nothing is lost, shown twice or changed but as decided, in either direction, with what was held
    /// when the end came.
    #[test]
    fn nothing_is_lost(
        up in schedule(),
        down in schedule(),
        limit in 1..20_000_usize,
        sizes in (100..10_000_usize, 100..10_000_usize),
    ) {
        // An octet a time proves nothing more and takes long.
        let limit = limit.max(up.said.len() / 100).max(down.said.len() / 100);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(run(up, down, limit, sizes));
    }
}
