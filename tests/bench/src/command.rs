use std::{fs, io, net::SocketAddr, path::PathBuf};

use clap::{Parser, Subcommand};
use tokio::runtime::{Builder, Runtime};

use crate::{
    BoxError, all, beside, connect, forward, idle, latency, limits, logins, plot,
    report::{Figures, Report},
    stage::Common,
    target, throughput, udp,
};

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
    /// Everything, in short; writes JSON beside this program unless told where
    All(Common),
    /// What moving a GiB through tunnels costs, each way
    Throughput(throughput::Options),
    /// What a short connection costs
    Connect(connect::Options),
    /// How long a small message takes, and what it costs
    Latency(latency::Options),
    /// What becomes of small messages beside a bulky tunnel
    Beside(beside::Options),
    /// What becomes of small messages beside many logins whose passwords are hashed slowly
    Logins(logins::Options),
    /// Memory and descriptors of tunnels that are open and silent
    Idle(idle::Options),
    /// What relayed datagrams cost
    Udp(udp::Options),
    /// Whether sessions under one cap share it equally
    Limits(limits::Options),
    /// Draws what `--json=FILE` wrote: a file of SVG for each mode
    Plot { json: PathBuf, folder: PathBuf },
    /// What stands behind the servers, in a process of its own
    #[command(hide = true)]
    Target,
    /// Echo services for datagrams on loopback ports, in a process of their own
    #[command(hide = true)]
    UdpEcho {
        count: usize,
        #[arg(long)]
        pieces: bool,
    },
    /// A server with one cap
    #[command(hide = true)]
    LimitServer(limits::ServerOptions),
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
        Mode::Plot { json, folder } => plot::run(json, folder)?,
        Mode::UdpEcho { count, pieces } => udp::echo(*count, *pieces)?,
        Mode::UdpForward { targets } => udp::forward(targets)?,
        Mode::Forward(options) => forward::run(options)?,
        Mode::LimitServer(options) => one_thread()?.block_on(limits::serve(options))?,
        Mode::Target => one_thread()?.block_on(target::run())?,
        _ => one_thread()?.block_on(measure(args))?,
    }
    Ok(())
}

/// For the load, and for the target: where both share a core, as with `--pin` on two, more would
/// only take turns.
fn one_thread() -> io::Result<Runtime> {
    Builder::new_current_thread().enable_all().build()
}

async fn measure(args: Args) -> Result<(), BoxError> {
    let program = std::env::current_exe()?;
    let server = args
        .server
        .unwrap_or(program.with_file_name("socks-server"));
    let mut json = args.json;
    let reports = async {
        let report: Report = match args.mode {
            Mode::All(common) => {
                json.get_or_insert(program.with_file_name("bench.json"));
                return Ok(all::run(server, common).await);
            }
            Mode::Throughput(options) => throughput::run(server, options).await?,
            Mode::Connect(options) => connect::run(server, options).await?,
            Mode::Latency(options) => latency::run(server, options).await?,
            Mode::Beside(options) => beside::run(server, options).await?,
            Mode::Logins(options) => logins::run(server, options).await?,
            Mode::Udp(options) => udp::run(server, options).await?,
            Mode::Idle(options) => idle::run(server, options).await?,
            Mode::Limits(options) => limits::run(options).await?,
            // Those that measure nothing.
            _ => return Ok(Vec::new()),
        };
        Ok::<_, BoxError>(vec![report])
    };
    let figures = Figures::of(reports).await?;
    let text = serde_json::to_string_pretty(&figures)?;
    match json {
        Some(file) if file.as_os_str() == "-" => println!("{text}"),
        Some(file) => {
            print!("{figures}");
            fs::write(&file, text)?;
            eprintln!("{}", file.display());
        }
        None => print!("{figures}"),
    }
    Ok(())
}
