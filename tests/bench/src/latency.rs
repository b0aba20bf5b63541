//! How long a small message takes there and back, and what it costs the server.

use std::path::PathBuf;

use crate::{
    BoxError,
    contender::{Contender, Kind, Limit, Peer, Setup},
    pingpong::PingPong,
    report::{Case, Column, Of, Report, Sample, count, sample},
    rounds::{self, Plan, cpu_of},
    stage::{Common, Stage},
};

#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Options {
    #[command(flatten)]
    pub(crate) common: Common,
    /// Round trips of one measurement, over all its tunnels
    #[arg(long, default_value_t = 20_000)]
    pub(crate) trips: u64,
    /// Tunnels at once
    #[arg(long, value_delimiter = ',', default_values_t = [1, 64])]
    pub(crate) tunnels: Vec<usize>,
}

pub(crate) async fn run(server: PathBuf, options: Options) -> Result<Report, BoxError> {
    let stage = Stage::new(server, &options.common, &Peer::STREAMS, 1).await?;
    let limits = [Limit::Copy, Limit::Splice];
    let mut contenders = stage.contenders(Setup::default(), &limits).await?;
    contenders.push(Contender::no_proxy());
    let plan = |tunnels: usize| Plan {
        case: Case::new(count(tunnels, "tunnel")),
        spec: tunnels,
        contenders: contenders.iter().collect(),
    };
    let plans = options.tunnels.iter().copied().map(plan).collect();
    let target = stage.addrs[0];
    let measure = async |contender: &Contender, tunnels: &usize| {
        let each = options.trips.div_ceil(*tunnels as u64);
        let mut load = PingPong::open(&contender.door(0, target), *tunnels).await?;
        load.run(each.div_ceil(20)).await?;
        let (trips, cpu) = match contender.kind {
            Kind::NoProxy => (load.run(each).await?, None),
            _ => {
                let (trips, cpu) = cpu_of(contender, load.run(each)).await?;
                (trips, Some(cpu))
            }
        };
        let count = trips.sorted.len() as f64;
        let mut sample = sample([
            ("p50_us", trips.us(0.5)),
            ("p99_us", trips.us(0.99)),
            ("p999_us", trips.us(0.999)),
            ("per_second", count / trips.elapsed.as_secs_f64()),
        ]);
        sample.extend(cpu.map(|cpu| ("cpu_us".into(), cpu.total * 1e6 / count)));
        Ok::<Sample, BoxError>(sample)
    };
    let cases = rounds::run("latency", options.common.rounds, plans, measure).await;
    stage.stop(contenders).await;
    Ok(Report {
        mode: "latency".into(),
        pinned: options.common.pin,
        about: format!("{} round trips of 64 octets a measurement", options.trips),
        columns: vec![
            Column::new("cpu_us", "CPU µs a round trip", Of::Less, 2),
            Column::new("p50_us", "p50 µs", Of::Less, 1),
            Column::new("p99_us", "p99 µs", Of::Less, 1),
            Column::new("p999_us", "p999 µs", Of::Median, 1),
            Column::new("per_second", "round trips/s", Of::Median, 0),
        ],
        cases,
    })
}
