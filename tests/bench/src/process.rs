use std::{net::SocketAddr, path::Path, process::Stdio};

use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
};

use crate::BoxError;

/// A process that listens on a loopback port and says so; killed when dropped.
pub(crate) struct Process {
    pub(crate) addr: SocketAddr,
    pub(crate) pid: u32,
    _child: Child,
}

impl Process {
    pub(crate) async fn server(path: &Path) -> Result<Self, BoxError> {
        Self::start(path, &["--listen", "127.0.0.1:0", "--log", "error"]).await
    }

    pub(crate) async fn echo() -> Result<Self, BoxError> {
        Self::start(&std::env::current_exe()?, &["echo"]).await
    }

    async fn start(path: &Path, args: &[&str]) -> Result<Self, BoxError> {
        let mut child = Command::new(path)
            .args(args)
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| format!("{}: {error}", path.display()))?;
        let pid = child.id().ok_or("the server ended at once")?;
        let stderr = child
            .stderr
            .take()
            .ok_or("the server has no standard error")?;
        let mut lines = BufReader::new(stderr).lines();
        let addr = loop {
            let line = lines
                .next_line()
                .await?
                .ok_or("the server ended before it listened")?;
            if let Some(addr) = line.strip_prefix("listening on ") {
                break addr.parse()?;
            }
        };
        // Keep the pipe drained, so that the server never waits for us.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Ok(Self {
            addr,
            pid,
            _child: child,
        })
    }
}
