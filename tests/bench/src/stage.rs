use std::{net::SocketAddr, path::PathBuf};

use crate::{
    BoxError,
    contender::{Contender, Limit, Peer, Setup},
    cores::Cores,
    process::Process,
};

/// What all modes are told.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Common {
    /// How often everything is measured; the medians are printed
    #[arg(long, default_value_t = 5)]
    pub(crate) rounds: usize,
    /// Whom to measure too [default: all that are installed]
    #[arg(long, value_enum, value_delimiter = ',')]
    pub(crate) peers: Option<Vec<Peer>>,
    /// Servers on the first core, the load on the others
    #[arg(long)]
    pub(crate) pin: bool,
}

/// Targets and servers that run, each on its cores.
pub(crate) struct Stage {
    /// Of all targets.
    pub(crate) addrs: Vec<SocketAddr>,
    targets: Vec<Process>,
    cores: Cores,
    server: PathBuf,
    peers: Vec<Peer>,
}

impl Stage {
    /// Starts `targets` target processes.
    pub(crate) async fn new(
        server: PathBuf,
        common: &Common,
        default_peers: &[Peer],
        targets: usize,
    ) -> Result<Self, BoxError> {
        let starts = vec![(&["target"][..], 1); targets];
        Self::start(server, common, default_peers, &starts).await
    }

    /// Starts a process with `sockets` targets for datagrams.
    pub(crate) async fn with_datagrams(
        server: PathBuf,
        common: &Common,
        default_peers: &[Peer],
        sockets: usize,
    ) -> Result<Self, BoxError> {
        let count = sockets.to_string();
        let start = (&["udp-echo", &count][..], sockets);
        Self::start(server, common, default_peers, &[start]).await
    }

    /// Starts this program with each of some arguments, where it listens on so many addresses.
    async fn start(
        server: PathBuf,
        common: &Common,
        default_peers: &[Peer],
        starts: &[(&[&str], usize)],
    ) -> Result<Self, BoxError> {
        let cores = Cores::new(common.pin)?;
        cores.for_load()?;
        let program = std::env::current_exe()?;
        let mut targets = Vec::new();
        for (args, count) in starts {
            targets.push(Process::announced(&program, args, *count).await?);
        }
        let addrs = targets.iter().flat_map(|target| &target.addrs);
        Ok(Self {
            addrs: addrs.copied().collect(),
            targets,
            cores,
            server,
            peers: common.peers.clone().unwrap_or(default_peers.to_vec()),
        })
    }

    /// Starts this project's server, the peers, and `limits`.
    pub(crate) async fn contenders(
        &self,
        setup: Setup,
        limits: &[Limit],
    ) -> Result<Vec<Contender>, BoxError> {
        self.cores.for_servers()?;
        let mut contenders = vec![Contender::ours(&self.server, setup).await?];
        for peer in &self.peers {
            contenders.extend(Contender::peer(*peer, setup).await?);
        }
        for limit in limits {
            contenders.push(Contender::limit(*limit, &self.addrs, setup).await?);
        }
        self.cores.for_load()?;
        Ok(contenders)
    }

    pub(crate) async fn stop(self, contenders: impl IntoIterator<Item = Contender>) {
        for contender in contenders {
            contender.process.stop().await;
        }
        for target in self.targets {
            target.stop().await;
        }
    }
}
