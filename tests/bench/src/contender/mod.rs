//! What is measured: this project's server, other servers, and limits that no relay passes.

mod dante;
mod peer;
mod slow_hash;
mod ssh;

use std::{fs, net::SocketAddr, path::Path};

use serde::{Deserialize, Serialize};

pub(crate) use self::peer::Peer;
use crate::{
    BoxError,
    client::{Door, LOGIN, Way},
    process::Process,
};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Kind {
    Ours,
    Peer,
    /// A forwarder, which is no server.
    Limit,
    /// Nothing between client and target: what the load does to itself. No relay can be as quick, so
    /// nothing is compared to it.
    NoProxy,
}

/// The name of this project's server.
pub(crate) const OURS: &str = "socks-server";

/// And of nothing at all.
pub(crate) const NO_PROXY: &str = "no proxy";

/// This project's server with one of its settings.
pub(crate) const WITHOUT_OFFLOAD: &str = "without offload";
pub(crate) const SLOW_HASH: &str = "argon2";

/// How the servers are started.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Setup {
    /// With one user, and nobody else gets in.
    pub(crate) login: bool,
    /// With one thread, where the server can be told.
    pub(crate) one_worker: bool,
}

/// A server that runs, or none.
pub(crate) struct Contender {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    process: Option<Process>,
    setup: Setup,
    /// What the server reads for as long as it runs.
    files: Option<slow_hash::Files>,
    /// What is served, as a share of what others are given: nobody waits for a slow one.
    share: f64,
}

impl Contender {
    pub(crate) async fn ours(path: &Path, setup: Setup) -> Result<Self, BoxError> {
        let process = ours(path, setup, &[]).await?;
        Ok(Self::new(OURS, Kind::Ours, process, setup))
    }

    pub(crate) async fn without_offload(path: &Path, setup: Setup) -> Result<Self, BoxError> {
        let file = std::env::temp_dir().join(format!("bench-{}.toml", std::process::id()));
        fs::write(&file, "[udp]\nsegmentation_offload = false\n")?;
        let name = file
            .to_str()
            .ok_or("a temporary folder with a strange name")?;
        let process = ours(path, setup, &["--config", name]).await;
        let _ = fs::remove_file(&file);
        Ok(Self::new(WITHOUT_OFFLOAD, Kind::Ours, process?, setup))
    }

    pub(crate) async fn slow_hash(path: &Path, setup: Setup) -> Result<Self, BoxError> {
        let files = slow_hash::Files::write()?;
        let setup_of_process = Setup {
            login: false,
            ..setup
        };
        let process = ours(path, setup_of_process, &["--config", &files.config]).await?;
        let mut contender = Self::new(SLOW_HASH, Kind::Ours, process, setup);
        contender.files = Some(files);
        Ok(contender)
    }

    /// `None`, and a line on standard error, where the peer is not installed, or cannot do it.
    pub(crate) async fn peer(peer: Peer, setup: Setup) -> Result<Option<Self>, BoxError> {
        let name = peer.name();
        if setup.login && !peer.has_login() {
            eprintln!("{name} has no login of its own, so it is left out where there is one");
            return Ok(None);
        }
        let Some(path) = peer.place() else {
            eprintln!("{name} is not here, so it is left out: see tests/bench/install-peers");
            return Ok(None);
        };
        let process = peer.start(&path, setup).await?;
        let mut contender = Self::new(name, Kind::Peer, process, setup);
        contender.share = peer.share();
        Ok(Some(contender))
    }

    /// A forwarder to each of `targets`.
    pub(crate) async fn limit(
        limit: Limit,
        targets: &[SocketAddr],
        setup: Setup,
    ) -> Result<Self, BoxError> {
        let targets: Vec<_> = targets.iter().map(SocketAddr::to_string).collect();
        let mut args = limit.command().to_vec();
        if setup.one_worker {
            args.extend(["--workers", "1"]);
        }
        args.extend(targets.iter().map(String::as_str));
        let program = std::env::current_exe()?;
        let process = Process::announced(&program, &args, targets.len()).await?;
        Ok(Self::new(limit.name(), Kind::Limit, process, setup))
    }

    /// Clients connect straight to the targets.
    pub(crate) fn no_proxy() -> Self {
        Self {
            name: NO_PROXY,
            kind: Kind::NoProxy,
            process: None,
            setup: Setup::default(),
            files: None,
            share: 1.0,
        }
    }

    fn new(name: &'static str, kind: Kind, process: Process, setup: Setup) -> Self {
        Self {
            name,
            kind,
            process: Some(process),
            setup,
            files: None,
            share: 1.0,
        }
    }

    /// How a client gets to the target that is the `index`-th.
    pub(crate) fn door(&self, index: usize, target: SocketAddr) -> Door {
        let straight = |addr| Door {
            addr,
            way: Way::Straight,
        };
        match (self.kind, &self.process) {
            (Kind::NoProxy, _) | (_, None) => straight(target),
            (Kind::Limit, Some(process)) => {
                straight(*process.addrs.get(index).unwrap_or(&process.addr))
            }
            (Kind::Ours | Kind::Peer, Some(process)) => Door {
                addr: process.addr,
                way: Way::Socks {
                    target,
                    login: self.setup.login,
                },
            },
        }
    }

    /// Of whom memory and CPU are.
    pub(crate) fn process(&self) -> Result<&Process, BoxError> {
        Ok(self.process.as_ref().ok_or("there is no server")?)
    }

    pub(crate) async fn stop(self) {
        if let Some(process) = self.process {
            process.stop().await;
        }
    }

    /// What it is given of `amount`.
    pub(crate) fn share_of(&self, amount: u64) -> u64 {
        (amount as f64 * self.share) as u64
    }
}

async fn ours(path: &Path, setup: Setup, more: &[&str]) -> Result<Process, BoxError> {
    let user = format!("{}:{}", LOGIN.0, LOGIN.1);
    let mut args = vec!["--listen", "127.0.0.1:0", "--log", "error"];
    if setup.login {
        args.extend(["--user", &user]);
    }
    if setup.one_worker {
        args.extend(["--workers", "1"]);
    }
    args.extend(more);
    Process::announced(path, &args, 1).await
}

/// A forwarder that knows nothing of SOCKS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Limit {
    /// Reads and writes 64 KiB
    Copy,
    /// Reads and writes 256 KiB
    CopyLarge,
    Splice,
    Datagrams,
}

impl Limit {
    pub(crate) const STREAMS: [Self; 3] = [Self::Copy, Self::CopyLarge, Self::Splice];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Copy => "bare copy",
            Self::CopyLarge => "bare copy, 256 KiB",
            Self::Splice => "bare splice",
            Self::Datagrams => "bare forwarder",
        }
    }

    /// What this program is told to become one.
    fn command(self) -> &'static [&'static str] {
        match self {
            Self::Copy => &["forward", "--copy", "65536"],
            Self::CopyLarge => &["forward", "--copy", "262144"],
            Self::Splice => &["forward"],
            Self::Datagrams => &["udp-forward"],
        }
    }
}
