use std::{fmt, net::SocketAddr, path::Path};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde::Serialize;
use support::{Peer, Script};

use crate::{
    BoxError,
    contender::{Contender, Setup},
    memory::Footprint,
    process::Process,
};

/// What open, silent tunnels cost the server. Several servers count as one.
#[derive(Debug, Serialize)]
pub(crate) struct Figures {
    tunnels: usize,
    burst: usize,
    servers: usize,
    /// Before the first tunnel, after one that was opened and closed.
    empty: Footprint,
    open: Footprint,
    after_burst: Footprint,
    closed: Footprint,
}

/// Opens that many at a time, so that the listener's backlog is no limit.
const AT_ONCE: usize = 64;

/// Descriptors that a process has besides those of its tunnels.
const SPARE: usize = 200;

pub(crate) async fn run(server: &Path, tunnels: usize, burst: usize) -> Result<Figures, BoxError> {
    // A client here, its target in a process of its own, and two descriptors in the server: where
    // the limit of one process does not allow that, several servers share the tunnels.
    let limit = raise_descriptor_limit(2 * tunnels + SPARE);
    let of_one = limit.saturating_sub(SPARE) / 2;
    if of_one == 0 || tunnels + SPARE > limit {
        return Err(format!("{limit} descriptors a process are too few").into());
    }
    let target = Process::announced(&std::env::current_exe()?, &["target"], 1).await?;
    let mut servers = Vec::new();
    for _ in 0..tunnels.div_ceil(of_one).max(1) {
        servers.push(Contender::ours(server, Setup::default()).await?.process);
    }
    let script = |index: usize| {
        let destination = target.addr.to_string();
        let script = Peer::script()
            .greet([0])
            .expect_method(0)
            .connect(&destination);
        run_script(script.expect_reply(0), servers[index % servers.len()].addr)
    };
    for index in 0..servers.len() {
        drop(script(index).await);
    }
    let empty = footprint(&servers)?;

    let mut peers = Vec::with_capacity(tunnels);
    while peers.len() < tunnels {
        let mut batch = tokio::task::JoinSet::new();
        for index in peers.len()..tunnels.min(peers.len() + AT_ONCE) {
            batch.spawn(script(index));
        }
        peers.extend(batch.join_all().await);
    }
    let open = footprint(&servers)?;

    // The first one asks for an echo.
    let octets = vec![crate::target::ECHO; burst];
    for peer in &mut peers {
        let mut echoed = vec![0; burst];
        let (mut reader, mut writer) = peer.stream.split();
        tokio::try_join!(
            tokio::io::AsyncReadExt::read_exact(&mut reader, &mut echoed),
            async { tokio::io::AsyncWriteExt::write_all(&mut writer, &octets).await },
        )?;
        if echoed != octets {
            return Err("a tunnel echoed something else".into());
        }
    }
    let after_burst = footprint(&servers)?;

    drop(peers);
    // The server notices when it reads; its descriptors say when it has.
    for _ in 0..1_000 {
        if footprint(&servers)?.descriptors <= empty.descriptors {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    let closed = footprint(&servers)?;
    let servers = servers.len();
    Ok(Figures {
        tunnels,
        burst,
        servers,
        empty,
        open,
        after_burst,
        closed,
    })
}

async fn run_script(script: Script, server: SocketAddr) -> Peer {
    script.run(server).await
}

fn footprint(servers: &[Process]) -> Result<Footprint, BoxError> {
    let mut sum = Footprint::default();
    for server in servers {
        let one = Footprint::of(server.pid)?;
        sum.private_kib += one.private_kib;
        sum.descriptors += one.descriptors;
    }
    Ok(sum)
}

/// Asks for `wanted` descriptors and answers how many there are. Children inherit the limit.
fn raise_descriptor_limit(wanted: usize) -> usize {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let wanted = wanted as u64;
    let raised = [maximum.map(|maximum| maximum.max(wanted)), maximum]
        .into_iter()
        .any(|maximum| {
            let current = Some(
                maximum
                    .map_or(wanted, |maximum| maximum.min(wanted))
                    .max(current.unwrap_or(0)),
            );
            setrlimit(Resource::Nofile, Rlimit { current, maximum }).is_ok()
        });
    let current = if raised {
        getrlimit(Resource::Nofile).current
    } else {
        current
    };
    current.map_or(usize::MAX, |current| {
        usize::try_from(current).unwrap_or(usize::MAX)
    })
}

impl Figures {
    fn per_tunnel(&self, footprint: Footprint) -> f64 {
        let more = footprint.private_kib.saturating_sub(self.empty.private_kib);
        more as f64 / self.tunnels as f64
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            tunnels,
            burst,
            servers,
            ..
        } = self;
        writeln!(
            f,
            "{tunnels} tunnels over {servers} server(s), {burst} octets echoed by each"
        )?;
        writeln!(
            f,
            "{:<14} {:>12} {:>16} {:>12}",
            "", "private KiB", "KiB a tunnel", "descriptors"
        )?;
        for (name, footprint) in [
            ("empty", self.empty),
            ("open", self.open),
            ("after burst", self.after_burst),
            ("closed", self.closed),
        ] {
            writeln!(
                f,
                "{name:<14} {:>12} {:>16.2} {:>12}",
                footprint.private_kib,
                self.per_tunnel(footprint),
                footprint.descriptors,
            )?;
        }
        Ok(())
    }
}
