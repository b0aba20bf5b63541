use std::fs;

use rustix::{
    param::clock_ticks_per_second,
    thread::{CpuSet, sched_getaffinity, sched_setaffinity},
};

use crate::{BoxError, process::Process};

/// Seconds of CPU time that a process and its children have taken, from procfs, whose unit is a
/// tick: 10 ms nearly everywhere.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct CpuTime {
    pub(crate) user: f64,
    pub(crate) system: f64,
}

impl CpuTime {
    pub(crate) fn of(process: &Process) -> Result<Self, BoxError> {
        let mut sum = Self::default();
        for pid in process.tree() {
            let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
            // The name, in parentheses, may have spaces; utime and stime are fields 14 and 15.
            let (_, fields) = stat.rsplit_once(')').ok_or("a stat without a name")?;
            let mut ticks = fields.split_whitespace().skip(11).map(str::parse::<u64>);
            let (Some(Ok(user)), Some(Ok(system))) = (ticks.next(), ticks.next()) else {
                return Err(format!("/proc/{pid}/stat has no times").into());
            };
            sum.user += seconds(user);
            sum.system += seconds(system);
        }
        Ok(sum)
    }

    pub(crate) fn since(self, before: Self) -> Self {
        Self {
            user: self.user - before.user,
            system: self.system - before.system,
        }
    }

    pub(crate) fn total(self) -> f64 {
        self.user + self.system
    }
}

fn seconds(ticks: u64) -> f64 {
    ticks as f64 / clock_ticks_per_second() as f64
}

/// Which cores servers and load run on. A process takes over its parent's at its start, so that a
/// runtime sees as many cores as it has.
#[derive(Clone, Debug)]
pub(crate) struct Cores {
    servers: CpuSet,
    load: CpuSet,
}

impl Cores {
    /// The first core for the servers, all others for the load.
    pub(crate) fn apart() -> Result<Self, BoxError> {
        let mut load = sched_getaffinity(None)?;
        let first = (0..CpuSet::MAX_CPU).find(|core| load.is_set(*core));
        let first = first.filter(|_| load.count() > 1);
        let first = first.ok_or("to pin, two cores are needed")?;
        let mut servers = CpuSet::new();
        servers.set(first);
        load.unset(first);
        Ok(Self { servers, load })
    }

    /// Puts the calling thread, and what it starts from now on, on the servers' core.
    pub(crate) fn for_servers(&self) -> Result<(), BoxError> {
        Ok(sched_setaffinity(None, &self.servers)?)
    }

    /// The same for the load.
    pub(crate) fn for_load(&self) -> Result<(), BoxError> {
        Ok(sched_setaffinity(None, &self.load)?)
    }
}
