//! Load that takes what other load leaves of its cores, and makes none wait: `SCHED_IDLE` of
//! sched(7), into which everyone may put what is his.
//!
//! `chrt` of util-linux makes the call, and every Debian has it: rustix and nix do not, and
//! thread-priority would bring a dozen crates for Windows. What has become of a thread is read from
//! procfs.

use std::{fs, process::Command};

use rustix::thread::gettid;

use crate::BoxError;

/// The policy's number, as in `/proc/PID/stat`.
const SCHED_IDLE: u32 = 5;

/// The calling thread, and what it starts from now on.
pub(crate) fn this_thread() -> Result<(), BoxError> {
    thread(
        std::process::id(),
        gettid().as_raw_nonzero().get().try_into()?,
    )
}

/// All threads that a process has.
pub(crate) fn process(pid: u32) -> Result<(), BoxError> {
    for task in fs::read_dir(format!("/proc/{pid}/task"))? {
        let name = task?.file_name();
        thread(pid, name.to_string_lossy().parse()?)?;
    }
    Ok(())
}

/// Fails unless the thread is in the background then.
fn thread(pid: u32, thread: u32) -> Result<(), BoxError> {
    let set = Command::new("chrt")
        .args(["-i", "-p", "0", &thread.to_string()])
        .output()
        .map_err(|error| format!("chrt of util-linux: {error}"))?;
    match policy(pid, thread)? {
        SCHED_IDLE => Ok(()),
        other => Err(format!(
            "the bulky load would run with policy {other} and not as SCHED_IDLE; chrt: {} {}",
            set.status,
            String::from_utf8_lossy(&set.stderr).trim()
        )
        .into()),
    }
}

fn policy(pid: u32, thread: u32) -> Result<u32, BoxError> {
    let path = format!("/proc/{pid}/task/{thread}/stat");
    let stat = fs::read_to_string(&path).map_err(|error| format!("{path}: {error}"))?;
    // The name, in parentheses, may have spaces and parentheses; the policy is field 41.
    let fields = stat.rsplit_once(')').map_or("", |(_, fields)| fields);
    let policy = fields.split_whitespace().nth(38);
    Ok(policy.ok_or_else(|| format!("{path}: {stat}"))?.parse()?)
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    /// Of the calling thread.
    fn own_policy() -> u32 {
        let own = gettid().as_raw_nonzero().get().try_into().unwrap();
        policy(std::process::id(), own).unwrap()
    }

    #[test]
    fn a_thread_alone() {
        let before = own_policy();
        let lowered = thread::spawn(|| {
            this_thread().unwrap();
            // What is there already may be put there again.
            this_thread().unwrap();
            own_policy()
        });
        assert_eq!(lowered.join().unwrap(), SCHED_IDLE);
        assert_eq!(own_policy(), before);
    }

    #[test]
    fn a_whole_process() {
        let mut child = Command::new("sleep").arg("60").spawn().unwrap();
        let pid = child.id();
        let before = policy(pid, pid).unwrap();
        let put = process(pid);
        let after = policy(pid, pid).unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        put.unwrap();
        assert_eq!((before, after), (own_policy(), SCHED_IDLE));
    }

    #[test]
    fn what_is_not_there_fails() {
        assert!(process(u32::MAX).is_err());
        assert!(super::thread(std::process::id(), u32::MAX).is_err());
    }
}
