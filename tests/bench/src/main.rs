//! Measures `socks-server` on this machine. It prints figures and judges nothing: absolute numbers
//! of a shared machine mean little, ratios within one run a lot.
//!
//! ```text
//! cargo build --release --bin socks-server
//! cargo run --release -p bench -- idle --tunnels 10000
//! ```
//!
//! Datagrams are measured beside other servers, which a script gets and builds:
//!
//! ```text
//! tests/bench/install-peers
//! cargo run --release -p bench -- udp
//! ```

#[cfg(target_os = "linux")]
mod cpu;
#[cfg(target_os = "linux")]
mod idle;
#[cfg(target_os = "linux")]
mod memory;
#[cfg(target_os = "linux")]
mod process;
#[cfg(target_os = "linux")]
mod udp;

use std::{net::SocketAddr, path::PathBuf};

use clap::{Parser, Subcommand};

type BoxError = Box<dyn std::error::Error + Send + Sync>;

#[derive(Debug, Parser)]
#[command(about = "Measures socks-server: figures, never a verdict")]
struct Args {
    /// The server to measure [default: socks-server beside this program]
    #[arg(long, global = true)]
    server: Option<PathBuf>,
    /// Print JSON
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    mode: Mode,
}

#[derive(Debug, Subcommand)]
enum Mode {
    /// Memory and descriptors of tunnels that are open and silent
    Idle {
        /// Tunnels open at once
        #[arg(long, default_value_t = 10_000)]
        tunnels: usize,
        /// Octets that each tunnel echoes once before it is measured a second time
        #[arg(long, default_value_t = 64 * 1024)]
        burst: usize,
    },
    /// What relayed datagrams cost, beside other servers and a bare forwarder
    #[cfg(target_os = "linux")]
    Udp(udp::Options),
    /// Echo services for datagrams on loopback ports, in a process of their own
    #[command(hide = true)]
    UdpEcho {
        count: usize,
        #[arg(long)]
        pieces: bool,
    },
    /// Forwards datagrams to each target, without SOCKS
    #[command(hide = true)]
    UdpForward { targets: Vec<SocketAddr> },
    /// An echo service on a loopback port, in a process of its own
    #[command(hide = true)]
    Echo,
}

#[cfg(target_os = "linux")]
#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let args = Args::parse();
    let server = match args.server {
        Some(path) => path,
        None => std::env::current_exe()?.with_file_name("socks-server"),
    };
    match args.mode {
        Mode::Echo => {
            let target = support::Target::echo().await;
            eprintln!("listening on {}", target.addr);
            std::future::pending::<()>().await;
        }
        Mode::Idle { tunnels, burst } => {
            print(idle::run(&server, tunnels, burst).await?, args.json)?;
        }
        Mode::Udp(options) => print(udp::run(&server, options).await?, args.json)?,
        Mode::UdpEcho { count, pieces } => udp::echo(count, pieces)?,
        Mode::UdpForward { targets } => udp::forward(&targets)?,
    }
    Ok(())
}

#[cfg(target_os = "linux")]
fn print(figures: impl serde::Serialize + std::fmt::Display, json: bool) -> Result<(), BoxError> {
    match json {
        true => println!("{}", serde_json::to_string_pretty(&figures)?),
        false => print!("{figures}"),
    }
    Ok(())
}

#[cfg(not(target_os = "linux"))]
fn main() {
    eprintln!("the figures come from Linux's procfs");
}
