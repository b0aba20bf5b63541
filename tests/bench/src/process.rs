use std::{fs, net::SocketAddr, path::Path, process::Stdio, time::Duration};

use rustix::process::{Pid, Signal, kill_process};
use tokio::{
    io::{AsyncBufReadExt, BufReader, Lines},
    net::TcpStream,
    process::{Child, ChildStderr, Command},
};

use crate::BoxError;

/// A process that listens on loopback ports; killed with its children when dropped.
pub(crate) struct Process {
    /// The first of [`addrs`](Self::addrs).
    pub(crate) addr: SocketAddr,
    pub(crate) addrs: Vec<SocketAddr>,
    pub(crate) pid: u32,
    child: Child,
}

impl Process {
    pub(crate) async fn server(path: &Path) -> Result<Self, BoxError> {
        Self::announced(path, &["--listen", "127.0.0.1:0", "--log", "error"], 1).await
    }

    pub(crate) async fn configured(path: &Path, config: &str) -> Result<Self, BoxError> {
        let args = [
            "--listen",
            "127.0.0.1:0",
            "--log",
            "error",
            "--config",
            config,
        ];
        Self::announced(path, &args, 1).await
    }

    pub(crate) async fn echo() -> Result<Self, BoxError> {
        Self::announced(&std::env::current_exe()?, &["echo"], 1).await
    }

    /// Starts what says on standard error that it listens, on `count` addresses, a line each.
    pub(crate) async fn announced(
        path: &Path,
        args: &[&str],
        count: usize,
    ) -> Result<Self, BoxError> {
        let (child, pid, mut lines) = spawn(path, args)?;
        let mut addrs = Vec::new();
        while addrs.len() < count {
            let line = lines
                .next_line()
                .await?
                .ok_or("the server ended before it listened")?;
            if let Some(addr) = line.strip_prefix("listening on ") {
                addrs.push(addr.parse()?);
            }
        }
        Self::listening(child, pid, lines, addrs)
    }

    /// Starts what does not say when it listens, but was told to at `addr`.
    pub(crate) async fn at(path: &Path, args: &[&str], addr: SocketAddr) -> Result<Self, BoxError> {
        let (mut child, pid, lines) = spawn(path, args)?;
        for _ in 0..500 {
            if TcpStream::connect(addr).await.is_ok() {
                return Self::listening(child, pid, lines, vec![addr]);
            }
            if child.try_wait()?.is_some() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        Err(format!("{} does not listen", path.display()).into())
    }

    fn listening(
        child: Child,
        pid: u32,
        mut lines: Lines<BufReader<ChildStderr>>,
        addrs: Vec<SocketAddr>,
    ) -> Result<Self, BoxError> {
        // Keep the pipe drained, so that the server never waits for us.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Ok(Self {
            addr: *addrs.first().ok_or("no address to listen at")?,
            addrs,
            pid,
            child,
        })
    }

    /// Ends it, and waits until it has: one with children waits for them in turn.
    pub(crate) async fn stop(mut self) {
        self.terminate();
        let _ = tokio::time::timeout(Duration::from_secs(3), self.child.wait()).await;
    }

    fn terminate(&self) {
        for pid in self.tree() {
            let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
            let _ = pid.map(|pid| kill_process(pid, Signal::TERM));
        }
    }

    /// The process and all below it.
    pub(crate) fn tree(&self) -> Vec<u32> {
        let mut tree = vec![self.pid];
        let mut next = 0;
        while let Some(pid) = tree.get(next).copied() {
            next += 1;
            let Ok(tasks) = fs::read_dir(format!("/proc/{pid}/task")) else {
                continue;
            };
            for task in tasks.flatten() {
                let children = fs::read_to_string(task.path().join("children"));
                let children = children.unwrap_or_default();
                tree.extend(children.split_whitespace().flat_map(str::parse::<u32>));
            }
        }
        tree
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Not what has ended: its number may be another's.
        if matches!(self.child.try_wait(), Ok(None)) {
            self.terminate();
        }
    }
}

type Spawned = (Child, u32, Lines<BufReader<ChildStderr>>);

fn spawn(path: &Path, args: &[&str]) -> Result<Spawned, BoxError> {
    let mut child = Command::new(path)
        .args(args)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| format!("{}: {error}", path.display()))?;
    let pid = child.id().ok_or("the server ended at once")?;
    let stderr = child.stderr.take();
    let stderr = stderr.ok_or("the server has no standard error")?;
    Ok((child, pid, BufReader::new(stderr).lines()))
}
