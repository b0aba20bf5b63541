use std::{
    fs,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::{Path, PathBuf},
};

use clap::ValueEnum;

use super::client::Client;
use crate::{BoxError, process::Process};

/// A server of others that is measured too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Peer {
    /// Debian's dante-server
    Dante,
    /// A small server of the crate
    FastSocks5,
}

/// The name of the server that this is about.
pub(super) const OURS: &str = "socks-server";

/// The same by single datagrams in batches, none of them in one piece.
pub(super) const WITHOUT_OFFLOAD: &str = "without offload";

/// The name of the limit.
pub(super) const FORWARDER: &str = "bare forwarder";

/// Something that relays datagrams.
pub(super) struct Contender {
    pub(super) name: &'static str,
    pub(super) process: Process,
    /// Whether a client associates before it sends.
    socks: bool,
}

impl Contender {
    pub(super) async fn ours(path: &Path) -> Result<Self, BoxError> {
        Ok(Self {
            name: OURS,
            process: Process::server(path).await?,
            socks: true,
        })
    }

    pub(super) async fn without_offload(path: &Path) -> Result<Self, BoxError> {
        let file = std::env::temp_dir().join(format!("bench-{}.toml", std::process::id()));
        fs::write(&file, "[udp]\nsegmentation_offload = false\n")?;
        let name = file
            .to_str()
            .ok_or("a temporary folder with a strange name")?;
        let process = Process::configured(path, name).await;
        let _ = fs::remove_file(&file);
        Ok(Self {
            name: WITHOUT_OFFLOAD,
            process: process?,
            socks: true,
        })
    }

    pub(super) async fn forwarder(targets: &[SocketAddr]) -> Result<Self, BoxError> {
        let targets: Vec<_> = targets.iter().map(SocketAddr::to_string).collect();
        let mut args = vec!["udp-forward"];
        args.extend(targets.iter().map(String::as_str));
        let program = std::env::current_exe()?;
        Ok(Self {
            name: FORWARDER,
            process: Process::announced(&program, &args, targets.len()).await?,
            socks: false,
        })
    }

    /// `None`, and a line on standard error, where the peer is not installed.
    pub(super) async fn peer(peer: Peer) -> Result<Option<Self>, BoxError> {
        let (name, places) = match peer {
            Peer::Dante => ("dante", dante_places()),
            Peer::FastSocks5 => ("fast-socks5", vec![fast_socks5_place()]),
        };
        let Some(path) = places.into_iter().find(|path| path.is_file()) else {
            eprintln!("{name} is not here, so it is left out: see tests/bench/install-peers");
            return Ok(None);
        };
        let process = match peer {
            Peer::Dante => dante(&path).await?,
            Peer::FastSocks5 => Process::announced(&path, &[], 1).await?,
        };
        Ok(Some(Self {
            name,
            process,
            socks: true,
        }))
    }

    /// A client for each of `targets`.
    pub(super) fn clients(
        &self,
        targets: &[SocketAddr],
        octets: usize,
    ) -> Result<Vec<Client>, BoxError> {
        let relays = self.process.addrs.iter();
        match self.socks {
            true => targets
                .iter()
                .map(|target| Client::associated(self.process.addr, *target, octets))
                .collect(),
            false => targets
                .iter()
                .zip(relays)
                .map(|(target, relay)| Client::forwarded(*relay, *target, octets))
                .collect(),
        }
    }
}

fn fast_socks5_place() -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR")).join("peers/fast-socks5-peer");
    package.join("target/release/fast-socks5-peer")
}

fn dante_places() -> Vec<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    // Often not in the path of those who are not root.
    let mut folders: Vec<_> = std::env::split_paths(&path).collect();
    folders.push("/usr/sbin".into());
    folders.iter().map(|place| place.join("danted")).collect()
}

/// Loopback only, no login, datagrams only, and nothing logged but its start.
async fn dante(path: &Path) -> Result<Process, BoxError> {
    // It cannot choose a port by itself.
    let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
    let users = match rustix::process::geteuid().is_root() {
        true => "user.privileged: root\nuser.unprivileged: nobody\n",
        false => "",
    };
    let config = format!(
        "logoutput: stderr
internal: 127.0.0.1 port = {}
external: lo
socksmethod: none
clientmethod: none
{users}client pass {{
    from: 127.0.0.0/8 to: 0.0.0.0/0
}}
socks pass {{
    from: 127.0.0.0/8 to: 0.0.0.0/0
    command: udpassociate udpreply
    protocol: udp
}}
",
        free.port()
    );
    let file = std::env::temp_dir().join(format!("bench-danted-{}.conf", std::process::id()));
    fs::write(&file, config)?;
    let name = file
        .to_str()
        .ok_or("a temporary folder with a strange name")?;
    let process = Process::at(path, &["-f", name], free).await;
    let _ = fs::remove_file(&file);
    process
}
