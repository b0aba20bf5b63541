//! What moving a GiB through tunnels costs.

use std::{fmt, path::PathBuf, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinSet,
    time::{Instant, timeout},
};

use crate::{
    BoxError,
    client::Door,
    contender::{Contender, Limit, Peer, Setup},
    pattern::Stretch,
    report::{Case, Column, Of, Report, Sample, count, sample},
    rounds::{self, Plan, cpu_of},
    stage::{Common, Stage},
    target::{DOWN, RIGHT, UP, receive, send, wish},
};

/// For the target's verdict, when all has been sent.
const PATIENCE: Duration = Duration::from_secs(2);

const GIB: f64 = (1_u64 << 30) as f64;

#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Options {
    #[command(flatten)]
    pub(crate) common: Common,
    /// MiB of one measurement, over all its streams
    #[arg(long, default_value_t = 1024)]
    pub(crate) mib: u64,
    /// Streams at once
    #[arg(long, value_delimiter = ',', default_values_t = [1, 16, 128])]
    pub(crate) streams: Vec<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    /// From the target to the client.
    Down,
    Up,
}

impl fmt::Display for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Down => "down",
            Self::Up => "up",
        })
    }
}

pub(crate) async fn run(server: PathBuf, options: Options) -> Result<Report, BoxError> {
    let stage = Stage::new(server, &options.common, &Peer::STREAMS, 1).await?;
    let contenders = stage.contenders(Setup::default(), &Limit::STREAMS).await?;
    let mut plans = Vec::new();
    for direction in [Direction::Down, Direction::Up] {
        for streams in options.streams.iter().copied() {
            plans.push(Plan {
                case: Case::new(format!("{direction}, {}", count(streams, "stream"))),
                spec: (direction, streams),
                contenders: contenders.iter().collect(),
            });
        }
    }
    let target = stage.addrs[0];
    let measure = async |contender: &Contender, (direction, streams): &(Direction, usize)| {
        let door = contender.door(0, target);
        let each = contender.share_of(options.mib << 20) / *streams as u64;
        let tunnels = open(&door, *streams).await?;
        let (elapsed, cpu) = cpu_of(contender, transfer(tunnels, *direction, each)).await?;
        let gib = (each * *streams as u64) as f64 / GIB;
        let seconds = elapsed.as_secs_f64();
        Ok::<Sample, BoxError>(sample([
            ("cpu_s_gib", cpu.total / gib),
            ("gib_s", gib / seconds),
            ("cores", cpu.total / seconds),
        ]))
    };
    let cases = rounds::run("throughput", options.common.rounds, plans, measure).await;
    stage.stop(contenders).await;
    Ok(Report {
        mode: "throughput".into(),
        pinned: options.common.pin,
        about: format!("{} MiB a measurement, every octet compared", options.mib),
        columns: vec![
            Column::new("cpu_s_gib", "CPU s a GiB", Of::Less, 3),
            Column::new("gib_s", "GiB/s", Of::More, 2),
            Column::new("cores", "cores busy", Of::Median, 2),
        ],
        cases,
    })
}

pub(crate) async fn open(door: &Door, streams: usize) -> Result<Vec<TcpStream>, BoxError> {
    let mut tunnels = Vec::with_capacity(streams);
    for _ in 0..streams {
        tunnels.push(door.open().await?);
    }
    Ok(tunnels)
}

/// Moves `each` octets through every tunnel, all at once, until all have been compared.
pub(crate) async fn transfer(
    tunnels: Vec<TcpStream>,
    direction: Direction,
    each: u64,
) -> Result<Duration, BoxError> {
    let started = Instant::now();
    let mut transfers = JoinSet::new();
    for (seed, mut stream) in tunnels.into_iter().enumerate() {
        transfers.spawn(async move {
            match direction {
                Direction::Down => down(&mut stream, seed as u64, each).await,
                Direction::Up => up(&mut stream, seed as u64, each).await,
            }
        });
    }
    while let Some(done) = transfers.join_next().await {
        done??;
    }
    Ok(started.elapsed())
}

async fn down(stream: &mut TcpStream, seed: u64, octets: u64) -> Result<(), BoxError> {
    stream.write_all(&wish(DOWN, seed, octets)).await?;
    let mut stretch = Stretch::new(seed, octets);
    receive(stream, &mut stretch).await??;
    let mut more = Vec::new();
    stream.read_to_end(&mut more).await?;
    Ok(stretch.check(&more)?)
}

async fn up(stream: &mut TcpStream, seed: u64, octets: u64) -> Result<(), BoxError> {
    stream.write_all(&wish(UP, seed, octets)).await?;
    send(stream, Stretch::new(seed, octets)).await?;
    let mut verdict = Vec::new();
    // The end comes after the verdict, since not every server passes on the end of one direction
    // alone; without a verdict it comes too, and then the target says what is missing.
    if let Ok(octet) = timeout(PATIENCE, stream.read_u8()).await {
        verdict.push(octet?);
    }
    stream.shutdown().await?;
    stream.read_to_end(&mut verdict).await?;
    match verdict[..] {
        [RIGHT] => Ok(()),
        _ => Err(format!("the target did not get what was sent: {verdict:02x?}").into()),
    }
}
