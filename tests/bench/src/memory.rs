use std::fs;

use serde::Serialize;

use crate::BoxError;

/// What a process holds, read from procfs.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(crate) struct Footprint {
    /// Private memory in KiB: what would come back if the process ended.
    pub(crate) private_kib: u64,
    pub(crate) descriptors: usize,
}

impl Footprint {
    pub(crate) fn of(pid: u32) -> Result<Self, BoxError> {
        let rollup = fs::read_to_string(format!("/proc/{pid}/smaps_rollup"))?;
        let private = ["Private_Clean:", "Private_Dirty:"].map(|field| {
            let line = rollup.lines().find(|line| line.starts_with(field));
            line.and_then(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok())
        });
        let [Some(clean), Some(dirty)] = private else {
            return Err(format!("/proc/{pid}/smaps_rollup has no private memory").into());
        };
        let descriptors = fs::read_dir(format!("/proc/{pid}/fd"))?.count();
        Ok(Self {
            private_kib: clean + dirty,
            descriptors,
        })
    }
}
