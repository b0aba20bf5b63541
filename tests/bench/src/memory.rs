use std::{fs, ops::Add};

use crate::{BoxError, process::Process};

/// What a process and its children hold, read from procfs.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Footprint {
    /// Private memory in KiB: what would come back if they ended.
    pub(crate) private_kib: u64,
    pub(crate) descriptors: usize,
}

impl Footprint {
    pub(crate) fn of(process: &Process) -> Result<Self, BoxError> {
        let mut sum = Self::default();
        for pid in process.tree() {
            match Self::of_one(pid) {
                Ok(one) => sum = sum + one,
                // A child may end at any time.
                Err(_) if pid != process.pid => {}
                Err(error) => return Err(error),
            }
        }
        Ok(sum)
    }

    fn of_one(pid: u32) -> Result<Self, BoxError> {
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

impl Add for Footprint {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            private_kib: self.private_kib + other.private_kib,
            descriptors: self.descriptors + other.descriptors,
        }
    }
}
