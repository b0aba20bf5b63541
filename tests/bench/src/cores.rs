use std::sync::OnceLock;

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

use crate::BoxError;

/// Which cores servers and load run on. A process takes over its parent's at its start, so that a
/// runtime sees as many cores as it has.
#[derive(Clone, Debug)]
pub(crate) struct Cores(Option<Apart>);

#[derive(Clone, Debug)]
struct Apart {
    servers: CpuSet,
    load: CpuSet,
}

/// What there was before anything was pinned.
static ALL: OnceLock<CpuSet> = OnceLock::new();

impl Cores {
    /// With `pin` the first core for the servers and all others for the load, else all for both.
    pub(crate) fn new(pin: bool) -> Result<Self, BoxError> {
        if !pin {
            return Ok(Self(None));
        }
        let mut load = *ALL.get_or_init(|| sched_getaffinity(None).unwrap_or_default());
        let first = (0..CpuSet::MAX_CPU).find(|core| load.is_set(*core));
        let first = first.filter(|_| load.count() > 1);
        let first = first.ok_or("to pin, two cores are needed")?;
        let mut servers = CpuSet::new();
        servers.set(first);
        load.unset(first);
        Ok(Self(Some(Apart { servers, load })))
    }

    /// Puts the calling thread, and what it starts from now on, on the servers' core.
    pub(crate) fn for_servers(&self) -> Result<(), BoxError> {
        match &self.0 {
            Some(apart) => Ok(sched_setaffinity(None, &apart.servers)?),
            None => Ok(()),
        }
    }

    /// The same for the load.
    pub(crate) fn for_load(&self) -> Result<(), BoxError> {
        match &self.0 {
            Some(apart) => Ok(sched_setaffinity(None, &apart.load)?),
            None => Ok(()),
        }
    }
}
