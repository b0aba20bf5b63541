//! What relayed datagrams cost, beside other servers and a forwarder that knows nothing of SOCKS.

mod associate;
mod client;
mod load;
mod pieces;
mod plain;

use std::{net::SocketAddr, path::PathBuf};

#[cfg(test)]
pub(crate) use self::load::Outcome;
pub(crate) use self::{
    client::Client,
    load::run as load,
    plain::{echo, forward},
};
use crate::{
    BoxError,
    contender::{Contender, Limit, Peer, Setup},
    report::{Case, Column, Of, Report, Sample, count, sample},
    rounds::{self, Plan, cpu_of},
    stage::{Candidate, Common, Stage},
};

const OCTETS: [usize; 2] = [64, 1200];

#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Options {
    #[command(flatten)]
    pub(crate) common: Common,
    /// Datagrams of one measurement
    #[arg(long, default_value_t = 50_000)]
    pub(crate) datagrams: u64,
    /// Datagrams that each association has on their way
    #[arg(long, default_value_t = 32, value_parser = clap::value_parser!(u16).range(1..=64))]
    pub(crate) window: u16,
    /// Associations at once
    #[arg(long, value_delimiter = ',', default_values_t = [1, 16])]
    pub(crate) associations: Vec<usize>,
    /// Measure socks-server a second time, without segmentation offload
    #[arg(long)]
    pub(crate) without_offload: bool,
    /// Clients and target hand datagrams over in pieces and take them so, as QUIC stacks do
    #[arg(long)]
    pub(crate) pieces: bool,
}

pub(crate) async fn run(server: PathBuf, options: Options) -> Result<Report, BoxError> {
    let most = options.associations.iter().copied().max().unwrap_or(1);
    let pieces = options.pieces;
    let stage =
        Stage::with_datagrams(server, &options.common, &Peer::DATAGRAMS, most, pieces).await?;
    let setup = Setup::default();
    let mut contenders = stage.contenders(setup, &[Limit::Datagrams]).await?;
    if options.without_offload {
        contenders.extend(stage.contender(Candidate::WithoutOffload, setup).await?);
    }
    let mut plans = Vec::new();
    for octets in OCTETS {
        for associations in options.associations.iter().copied() {
            plans.push(Plan {
                case: Case::new(format!(
                    "{octets} octets, {}",
                    count(associations, "association")
                )),
                spec: (octets, associations),
                contenders: contenders.iter().collect(),
            });
        }
    }
    let measure = async |contender: &Contender, (octets, associations): &(usize, usize)| {
        let targets = stage.addrs.get(..*associations).unwrap_or_default();
        measure(contender, targets, *octets, &options).await
    };
    let cases = rounds::run("udp", options.common.rounds, plans, measure).await;
    stage.stop(contenders).await;
    Ok(Report {
        mode: "udp".into(),
        pinned: options.common.pin,
        about: format!(
            "{} datagrams there and back a measurement, {} on their way in each association{}",
            options.datagrams,
            options.window,
            if pieces { ", in pieces" } else { "" }
        ),
        columns: vec![
            Column::new("cpu_us", "CPU µs a datagram", Of::Less, 2),
            Column::new("system_us", "of it in the kernel", Of::Median, 1),
            Column::new("per_second", "datagrams/s", Of::More, 0),
            Column::new("cores", "cores busy", Of::Median, 2),
            Column::new("lost", "lost", Of::Sum, 0),
            Column::new("late", "late", Of::Sum, 0),
            Column::new("wrong", "wrong", Of::Sum, 0),
        ],
        cases,
    })
}

async fn measure(
    contender: &Contender,
    targets: &[SocketAddr],
    octets: usize,
    options: &Options,
) -> Result<Sample, BoxError> {
    let mut clients = Vec::with_capacity(targets.len());
    for (index, target) in targets.iter().enumerate() {
        clients.push(Client::new(
            &contender.door(index, *target),
            *target,
            octets,
        )?);
    }
    if options.pieces {
        clients.iter_mut().try_for_each(Client::use_pieces)?;
    }
    let window = usize::from(options.window);
    load(&mut clients, window, options.datagrams / 20)?;
    let relayed = async { load(&mut clients, window, options.datagrams) };
    let (outcome, cpu) = cpu_of(contender, relayed).await?;
    let (echoed, seconds) = (outcome.echoed as f64, outcome.elapsed.as_secs_f64());
    Ok(sample([
        ("cpu_us", cpu.total * 1e6 / echoed),
        ("system_us", cpu.system * 1e6 / echoed),
        ("per_second", echoed / seconds),
        ("cores", cpu.total / seconds),
        ("lost", (outcome.sent - outcome.echoed) as f64),
        ("late", outcome.late as f64),
        ("wrong", outcome.wrong as f64),
    ]))
}
