//! What open, silent tunnels cost the server, before and after each has moved something.

mod tunnels;

use std::{path::PathBuf, time::Duration};

pub(crate) use self::tunnels::{echo_all, open};
use crate::{
    BoxError,
    contender::{Contender, Peer, Setup},
    descriptors::raise_limit,
    memory::Footprint,
    report::{Case, Column, Of, Report, Sample, sample},
    stage::{Candidate, Common, Stage},
};

#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Options {
    #[command(flatten)]
    pub(crate) common: Common,
    /// Tunnels open at once
    #[arg(long, value_delimiter = ',', default_values_t = [10_000])]
    pub(crate) tunnels: Vec<usize>,
    /// Octets that each tunnel echoes once before it is measured a second time
    #[arg(long, default_value_t = 64 * 1024)]
    pub(crate) burst: u64,
}

/// Descriptors that a process has besides those of its tunnels.
const SPARE: usize = 200;

/// Those with a thread or a process for each client or few of them are not asked for more.
const MOST_THREADS: usize = 2_000;

/// Without `--peers`, only this project's server. Each measurement has servers of its own, since
/// memory has a history.
pub(crate) async fn run(server: PathBuf, options: Options) -> Result<Report, BoxError> {
    // A client here, its target in a process of its own, and two descriptors in the server: where
    // the limit of one process does not allow that, several servers share the tunnels.
    let most = options.tunnels.iter().copied().max().unwrap_or(0);
    let limit = raise_limit(2 * most + SPARE);
    let of_one = limit.saturating_sub(SPARE) / 2;
    if of_one == 0 || most + SPARE > limit {
        return Err(format!("{limit} descriptors a process are too few").into());
    }
    let stage = Stage::new(server, &options.common, &[], 1).await?;
    let mut cases = Vec::new();
    for tunnels in options.tunnels.iter().copied() {
        let echoed = options.burst / 1024;
        let mut case = Case::new(format!("{tunnels} tunnels, {echoed} KiB echoed by each"));
        for candidate in stage.candidates(&[]) {
            let threads = [Peer::Dante, Peer::Microsocks, Peer::Ssh].map(Candidate::Peer);
            if tunnels > MOST_THREADS && threads.contains(&candidate) {
                continue;
            }
            eprintln!("idle: {} with {tunnels} tunnels", candidate.name());
            for _ in 0..options.common.rounds {
                let servers = start(&stage, candidate, tunnels.div_ceil(of_one).max(1)).await?;
                let Some(first) = servers.first() else { break };
                let measured = measure(&stage, &servers, tunnels, options.burst).await;
                case.add(
                    first.name,
                    first.kind,
                    measured.map_err(|error| error.to_string()),
                );
                for server in servers {
                    server.stop().await;
                }
            }
        }
        cases.push(case);
    }
    stage.stop([]).await;
    Ok(Report {
        mode: "idle".into(),
        pinned: options.common.pin,
        about:
            "private memory and descriptors of tunnels without traffic, before and after an echo, \
                less what the server had after one that was opened and closed"
                .into(),
        columns: vec![
            Column::new("open_kib", "KiB a tunnel", Of::Less, 2),
            Column::new("after_burst_kib", "after the echo", Of::Less, 2),
            Column::new("descriptors", "descriptors a tunnel", Of::Less, 2),
            Column::new("closed_kib", "kept when closed", Of::Median, 2),
            Column::new("empty_kib", "KiB without tunnels", Of::Median, 0),
            Column::new("servers", "processes", Of::Median, 0),
        ],
        cases,
    })
}

async fn start(
    stage: &Stage,
    candidate: Candidate,
    count: usize,
) -> Result<Vec<Contender>, BoxError> {
    let mut servers = Vec::new();
    for _ in 0..count {
        servers.extend(stage.contender(candidate, Setup::default()).await?);
    }
    Ok(servers)
}

async fn measure(
    stage: &Stage,
    servers: &[Contender],
    tunnels: usize,
    burst: u64,
) -> Result<Sample, BoxError> {
    let target = *stage.addrs.first().ok_or("no target")?;
    let doors: Vec<_> = servers
        .iter()
        .map(|server| server.door(0, target))
        .collect();
    for door in &doors {
        drop(door.open().await?);
    }
    let empty = footprint(servers)?;
    let opened = open(&doors, tunnels).await?;
    let open = footprint(servers)?;
    let opened = echo_all(opened, burst).await?;
    let after_burst = footprint(servers)?;
    drop(opened);
    // The server notices when it reads; its descriptors say when it has.
    for _ in 0..1_000 {
        if footprint(servers)?.descriptors <= empty.descriptors {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let closed = footprint(servers)?;
    let kib = |footprint: Footprint| {
        (footprint.private_kib as f64 - empty.private_kib as f64) / tunnels as f64
    };
    let descriptors = open.descriptors.saturating_sub(empty.descriptors);
    Ok(sample([
        ("empty_kib", empty.private_kib as f64),
        ("open_kib", kib(open)),
        ("after_burst_kib", kib(after_burst)),
        ("closed_kib", kib(closed)),
        ("descriptors", descriptors as f64 / tunnels as f64),
        ("servers", servers.len() as f64),
    ]))
}

fn footprint(servers: &[Contender]) -> Result<Footprint, BoxError> {
    let mut sum = Footprint::default();
    for server in servers {
        sum = sum + Footprint::of(server.process()?)?;
    }
    Ok(sum)
}
