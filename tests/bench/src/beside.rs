//! What becomes of small messages while another tunnel moves as much as it can. Servers that can be
//! told have one thread, so that all tunnels share it.

use std::{io, path::PathBuf, thread};

use tokio::{io::AsyncWriteExt, net::TcpStream, runtime::Builder, sync::oneshot, time::Instant};

use crate::{
    BoxError,
    client::Door,
    contender::{Contender, Limit, Peer, Setup},
    pattern::Stretch,
    pingpong::PingPong,
    report::{Case, Column, Of, Report, Sample, sample},
    rounds::{self, Plan},
    stage::{Common, Stage},
    target::{DOWN, receive, receive_until, wish},
};

#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Options {
    #[command(flatten)]
    pub(crate) common: Common,
    /// Round trips of one measurement, over all tunnels, without the bulky one and again with it
    #[arg(long, default_value_t = 30_000)]
    pub(crate) trips: u64,
    /// Tunnels with small messages
    #[arg(long, default_value_t = 64)]
    pub(crate) tunnels: usize,
}

pub(crate) async fn run(server: PathBuf, options: Options) -> Result<Report, BoxError> {
    // The bulk has a target of its own, so that it is only the server that both have to share.
    let stage = Stage::new(server, &options.common, &Peer::STREAMS, 2).await?;
    let setup = Setup {
        one_worker: true,
        ..Setup::default()
    };
    let limits = [Limit::Copy, Limit::Splice];
    let contenders = stage.contenders(setup, &limits).await?;
    let plan = Plan {
        case: Case::new(format!("{} tunnels beside a bulky one", options.tunnels)),
        spec: (),
        contenders: contenders.iter().collect(),
    };
    let (small, bulky) = (stage.addrs[0], stage.addrs[1]);
    let measure = async |contender: &Contender, (): &()| {
        let doors = (contender.door(0, small), contender.door(1, bulky));
        measure(doors, options.trips, options.tunnels).await
    };
    let cases = rounds::run("beside", options.common.rounds, vec![plan], measure).await;
    stage.stop(contenders).await;
    Ok(Report {
        mode: "beside".into(),
        pinned: options.common.pin,
        about: format!(
            "{} round trips of 64 octets without, and again with one tunnel that moves as much as \
             it can; servers with one thread where they can be told",
            options.trips
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

pub(crate) async fn measure(
    (small, bulky): (Door, Door),
    trips: u64,
    tunnels: usize,
) -> Result<Sample, BoxError> {
    let each = trips.div_ceil(tunnels as u64);
    let mut load = PingPong::open(&small, tunnels).await?;
    load.run(each.div_ceil(20)).await?;
    let alone = load.run(each).await?;
    let bulk = Bulk::start(bulky)?;
    load.run(each.div_ceil(20)).await?;
    let beside = load.run(each).await?;
    let bulk_gib_s = bulk.stop().await?;
    Ok(sample([
        ("alone_p99_us", alone.us(0.99)),
        ("beside_p50_us", beside.us(0.5)),
        ("beside_p99_us", beside.us(0.99)),
        ("p99_ratio", beside.us(0.99) / alone.us(0.99)),
        ("bulk_gib_s", bulk_gib_s),
    ]))
}

/// A tunnel that moves as much as it can, with a client in a thread of its own: the load beside it
/// is slow only where the server is.
struct Bulk {
    stop: oneshot::Sender<()>,
    thread: thread::JoinHandle<Result<f64, BoxError>>,
}

impl Bulk {
    fn start(door: Door) -> io::Result<Self> {
        let (stop, stopped) = oneshot::channel();
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let thread = thread::spawn(move || runtime.block_on(pull(door, stopped)));
        Ok(Self { stop, thread })
    }

    /// Answers GiB a second.
    async fn stop(self) -> Result<f64, BoxError> {
        let _ = self.stop.send(());
        let joined = tokio::task::spawn_blocking(|| self.thread.join()).await?;
        joined.map_err(|_| "the bulk's thread ended")?
    }
}

/// Octets that a bulky tunnel moves at least.
const LEAST: u64 = 64 * 1024;

async fn pull(door: Door, stopped: oneshot::Receiver<()>) -> Result<f64, BoxError> {
    let mut stream: TcpStream = door.open().await?;
    let endless = u64::MAX / 2;
    stream.write_all(&wish(DOWN, 0, endless)).await?;
    let started = Instant::now();
    let mut stretch = Stretch::new(0, endless);
    tokio::select! {
        received = receive(&mut stream, &mut stretch) => received??,
        _ = stopped => {}
    }
    // One that had not begun was not beside anything.
    receive_until(&mut stream, &mut stretch, endless - LEAST).await??;
    let octets = endless - stretch.left();
    Ok(octets as f64 / (1_u64 << 30) as f64 / started.elapsed().as_secs_f64())
}
