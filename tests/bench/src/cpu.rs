use std::fs;

use nix::{
    time::{clock_getcpuclockid, clock_gettime},
    unistd::Pid,
};
use rustix::param::clock_ticks_per_second;

use crate::{BoxError, process::Process};

/// Seconds of CPU time that a process and its children have taken.
///
/// The total is the CPU clock of each process, in nanoseconds, with threads that have ended, which
/// `task/*/schedstat` forgets: a server with a thread a connection would look free. Children that
/// have ended and the kernel's share come from `stat`, whose unit is a tick: 10 ms nearly
/// everywhere.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct CpuTime {
    pub(crate) total: f64,
    pub(crate) system: f64,
}

impl CpuTime {
    pub(crate) fn of(process: &Process) -> Result<Self, BoxError> {
        let mut sum = Self::default();
        for pid in process.tree() {
            match Self::of_one(pid) {
                Ok(one) => {
                    sum.total += one.total;
                    sum.system += one.system;
                }
                // A child may end at any time; then it counts as one that has.
                Err(_) if pid != process.pid => {}
                Err(error) => return Err(error),
            }
        }
        Ok(sum)
    }

    fn of_one(pid: u32) -> Result<Self, BoxError> {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
        let ticks = Ticks::parse(&stat).ok_or_else(|| format!("/proc/{pid}/stat: {stat}"))?;
        let own = match clock(pid) {
            Some(seconds) => seconds,
            None => ticks.seconds(ticks.user + ticks.system),
        };
        Ok(Self {
            total: own + ticks.seconds(ticks.ended_user + ticks.ended_system),
            system: ticks.seconds(ticks.system + ticks.ended_system),
        })
    }

    pub(crate) fn since(self, before: Self) -> Self {
        Self {
            total: self.total - before.total,
            system: self.system - before.system,
        }
    }
}

fn clock(pid: u32) -> Option<f64> {
    let pid = Pid::from_raw(i32::try_from(pid).ok()?);
    let time = clock_gettime(clock_getcpuclockid(pid).ok()?).ok()?;
    Some(time.tv_sec() as f64 + time.tv_nsec() as f64 / 1e9)
}

/// The times in `/proc/PID/stat`: of the process, and of children that it has waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Ticks {
    user: u64,
    system: u64,
    ended_user: u64,
    ended_system: u64,
}

impl Ticks {
    fn parse(stat: &str) -> Option<Self> {
        // The name, in parentheses, may have spaces and parentheses; utime is field 14.
        let (_, fields) = stat.rsplit_once(')')?;
        let mut ticks = fields.split_whitespace().skip(11);
        let mut next = || ticks.next()?.parse().ok();
        Some(Self {
            user: next()?,
            system: next()?,
            ended_user: next()?,
            ended_system: next()?,
        })
    }

    fn seconds(&self, ticks: u64) -> f64 {
        ticks as f64 / clock_ticks_per_second() as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stat_is_read_behind_the_name() {
        let stat = "7 (a) b (c)) S 1 7 7 0 -1 4194560 9 0 0 0 11 22 33 44 20 0 1 0 5 6 7";
        let ticks = Ticks::parse(stat).unwrap();
        assert_eq!(
            ticks,
            Ticks {
                user: 11,
                system: 22,
                ended_user: 33,
                ended_system: 44
            }
        );
        assert_eq!(Ticks::parse("7 (a) S 1 7 7"), None);
        assert_eq!(Ticks::parse(""), None);
    }

    #[test]
    fn the_clock_counts_threads_that_have_ended() {
        let own = std::process::id();
        let before = CpuTime::of_one(own).unwrap();
        let spin = || {
            let sum = (0..20_000_000_u64).fold(0, |sum, next| sum ^ std::hint::black_box(next));
            std::hint::black_box(sum);
        };
        std::thread::spawn(spin).join().unwrap();
        let spent = CpuTime::of_one(own).unwrap().since(before);
        assert!(spent.total > 0.0, "{spent:?}");
        assert_eq!(clock(u32::MAX), None);
    }
}
