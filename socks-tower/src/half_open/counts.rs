use std::{
    collections::{HashMap, hash_map::Entry},
    fmt,
    net::IpAddr,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use super::Throttle;
use crate::random::random;

/// Who is half-open now, for all clones of one layer.
pub(super) struct Counts {
    open: Mutex<Open>,
    refused: AtomicU64,
    random: Box<Random>,
}

/// Answers with a number below its argument.
pub(super) type Random = dyn Fn(u64) -> u64 + Send + Sync;

struct Open {
    total: u32,
    /// Only networks with open connections, so there are no more of them than connections.
    networks: HashMap<IpAddr, u32>,
    limits: Limits,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) total: Option<Throttle>,
    pub(super) per_client: Option<Throttle>,
}

impl Counts {
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            open: Mutex::new(Open {
                total: 0,
                networks: HashMap::new(),
                limits,
            }),
            refused: AtomicU64::new(0),
            random: Box::new(|below| random().checked_rem(below).unwrap_or_default()),
        }
    }

    pub(super) fn random(self, random: Box<Random>) -> Self {
        Self { random, ..self }
    }

    /// Counts one more of this client, unless it is refused.
    pub(super) fn enter(&self, network: Option<IpAddr>) -> bool {
        let mut open = self.open();
        let Limits { total, per_client } = open.limits;
        let of_client = network.and_then(|network| open.networks.get(&network));
        let of_client = of_client.copied().unwrap_or_default();
        let random = &self.random;
        let refused = total.is_some_and(|throttle| throttle.refuses(open.total, random))
            || network.is_some()
                && per_client.is_some_and(|throttle| throttle.refuses(of_client, random));
        if refused {
            self.refused.fetch_add(1, Ordering::Relaxed);
            return false;
        }
        open.total += 1;
        if let Some(network) = network {
            *open.networks.entry(network).or_default() += 1;
        }
        true
    }

    pub(super) fn leave(&self, network: Option<IpAddr>) {
        let mut open = self.open();
        open.total = open.total.saturating_sub(1);
        if let Some(Entry::Occupied(mut entry)) =
            network.map(|network| open.networks.entry(network))
        {
            *entry.get_mut() -= 1;
            if *entry.get() == 0 {
                entry.remove();
            }
        }
    }

    pub(super) fn edit(&self, edit: impl FnOnce(&mut Limits)) {
        edit(&mut self.open().limits);
    }

    pub(super) fn limits(&self) -> Limits {
        self.open().limits
    }

    pub(super) fn len(&self) -> u32 {
        self.open().total
    }

    #[cfg(test)]
    pub(super) fn networks(&self) -> usize {
        self.open().networks.len()
    }

    pub(super) fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Counts")
            .field("limits", &self.limits())
            .field("len", &self.len())
            .field("refused", &self.refused())
            .finish_non_exhaustive()
    }
}
