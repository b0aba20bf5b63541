//! What relayed datagrams cost, beside other servers and a forwarder that knows nothing of SOCKS.

mod client;
mod contender;
mod load;
mod pieces;
mod plain;
mod report;

use std::{net::SocketAddr, path::Path};

use self::{
    client::Client,
    contender::Contender,
    report::{Case, Sample},
};
pub(crate) use self::{
    contender::Peer,
    plain::{echo, forward},
    report::Figures,
};
use crate::{
    BoxError,
    cpu::{Cores, CpuTime},
    process::Process,
};

const OCTETS: [usize; 2] = [64, 1200];
const ASSOCIATIONS: [usize; 2] = [1, 16];

#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Options {
    /// How often everything is measured; the medians are printed
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Datagrams of one measurement
    #[arg(long, default_value_t = 50_000)]
    datagrams: u64,
    /// Datagrams that each association has on their way
    #[arg(long, default_value_t = 32, value_parser = clap::value_parser!(u16).range(1..=64))]
    window: u16,
    /// Whom to measure too
    #[arg(long, value_enum, value_delimiter = ',', default_values = ["dante", "fast-socks5"])]
    peers: Vec<Peer>,
    /// Measure socks-server a second time, without segmentation offload
    #[arg(long)]
    without_offload: bool,
    /// Clients and target hand datagrams over in pieces and take them so, as QUIC stacks do
    #[arg(long)]
    pieces: bool,
    /// Servers on the first core, the load on the others
    #[arg(long)]
    pin: bool,
}

pub(crate) async fn run(server: &Path, options: Options) -> Result<Figures, BoxError> {
    let cores = options.pin.then(Cores::apart).transpose()?;
    if let Some(cores) = &cores {
        cores.for_load()?;
    }
    let most = ASSOCIATIONS.into_iter().max().unwrap_or(1);
    let program = std::env::current_exe()?;
    let count = most.to_string();
    let mut args = vec!["udp-echo", &count];
    args.extend(options.pieces.then_some("--pieces"));
    let target = Process::announced(&program, &args, most).await?;

    if let Some(cores) = &cores {
        cores.for_servers()?;
    }
    let mut contenders = vec![Contender::ours(server).await?];
    if options.without_offload {
        contenders.push(Contender::without_offload(server).await?);
    }
    for peer in &options.peers {
        contenders.extend(Contender::peer(*peer).await?);
    }
    contenders.push(Contender::forwarder(&target.addrs).await?);
    if let Some(cores) = &cores {
        cores.for_load()?;
    }

    let mut cases: Vec<Case> = OCTETS
        .into_iter()
        .flat_map(|octets| ASSOCIATIONS.map(|associations| (octets, associations)))
        .map(|(octets, associations)| Case::new(octets, associations))
        .collect();
    let mut measured = Ok(());
    'rounds: for round in 0..options.rounds {
        eprintln!("round {} of {}", round + 1, options.rounds);
        for case in &mut cases {
            let targets = target.addrs.get(..case.associations).unwrap_or_default();
            // Nobody is always first.
            for index in 0..contenders.len() {
                let Some(contender) = contenders.get((index + round) % contenders.len()) else {
                    continue;
                };
                match measure(contender, targets, case.octets, &options) {
                    Ok(sample) => case.add(contender.name, sample),
                    Err(error) => {
                        measured = Err(format!("{}: {error}", contender.name));
                        break 'rounds;
                    }
                }
            }
        }
    }
    for contender in contenders {
        contender.process.stop().await;
    }
    target.stop().await;
    measured?;
    Ok(Figures::new(options.pin, options.window, cases))
}

fn measure(
    contender: &Contender,
    targets: &[SocketAddr],
    octets: usize,
    options: &Options,
) -> Result<Sample, BoxError> {
    let mut clients = contender.clients(targets, octets)?;
    if options.pieces {
        clients.iter_mut().try_for_each(Client::use_pieces)?;
    }
    let window = usize::from(options.window);
    load::run(&mut clients, window, options.datagrams / 20)?;
    let before = CpuTime::of(&contender.process)?;
    let outcome = load::run(&mut clients, window, options.datagrams)?;
    let cpu = CpuTime::of(&contender.process)?.since(before);
    Ok(Sample::new(outcome, cpu))
}
