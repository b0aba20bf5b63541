//! What becomes of small messages while another tunnel moves as much as it can. Servers that can be
//! told have one thread, so that all tunnels share it.

mod bulk;

use std::{path::PathBuf, time::Duration};

use self::bulk::Bulk;
use crate::{
    BoxError,
    client::Door,
    contender::{Contender, Limit, Peer, Setup},
    pingpong::{PingPong, RoundTrips},
    report::{Case, Column, Of, Report, Sample, sample},
    rounds::{self, Plan},
    stage::{Common, Stage},
};

#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Options {
    #[command(flatten)]
    pub(crate) common: Common,
    /// Round trips of one measurement, over all tunnels, without the bulky one and again with it
    #[arg(long, default_value_t = 30_000)]
    pub(crate) trips: u64,
    /// The same where tunnels send at a pace
    #[arg(long, default_value_t = 30_000)]
    pub(crate) paced_trips: u64,
    /// Milliseconds from one message of a tunnel to its next, where tunnels send at a pace
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u64).range(1..=1_000))]
    pub(crate) every_ms: u64,
    /// Tunnels with small messages
    #[arg(long, default_value_t = 64)]
    pub(crate) tunnels: usize,
}

/// Small messages, and what they are beside.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Load {
    /// Without the bulky tunnel, and again with it.
    pub(crate) trips: u64,
    pub(crate) tunnels: usize,
    pub(crate) pace: Pace,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pace {
    /// A tunnel sends when the echo is there, and the bulk competes with them for its core.
    FlatOut,
    /// A tunnel sends so often, and the bulk's ends run when nothing else wants their core: what is
    /// added to a round trip is then the server's.
    Every(Duration),
}

/// Of the targets. The bulk has others than the small messages, so that it is only the server that
/// both have to share; and one in the background cannot leave it again.
const SMALL: usize = 0;
const BULK: usize = 1;
const BULK_IN_BACKGROUND: usize = 2;

pub(crate) async fn run(server: PathBuf, options: Options) -> Result<Report, BoxError> {
    let stage = Stage::new(server, &options.common, &Peer::STREAMS, 3).await?;
    let setup = Setup {
        one_worker: true,
        ..Setup::default()
    };
    let limits = [Limit::Copy, Limit::Splice];
    let mut contenders = stage.contenders(setup, &limits).await?;
    contenders.push(Contender::no_proxy());
    let tunnels = options.tunnels;
    let plan = |name: String, trips: u64, pace: Pace| Plan {
        case: Case::new(name),
        spec: Load {
            trips,
            tunnels,
            pace,
        },
        contenders: contenders.iter().collect(),
    };
    let every = Duration::from_millis(options.every_ms);
    let plans = vec![
        plan(
            format!("{tunnels} tunnels beside a bulky one"),
            options.trips,
            Pace::FlatOut,
        ),
        plan(
            format!(
                "{tunnels} tunnels that send every {} ms, beside a bulky one with its ends in the \
                 background",
                options.every_ms
            ),
            options.paced_trips,
            Pace::Every(every),
        ),
    ];
    let measure = async |contender: &Contender, load: &Load| {
        let bulk = match load.pace {
            Pace::FlatOut => BULK,
            Pace::Every(_) => {
                stage.put_in_background(BULK_IN_BACKGROUND)?;
                BULK_IN_BACKGROUND
            }
        };
        let door = |target: usize| contender.door(target, stage.addrs[target]);
        measure((door(SMALL), door(bulk)), *load).await
    };
    let cases = rounds::run("beside", options.common.rounds, plans, measure).await;
    stage.stop(contenders).await;
    Ok(Report {
        mode: "beside".into(),
        pinned: options.common.pin,
        about: format!(
            "{} round trips of 64 octets ({} at a pace) without, and again with one tunnel that \
             moves as much as it can; servers with one thread where they can be told",
            options.trips, options.paced_trips
        ),
        columns: vec![
            Column::new("alone_p99_us", "p99 µs alone", Of::Median, 0),
            Column::new("beside_p99_us", "p99 µs beside it", Of::Less, 0),
            Column::new("p99_ratio", "times as long", Of::Less, 2),
            Column::new("beside_p50_us", "p50 µs beside it", Of::Median, 0),
            Column::new("bulk_gib_s", "bulk GiB/s", Of::More, 2),
        ],
        cases,
    })
}

pub(crate) async fn measure((small, bulky): (Door, Door), load: Load) -> Result<Sample, BoxError> {
    let each = load.trips.div_ceil(load.tunnels as u64);
    let warm_up = each.div_ceil(20);
    let mut tunnels = PingPong::open(&small, load.tunnels).await?;
    load.pace.run(&mut tunnels, warm_up).await?;
    let alone = load.pace.run(&mut tunnels, each).await?;
    let bulk = Bulk::start(bulky, load.pace != Pace::FlatOut)?;
    load.pace.run(&mut tunnels, warm_up).await?;
    let beside = load.pace.run(&mut tunnels, each).await?;
    let bulk_gib_s = bulk.stop().await?;
    Ok(sample([
        ("alone_p99_us", alone.us(0.99)),
        ("beside_p50_us", beside.us(0.5)),
        ("beside_p99_us", beside.us(0.99)),
        ("p99_ratio", beside.us(0.99) / alone.us(0.99)),
        ("bulk_gib_s", bulk_gib_s),
    ]))
}

impl Pace {
    async fn run(self, tunnels: &mut PingPong, each: u64) -> Result<RoundTrips, BoxError> {
        match self {
            Self::FlatOut => tunnels.run(each).await,
            Self::Every(every) => tunnels.run_every(every, each).await,
        }
    }
}
