use std::{fs, net::SocketAddr, path::PathBuf};

use clap::{Parser, Subcommand};
use tokio::runtime::Builder;

use crate::{BoxError, beside, connect, forward, idle, latency, target, throughput, udp};

#[derive(Debug, Parser)]
#[command(about = "Measures socks-server: figures, never a verdict")]
struct Args {
    /// The server to measure [default: socks-server beside this program]
    #[arg(long, global = true)]
    server: Option<PathBuf>,
    /// Print JSON, or write it to a file and print tables
    #[arg(long, global = true, value_name = "FILE", require_equals = true,
        num_args = 0..=1, default_missing_value = "-")]
    json: Option<PathBuf>,
    #[command(subcommand)]
    mode: Mode,
}

#[derive(Debug, Subcommand)]
enum Mode {
    /// What moving a GiB through tunnels costs, each way
    Throughput(throughput::Options),
    /// What a short connection costs
    Connect(connect::Options),
    /// How long a small message takes, and what it costs
    Latency(latency::Options),
    /// What becomes of small messages beside a bulky tunnel
    Beside(beside::Options),
    /// Memory and descriptors of tunnels that are open and silent
    Idle(idle::Options),
    /// What relayed datagrams cost
    Udp(udp::Options),
    /// What stands behind the servers, in a process of its own
    #[command(hide = true)]
    Target,
    /// Echo services for datagrams on loopback ports, in a process of their own
    #[command(hide = true)]
    UdpEcho { count: usize },
    /// Forwards streams to each target, without SOCKS
    #[command(hide = true)]
    Forward(forward::Options),
    /// Forwards datagrams to each target, without SOCKS
    #[command(hide = true)]
    UdpForward { targets: Vec<SocketAddr> },
}

pub(crate) fn run() -> Result<(), BoxError> {
    let args = Args::parse();
    match &args.mode {
        Mode::UdpEcho { count } => udp::echo(*count)?,
        Mode::UdpForward { targets } => udp::forward(targets)?,
        Mode::Forward(options) => forward::run(options)?,
        // The load is one thread, and so is the target: where both share a core, as with `--pin`
        // on two, more would only take turns.
        _ => Builder::new_current_thread()
            .enable_all()
            .build()?
            .block_on(measure(args))?,
    }
    Ok(())
}

async fn measure(args: Args) -> Result<(), BoxError> {
    let server = match args.server {
        Some(path) => path,
        None => std::env::current_exe()?.with_file_name("socks-server"),
    };
    let json = args.json;
    match args.mode {
        Mode::Throughput(options) => print(throughput::run(server, options).await?, json),
        Mode::Connect(options) => print(connect::run(server, options).await?, json),
        Mode::Latency(options) => print(latency::run(server, options).await?, json),
        Mode::Beside(options) => print(beside::run(server, options).await?, json),
        Mode::Udp(options) => print(udp::run(server, options).await?, json),
        Mode::Idle(options) => print(idle::run(server, options).await?, json),
        Mode::Target => Ok(target::run().await?),
        Mode::UdpEcho { .. } | Mode::UdpForward { .. } | Mode::Forward(_) => Ok(()),
    }
}

fn print(
    figures: impl serde::Serialize + std::fmt::Display,
    json: Option<PathBuf>,
) -> Result<(), BoxError> {
    let text = serde_json::to_string_pretty(&figures)?;
    match json {
        Some(file) if file.as_os_str() == "-" => println!("{text}"),
        Some(file) => {
            fs::write(file, text)?;
            print!("{figures}");
        }
        None => print!("{figures}"),
    }
    Ok(())
}
