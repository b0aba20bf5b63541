use std::{
    env,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::{Path, PathBuf},
};

use clap::ValueEnum;

use super::{Setup, dante};
use crate::{BoxError, client::LOGIN, process::Process};

/// A server of others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Peer {
    /// Debian's dante-server
    Dante,
    /// Debian's microsocks
    Microsocks,
    /// A small server of the crate
    FastSocks5,
}

impl Peer {
    pub(crate) const STREAMS: [Self; 3] = [Self::Dante, Self::Microsocks, Self::FastSocks5];
    pub(crate) const DATAGRAMS: [Self; 2] = [Self::Dante, Self::FastSocks5];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Dante => "dante",
            Self::Microsocks => "microsocks",
            Self::FastSocks5 => "fast-socks5",
        }
    }

    /// Dante asks the system for its users.
    pub(super) fn has_login(self) -> bool {
        !matches!(self, Self::Dante)
    }

    pub(super) fn share(self) -> f64 {
        1.0
    }

    /// Where it is, if it is installed.
    pub(super) fn place(self) -> Option<PathBuf> {
        match self {
            Self::Dante => on_path("danted"),
            Self::Microsocks => on_path("microsocks"),
            Self::FastSocks5 => built("fast-socks5-peer"),
        }
    }

    pub(super) async fn start(self, path: &Path, setup: Setup) -> Result<Process, BoxError> {
        match self {
            Self::Dante => dante::start(path).await,
            Self::Microsocks => {
                let free = free_port()?;
                let port = free.port().to_string();
                let mut args = vec!["-i", "127.0.0.1", "-p", &port];
                if setup.login {
                    args.extend(["-u", LOGIN.0, "-P", LOGIN.1]);
                }
                Process::at(path, &args, free).await
            }
            Self::FastSocks5 => {
                let mut args = Vec::new();
                if setup.login {
                    args.extend(["--login", LOGIN.0, LOGIN.1]);
                }
                if setup.one_worker {
                    args.extend(["--workers", "1"]);
                }
                Process::announced(path, &args, 1).await
            }
        }
    }
}

/// A small server of ours, as `install-peers` builds it.
fn built(name: &str) -> Option<PathBuf> {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("peers")
        .join(name);
    let path = package.join("target/release").join(name);
    path.is_file().then_some(path)
}

fn on_path(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    // Often not in the path of those who are not root.
    let folders = env::split_paths(&path).chain(["/usr/sbin".into()]);
    let mut places = folders.map(|folder| folder.join(name));
    places.find(|place| place.is_file())
}

/// For those that cannot choose a port by themselves.
pub(super) fn free_port() -> Result<SocketAddr, BoxError> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?)
}
