use std::{
    net::SocketAddr,
    sync::{Arc, atomic::Ordering::Relaxed},
};

use tokio::task::JoinSet;

use super::session::{Arrived, Octets, datagrams, stream};
use crate::BoxError;

/// Sessions of two users that move all they can, until this is dropped.
pub(super) struct Load {
    sessions: Vec<(bool, Arc<Arrived>)>,
    _tasks: JoinSet<()>,
}

impl Load {
    /// Every other session is an association, which sends `offer` octets a second each way.
    pub(super) async fn start(
        server: SocketAddr,
        sessions: usize,
        offer: u64,
    ) -> Result<Self, BoxError> {
        let mut load = Self {
            sessions: Vec::new(),
            _tasks: JoinSet::new(),
        };
        for user in ["alice", "bob"] {
            for session in 0..sessions {
                let is_datagrams = session % 2 == 1;
                let arrived = Arc::<Arrived>::default();
                load.sessions.push((is_datagrams, Arc::clone(&arrived)));
                load._tasks.spawn(async move {
                    let moved = match is_datagrams {
                        true => datagrams(server, user, offer, arrived).await,
                        false => stream(server, user, arrived).await,
                    };
                    if let Err(error) = moved {
                        eprintln!("limits: a session has ended: {error}");
                    }
                });
            }
        }
        Ok(load)
    }

    /// What has arrived of each session.
    pub(super) fn octets(&self) -> Vec<Octets> {
        let octets = |(datagrams, arrived): &(bool, Arc<Arrived>)| Octets {
            datagrams: *datagrams,
            up: arrived.up.load(Relaxed),
            down: arrived.down.load(Relaxed),
        };
        self.sessions.iter().map(octets).collect()
    }
}
