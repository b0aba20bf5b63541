//! Schedules that nobody thought of, against the simplest model: what goes in comes out, in order, and
//! then the end.

use proptest::{prelude::*, test_runner::TestRunner};
use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt},
    task::yield_now,
};

use super::{
    link::Link,
    pattern::{Ending, Pattern},
};
use crate::relay::AdaptiveRelay;

/// One direction: what its source says, how its sink reads, over and over, and how often both pause
/// after each.
#[derive(Clone, Debug)]
struct Schedule {
    writes: Vec<(usize, u8)>,
    reads: Vec<(usize, u8)>,
}

fn schedule() -> impl Strategy<Value = Schedule> {
    let octets = prop_oneof![
        3 => 1..200_usize,
        2 => 200..40_000_usize,
        3 => 40_000..=(1_usize << 20),
    ];
    let most = prop_oneof![1 => 700..5000_usize, 3 => 5000..=300_000_usize];
    let pause = || prop_oneof![3 => Just(0), 2 => 1..4_u8, 1 => 4..60_u8];
    (
        proptest::collection::vec((octets, pause()), 0..12),
        proptest::collection::vec((most, pause()), 1..6),
    )
        .prop_map(|(writes, reads)| Schedule { writes, reads })
}

async fn pause(times: u8) {
    for _ in 0..times {
        yield_now().await;
    }
}

impl Schedule {
    fn octets(&self) -> usize {
        self.writes.iter().map(|(octets, _)| octets).sum()
    }

    async fn say(&self, seed: usize, stream: &mut (impl AsyncWrite + Unpin)) {
        let mut said = Pattern::new(seed);
        for (octets, pauses) in &self.writes {
            said.say(stream, *octets).await;
            pause(*pauses).await;
        }
        stream.shutdown().await.unwrap();
    }

    async fn hear(&self, seed: usize, stream: &mut (impl AsyncRead + Unpin)) {
        let mut heard = Pattern::new(seed);
        for (most, pauses) in self.reads.iter().cycle() {
            if let Some(ending) = heard.hear_some(stream, *most).await {
                assert_eq!(ending, Ending::Clean);
                break;
            }
            pause(*pauses).await;
        }
        assert_eq!(heard.at, self.octets());
    }
}

/// How many octets went by, and how many of them through pipes.
async fn run(up: &Schedule, down: &Schedule, buffers: Option<u32>) -> (usize, usize) {
    let relay = AdaptiveRelay::new();
    let mut link = Link::over(relay, buffers, |client| client, |target| target).await;
    let (mut near_reads, mut near_writes) = link.near.split();
    let (mut far_reads, mut far_writes) = link.far.split();
    tokio::join!(
        up.say(71, &mut near_writes),
        up.hear(71, &mut far_reads),
        down.say(72, &mut far_writes),
        down.hear(72, &mut near_reads),
    );
    let spliced = link.spliced();
    assert_eq!(link.piped(), 0);
    let (mut said_up, mut said_down) =
        (super::pattern::Flow::new(71), super::pattern::Flow::new(72));
    said_up.said.at = up.octets();
    said_down.said.at = down.octets();
    link.closed(&said_up, &said_down).await;
    (up.octets() + down.octets(), spliced)
}

/// R5-58, SE-48, SE-51: any sizes, pauses, ends and socket buffers.
#[test]
fn arrive_whole() {
    let buffers = prop_oneof![Just(None), (4096..300_000_u32).prop_map(Some)];
    let mut runner = TestRunner::new(ProptestConfig {
        cases: 64,
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    let (total, through_pipes) = (std::cell::Cell::new(0), std::cell::Cell::new(0));
    let result = runner.run(&(schedule(), schedule(), buffers), |(up, down, buffers)| {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = runtime.enable_all().build().unwrap();
        let (octets, spliced) = runtime.block_on(run(&up, &down, buffers));
        total.set(total.get() + octets);
        through_pipes.set(through_pipes.get() + spliced);
        Ok(())
    });
    result.unwrap();
    let (total, spliced) = (total.get(), through_pipes.get());
    println!("{spliced} of {total} octets were spliced");
    assert!(spliced > 0 && spliced < total);
}
