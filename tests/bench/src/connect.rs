//! What a short connection costs: open, handshake, one octet there and back, closed.

use std::{cell::Cell, io, path::PathBuf, rc::Rc, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    task::LocalSet,
    time::{Instant, timeout},
};

use crate::{
    BoxError,
    client::{Door, PATIENCE},
    contender::{Contender, Limit, Peer, Setup},
    report::{Case, Column, Of, Report, Sample, sample},
    rounds::{self, Plan, cpu_of},
    stage::{Common, Stage},
    target::ECHO,
};

#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Options {
    #[command(flatten)]
    pub(crate) common: Common,
    /// Connections of one measurement
    #[arg(long, default_value_t = 5_000)]
    pub(crate) connections: u64,
    /// Connections at once
    #[arg(long, value_delimiter = ',', default_values_t = [16, 64])]
    pub(crate) workers: Vec<usize>,
    /// Only without a login, and message by message
    #[arg(long)]
    pub(crate) plain_only: bool,
}

#[derive(Clone, Copy, Debug)]
struct Spec {
    workers: usize,
    optimistic: bool,
}

pub(crate) async fn run(server: PathBuf, options: Options) -> Result<Report, BoxError> {
    let stage = Stage::new(server, &options.common, &Peer::STREAMS, 1).await?;
    let setup = Setup::default();
    let limits = [Limit::Copy, Limit::Splice];
    let open = stage.contenders(setup, &limits).await?;
    let login = match options.plain_only {
        true => Vec::new(),
        false => {
            let setup = Setup {
                login: true,
                ..setup
            };
            stage.contenders(setup, &[]).await?
        }
    };
    let mut plans = Vec::new();
    let groups = [
        ("no login", &open, false),
        ("login", &login, false),
        ("no login, optimistic", &open, true),
        ("login, optimistic", &login, true),
    ];
    let groups = &groups[..if options.plain_only { 1 } else { 4 }];
    for (name, contenders, optimistic) in groups {
        for workers in options.workers.iter().copied() {
            plans.push(Plan {
                case: Case::new(format!("{name}, {workers} at once")),
                spec: Spec {
                    workers,
                    optimistic: *optimistic,
                },
                contenders: contenders.iter().collect(),
            });
        }
    }
    let target = stage.addrs[0];
    let measure = async |contender: &Contender, spec: &Spec| {
        let door = contender.door(0, target);
        // Who cannot do it at all is found out by one.
        timeout(PATIENCE, one(&door, spec.optimistic)).await??;
        let connections = contender.share_of(options.connections);
        let load = load(door, spec.workers, connections, spec.optimistic);
        let (outcome, cpu) = cpu_of(contender, async { Ok(load.await) }).await?;
        let (done, seconds) = (outcome.done as f64, outcome.elapsed.as_secs_f64());
        Ok::<Sample, BoxError>(sample([
            ("cpu_us", cpu.total * 1e6 / done),
            ("per_second", done / seconds),
            ("cores", cpu.total / seconds),
            ("failed", outcome.failed as f64),
        ]))
    };
    let cases = rounds::run("connect", options.common.rounds, plans, measure).await;
    stage.stop(open.into_iter().chain(login)).await;
    Ok(Report {
        mode: "connect".into(),
        pinned: options.common.pin,
        about: format!("{} connections a measurement", options.connections),
        columns: vec![
            Column::new("cpu_us", "CPU µs a connection", Of::Less, 1),
            Column::new("per_second", "connections/s", Of::More, 0),
            Column::new("cores", "cores busy", Of::Median, 2),
            Column::new("failed", "failed", Of::Sum, 0),
        ],
        cases,
    })
}

#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) done: u64,
    pub(crate) failed: u64,
    pub(crate) elapsed: Duration,
}

/// Opens and closes `connections`, `workers` at a time.
pub(crate) async fn load(
    door: Door,
    workers: usize,
    connections: u64,
    optimistic: bool,
) -> Outcome {
    let left = Rc::new(Cell::new(connections));
    let failed = Rc::new(Cell::new(0));
    let started = Instant::now();
    let local = LocalSet::new();
    for _ in 0..workers {
        let (left, failed) = (left.clone(), failed.clone());
        local.spawn_local(async move {
            while let Some(less) = left.get().checked_sub(1) {
                left.set(less);
                if !matches!(timeout(PATIENCE, one(&door, optimistic)).await, Ok(Ok(()))) {
                    failed.set(failed.get() + 1);
                }
            }
        });
    }
    local.await;
    Outcome {
        done: connections - failed.get(),
        failed: failed.get(),
        elapsed: started.elapsed(),
    }
}

/// One connection, reset at its end so that no port waits.
async fn one(door: &Door, optimistic: bool) -> io::Result<()> {
    let mut echo = [0];
    let stream = match optimistic {
        true => door.open_optimistically(&[ECHO], &mut echo).await?,
        false => {
            let mut stream = door.open().await?;
            stream.write_all(&[ECHO]).await?;
            stream.read_exact(&mut echo).await?;
            stream
        }
    };
    stream.set_zero_linger()?;
    match echo {
        [ECHO] => Ok(()),
        _ => Err(io::ErrorKind::InvalidData.into()),
    }
}
