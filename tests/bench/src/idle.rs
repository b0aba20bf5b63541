use std::{fmt, path::Path};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde::Serialize;
use support::{Peer, Target};

use crate::{BoxError, memory::Footprint, server::Process};

/// What open, silent tunnels cost the server.
#[derive(Debug, Serialize)]
pub(crate) struct Figures {
    tunnels: usize,
    burst: usize,
    /// Before the first tunnel, after one that was opened and closed.
    empty: Footprint,
    open: Footprint,
    after_burst: Footprint,
    closed: Footprint,
}

/// Opens that many at a time, so that the listener's backlog is no limit.
const AT_ONCE: usize = 64;

pub(crate) async fn run(server: &Path, tunnels: usize, burst: usize) -> Result<Figures, BoxError> {
    // Two descriptors a tunnel in this process, two in the server, which inherits the limit.
    raise_descriptor_limit(2 * tunnels as u64 + 1_000)?;
    let target = Target::echo().await;
    let server = Process::start(server).await?;

    let warm = open(&server, &target).await;
    drop(warm);
    let empty = Footprint::of(server.pid)?;

    let mut peers = Vec::with_capacity(tunnels);
    while peers.len() < tunnels {
        let mut batch = tokio::task::JoinSet::new();
        for _ in 0..AT_ONCE.min(tunnels - peers.len()) {
            let script = script(&target);
            batch.spawn(script.run(server.addr));
        }
        peers.extend(batch.join_all().await);
    }
    let opened = Footprint::of(server.pid)?;

    let octets = vec![0x5a; burst];
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
    let after_burst = Footprint::of(server.pid)?;

    drop(peers);
    // The server notices when it reads; its descriptors say when it has.
    for _ in 0..1_000 {
        if Footprint::of(server.pid)?.descriptors <= empty.descriptors {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    let closed = Footprint::of(server.pid)?;
    Ok(Figures {
        tunnels,
        burst,
        empty,
        open: opened,
        after_burst,
        closed,
    })
}

fn script(target: &Target) -> support::Script {
    let destination = target.addr.to_string();
    Peer::script()
        .greet([0])
        .expect_method(0)
        .connect(&destination)
        .expect_reply(0)
}

async fn open(server: &Process, target: &Target) -> Peer {
    script(target).run(server.addr).await
}

fn raise_descriptor_limit(wanted: u64) -> Result<(), BoxError> {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current.is_none_or(|current| current >= wanted) {
        return Ok(());
    }
    let limit = Rlimit {
        current: Some(wanted),
        maximum: maximum.map(|maximum| maximum.max(wanted)),
    };
    setrlimit(Resource::Nofile, limit)
        .map_err(|error| format!("{wanted} descriptors are needed: {error}").into())
}

impl Figures {
    fn per_tunnel(&self, footprint: Footprint) -> f64 {
        let more = footprint.private_kib.saturating_sub(self.empty.private_kib);
        more as f64 / self.tunnels as f64
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} tunnels, {} octets echoed by each",
            self.tunnels, self.burst
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
