//! Examples as processes.

// Each test program uses a part of this.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{
    fmt::Debug,
    net::SocketAddr,
    process::{ExitStatus, Output, Stdio},
    time::Duration,
};

use tokio::{
    io::{AsyncBufReadExt, BufReader, Lines},
    process::{Child, ChildStderr, Command},
    time::timeout,
};

/// An example that runs; killed when dropped.
pub struct Example {
    child: Child,
    lines: Lines<BufReader<ChildStderr>>,
}

impl Example {
    pub fn start(program: &str, args: &[&str]) -> Self {
        let mut command = Command::new(program);
        command.args(args);
        Self::spawn(command)
    }

    pub fn spawn(mut command: Command) -> Self {
        let mut child = command
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("the example is built");
        let stderr = child.stderr.take().expect("it is piped");
        Self {
            child,
            lines: BufReader::new(stderr).lines(),
        }
    }

    /// The next line on standard error that holds `part`.
    pub async fn line(&mut self, part: &str) -> String {
        let find = async {
            while let Some(line) = self.lines.next_line().await.expect("UTF-8") {
                if line.contains(part) {
                    return line;
                }
            }
            panic!("no line with {part:?} before the end");
        };
        within(part, find).await
    }

    /// What follows `listening on` in the next such line.
    pub async fn listening(&mut self) -> String {
        let line = self.line("listening on ").await;
        line.strip_prefix("listening on ")
            .expect("at the start of the line")
            .to_owned()
    }

    pub async fn addr(&mut self) -> SocketAddr {
        self.listening().await.parse().expect("an address")
    }

    pub fn id(&self) -> u32 {
        self.child.id().expect("it runs")
    }

    /// Sends a signal by name.
    pub async fn signal(&self, signal: &str) {
        let kill = format!("kill -{signal} {}", self.id());
        let kill = Command::new("sh").args(["-c", &kill]).status();
        assert!(kill.await.expect("a shell").success());
    }

    /// Waits for the end; what was left on standard error comes along.
    pub async fn end(mut self) -> (ExitStatus, String) {
        let end = async {
            let mut rest = String::new();
            while let Some(line) = self.lines.next_line().await.expect("UTF-8") {
                rest += &line;
                rest += "\n";
            }
            (self.child.wait().await.expect("a child"), rest)
        };
        within("the end", end).await
    }
}

/// Runs a program to its end.
pub async fn output(program: &str, args: &[&str]) -> Output {
    let run = Command::new(program).args(args).kill_on_drop(true).output();
    within("the end", run).await.expect("the example is built")
}

pub async fn within<T>(what: impl Debug, future: impl Future<Output = T>) -> T {
    let limit = Duration::from_secs(30);
    timeout(limit, future)
        .await
        .unwrap_or_else(|_| panic!("no {what:?} after {limit:?}"))
}
