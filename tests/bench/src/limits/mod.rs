//! Whether sessions under one cap share it equally, TCP and UDP mixed, both ways.

mod load;
mod server;
mod session;

use std::time::Duration;

pub(crate) use self::server::{Options as ServerOptions, run as serve};
use self::{load::Load, session::Octets};
use crate::{
    BoxError,
    contender::{Kind, OURS},
    process::Process,
    report::{Case, Column, Of, Report, Sample, sample},
};

#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Options {
    /// How often it is measured
    #[arg(long, default_value_t = 3)]
    pub(crate) rounds: usize,
    /// The cap, each way, in KiB/s
    #[arg(long, default_value_t = 10 * 1024)]
    pub(crate) kib: u64,
    /// Seconds of one measurement, behind one that is not counted
    #[arg(long, default_value_t = 10)]
    pub(crate) seconds: u64,
    /// Sessions of each of two users, half of them associations
    #[arg(long, default_value_t = 8)]
    pub(crate) sessions: usize,
    /// A cap for each user in place of one for both
    #[arg(long)]
    pub(crate) per_user: bool,
}

pub(crate) async fn run(options: Options) -> Result<Report, BoxError> {
    let names = ["up", "down"];
    let title = |name: &str| format!("{name}, two users of {} sessions", options.sessions);
    let mut cases: Vec<_> = names.map(|name| Case::new(title(name))).into();
    for round in 0..options.rounds {
        eprintln!("limits: round {} of {}", round + 1, options.rounds);
        let measured = measure(&options).await.map_err(|error| error.to_string());
        for (case, way) in cases.iter_mut().zip([0, 1]) {
            let measured = measured.clone().map(|samples| samples[way].clone());
            case.add(OURS, Kind::Ours, measured);
        }
    }
    let each = if options.per_user {
        " for each user"
    } else {
        ""
    };
    Ok(Report {
        mode: "limits".into(),
        pinned: false,
        about: format!(
            "octets of payload in {} s under {} KiB/s each way{each}: of all sessions as a part of the \
             cap, and of one session as a part of its share",
            options.seconds, options.kib,
        ),
        columns: vec![
            Column::new("total", "total/cap", Of::Median, 3),
            Column::new("least", "least/share", Of::Median, 3),
            Column::new("most", "most/share", Of::Median, 3),
            Column::new("tcp", "TCP/share", Of::Median, 3),
            Column::new("udp", "UDP/share", Of::Median, 3),
        ],
        cases,
    })
}

/// What passed each way, in parts.
async fn measure(options: &Options) -> Result<[Sample; 2], BoxError> {
    let program = std::env::current_exe()?;
    let kib = options.kib.to_string();
    let mut args = vec!["limit-server", &kib];
    args.extend(options.per_user.then_some("--per-user"));
    let server = Process::announced(&program, &args, 1).await?;
    let users = if options.per_user { 2 } else { 1 };
    let cap = (options.kib * 1024 * options.seconds * users) as f64;
    let share = cap / (2 * options.sessions) as f64;
    // Twice as much as the sessions get: a sender of datagrams does not slow down by itself.
    let offer = 2 * options.kib * 1024 * users / (2 * options.sessions) as u64;
    let load = Load::start(server.addr, options.sessions, offer).await?;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let before = load.octets();
    tokio::time::sleep(Duration::from_secs(options.seconds)).await;
    let passed: Vec<Octets> = load
        .octets()
        .iter()
        .zip(&before)
        .map(|(a, b)| a.since(b))
        .collect();
    drop(load);
    server.stop().await;
    let way = |octets: fn(&Octets) -> u64| {
        let parts = |datagrams: Option<bool>| -> Vec<f64> {
            let of = passed
                .iter()
                .filter(|passed| datagrams.is_none_or(|datagrams| passed.datagrams == datagrams));
            of.map(|passed| octets(passed) as f64 / share).collect()
        };
        let mean = |parts: Vec<f64>| parts.iter().sum::<f64>() / parts.len().max(1) as f64;
        let all = parts(None);
        sample([
            ("total", all.iter().sum::<f64>() * share / cap),
            ("least", all.iter().copied().fold(f64::INFINITY, f64::min)),
            ("most", all.iter().copied().fold(0.0, f64::max)),
            ("tcp", mean(parts(Some(false)))),
            ("udp", mean(parts(Some(true)))),
        ])
    };
    Ok([way(|octets| octets.up), way(|octets| octets.down)])
}
