use std::{
    env,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::{Path, PathBuf},
};

use clap::ValueEnum;

use super::{Setup, dante, ssh};
use crate::{BoxError, client::LOGIN, process::Process};

/// A server of others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Peer {
    /// Debian's dante-server
    Dante,
    /// Debian's microsocks
    Microsocks,
    /// `ssh -D` of openssh, with a sshd of its own
    Ssh,
    /// A small server of the crate
    FastSocks5,
    /// A small server of the crate
    Socks5Impl,
    /// A small server of the crate
    Rama,
}

impl Peer {
    pub(crate) const STREAMS: [Self; 6] = [
        Self::Dante,
        Self::Microsocks,
        Self::Ssh,
        Self::FastSocks5,
        Self::Socks5Impl,
        Self::Rama,
    ];
    /// Those that relay datagrams themselves, and in order.
    pub(crate) const DATAGRAMS: [Self; 2] = [Self::Dante, Self::FastSocks5];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Dante => "dante",
            Self::Microsocks => "microsocks",
            Self::Ssh => "ssh -D",
            Self::FastSocks5 => "fast-socks5",
            Self::Socks5Impl => "socks5-impl",
            Self::Rama => "rama",
        }
    }

    /// Dante asks the system for its users, and ssh has none.
    pub(super) fn has_login(self) -> bool {
        !matches!(self, Self::Dante | Self::Ssh)
    }

    pub(super) fn share(self) -> f64 {
        match self {
            Self::Microsocks | Self::Ssh => 0.25,
            _ => 1.0,
        }
    }

    /// Where it is, if it is installed.
    pub(super) fn place(self) -> Option<PathBuf> {
        match self {
            Self::Dante => on_path("danted"),
            Self::Microsocks => on_path("microsocks"),
            Self::Ssh => on_path("ssh").filter(|_| on_path("sshd").is_some()),
            Self::FastSocks5 => built("fast-socks5-peer"),
            Self::Socks5Impl => built("socks5-impl-peer"),
            Self::Rama => built("rama-peer"),
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
            Self::Ssh => ssh::start(path).await,
            Self::FastSocks5 | Self::Socks5Impl | Self::Rama => {
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

pub(super) fn on_path(name: &str) -> Option<PathBuf> {
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
