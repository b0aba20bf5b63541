//! What becomes of small messages in open tunnels while many clients log in, and each password is
//! hashed slowly.

use std::{cell::Cell, io, path::PathBuf, rc::Rc, thread, time::Duration};

use tokio::{
    runtime::Builder,
    sync::watch,
    task::{JoinSet, LocalSet},
    time::Instant,
};

use crate::{
    BoxError,
    client::Door,
    contender::{Contender, Setup},
    pingpong::PingPong,
    report::{Case, Column, Of, Report, Sample, sample},
    rounds::{self, Plan},
    stage::{Candidate, Common, Stage},
};

#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Options {
    #[command(flatten)]
    pub(crate) common: Common,
    /// Round trips of one measurement, over all tunnels, without the logins and again with them
    #[arg(long, default_value_t = 100_000)]
    pub(crate) trips: u64,
    /// Tunnels with small messages
    #[arg(long, default_value_t = 64)]
    pub(crate) tunnels: usize,
    /// Logins at once
    #[arg(long, default_value_t = 64)]
    pub(crate) logins: usize,
    /// The server has one thread for all tunnels, and not one a core
    #[arg(long)]
    pub(crate) one_worker: bool,
}

/// Each of so many logins waits for all others.
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) async fn run(server: PathBuf, options: Options) -> Result<Report, BoxError> {
    let stage = Stage::new(server, &options.common, &[], 1).await?;
    let setup = Setup {
        login: true,
        one_worker: options.one_worker,
    };
    let mut contenders = Vec::new();
    for candidate in [Candidate::SlowHash, Candidate::Ours] {
        contenders.extend(stage.contender(candidate, setup).await?);
    }
    let plan = Plan {
        case: Case::new(format!(
            "{} tunnels beside {} logins at once",
            options.tunnels, options.logins
        )),
        spec: (),
        contenders: contenders.iter().collect(),
    };
    let target = stage.addrs[0];
    let measure = async |contender: &Contender, (): &()| {
        let door = contender.door(0, target);
        measure(door, options.trips, options.tunnels, options.logins).await
    };
    let cases = rounds::run("logins", options.common.rounds, vec![plan], measure).await;
    stage.stop(contenders).await;
    Ok(Report {
        mode: "logins".into(),
        pinned: options.common.pin,
        about: format!(
            "{} round trips of 64 octets without, and again while {} clients log in over and over; \
             argon2id with 19 MiB and 2 passes, and the digest of a table of users",
            options.trips, options.logins
        ),
        columns: vec![
            Column::new("alone_p50_us", "p50 µs alone", Of::Median, 0),
            Column::new("beside_p50_us", "p50 µs beside", Of::Median, 0),
            Column::new("alone_p99_us", "p99 µs alone", Of::Median, 0),
            Column::new("beside_p99_us", "p99 µs beside", Of::Median, 0),
            Column::new("logins_s", "logins/s", Of::Median, 0),
        ],
        cases,
    })
}

pub(crate) async fn measure(
    door: Door,
    trips: u64,
    tunnels: usize,
    logins: usize,
) -> Result<Sample, BoxError> {
    let each = trips.div_ceil(tunnels as u64);
    let mut load = PingPong::open(&door, tunnels).await?;
    load.run(each.div_ceil(20)).await?;
    let alone = load.run(each).await?;
    let crowd = Crowd::start(door, logins)?;
    load.run(each.div_ceil(20)).await?;
    let beside = load.run(each).await?;
    let logins_s = crowd.stop().await?;
    Ok(sample([
        ("alone_p50_us", alone.us(0.5)),
        ("alone_p99_us", alone.us(0.99)),
        ("beside_p50_us", beside.us(0.5)),
        ("beside_p99_us", beside.us(0.99)),
        ("logins_s", logins_s),
    ]))
}

/// Clients that log in and leave, over and over, in a thread of their own.
struct Crowd {
    stop: watch::Sender<bool>,
    thread: thread::JoinHandle<Result<f64, BoxError>>,
}

impl Crowd {
    fn start(door: Door, clients: usize) -> io::Result<Self> {
        let (stop, stopped) = watch::channel(false);
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let thread = thread::spawn(move || {
            let local = LocalSet::new();
            runtime.block_on(local.run_until(log_in(door, clients, stopped)))
        });
        Ok(Self { stop, thread })
    }

    /// Answers logins a second.
    async fn stop(self) -> Result<f64, BoxError> {
        self.stop.send_replace(true);
        let joined = tokio::task::spawn_blocking(|| self.thread.join()).await?;
        joined.map_err(|_| "the logins' thread ended")?
    }
}

async fn log_in(
    door: Door,
    clients: usize,
    stopped: watch::Receiver<bool>,
) -> Result<f64, BoxError> {
    let started = Instant::now();
    let done = Rc::new(Cell::new(0_u64));
    let mut running = JoinSet::new();
    for _ in 0..clients {
        let (stopped, done) = (stopped.clone(), Rc::clone(&done));
        running.spawn_local(async move {
            // Each at least once: a crowd that has not come was not beside anything.
            loop {
                let stream = door.log_in(PATIENCE).await?;
                // Reset, so that no port waits.
                stream.set_zero_linger()?;
                done.set(done.get() + 1);
                if *stopped.borrow() {
                    return Ok::<_, io::Error>(());
                }
            }
        });
    }
    while let Some(client) = running.join_next().await {
        client??;
    }
    Ok(done.get() as f64 / started.elapsed().as_secs_f64())
}
