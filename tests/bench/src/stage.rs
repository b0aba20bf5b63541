use std::{net::SocketAddr, path::PathBuf};

use crate::{
    BoxError, background,
    contender::{Contender, Limit, OURS, Peer, SLOW_HASH, Setup, WITHOUT_OFFLOAD},
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
        pieces: bool,
    ) -> Result<Self, BoxError> {
        let count = sockets.to_string();
        let mut args = vec!["udp-echo", &count];
        args.extend(pieces.then_some("--pieces"));
        Self::start(server, common, default_peers, &[(&args, sockets)]).await
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

    /// This project's server, the peers, and `limits`.
    pub(crate) fn candidates(&self, limits: &[Limit]) -> Vec<Candidate> {
        let peers = self.peers.iter().copied().map(Candidate::Peer);
        let limits = limits.iter().copied().map(Candidate::Limit);
        [Candidate::Ours]
            .into_iter()
            .chain(peers)
            .chain(limits)
            .collect()
    }

    /// Starts one, if it is there.
    pub(crate) async fn contender(
        &self,
        candidate: Candidate,
        setup: Setup,
    ) -> Result<Option<Contender>, BoxError> {
        self.cores.for_servers()?;
        let started = match candidate {
            Candidate::Ours => Contender::ours(&self.server, setup).await.map(Some),
            Candidate::WithoutOffload => {
                let started = Contender::without_offload(&self.server, setup).await;
                started.map(Some)
            }
            Candidate::SlowHash => {
                let started = Contender::slow_hash(&self.server, setup).await;
                started.map(Some)
            }
            Candidate::Peer(peer) => Contender::peer(peer, setup).await,
            Candidate::Limit(limit) => Contender::limit(limit, &self.addrs, setup).await.map(Some),
        };
        self.cores.for_load()?;
        started
    }

    /// Starts all of [`candidates`](Self::candidates).
    pub(crate) async fn contenders(
        &self,
        setup: Setup,
        limits: &[Limit],
    ) -> Result<Vec<Contender>, BoxError> {
        let mut contenders = Vec::new();
        for candidate in self.candidates(limits) {
            contenders.extend(self.contender(candidate, setup).await?);
        }
        Ok(contenders)
    }

    /// Has the `index`-th of the target processes run only when nothing else wants its core.
    pub(crate) fn put_in_background(&self, index: usize) -> Result<(), BoxError> {
        let target = self.targets.get(index).ok_or("no such target")?;
        background::process(target.pid)
    }

    pub(crate) async fn stop(self, contenders: impl IntoIterator<Item = Contender>) {
        for contender in contenders {
            contender.stop().await;
        }
        for target in self.targets {
            target.stop().await;
        }
    }
}

/// What can be started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Candidate {
    Ours,
    /// The same by single datagrams in batches, none of them in one piece.
    WithoutOffload,
    /// The same with a user whose password is hashed slowly.
    SlowHash,
    Peer(Peer),
    Limit(Limit),
}

impl Candidate {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Ours => OURS,
            Self::WithoutOffload => WITHOUT_OFFLOAD,
            Self::SlowHash => SLOW_HASH,
            Self::Peer(peer) => peer.name(),
            Self::Limit(limit) => limit.name(),
        }
    }
}
