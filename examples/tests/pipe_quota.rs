//! `socks-server` run by a user who has as many pipes as the system grants (`pipe-user-pages-soft`).

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used)] // clippy knows a test by its attribute.

mod common;

use std::{
    fs,
    io::{self, BufRead, BufReader, Read},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Child, Stdio},
};

use common::{Example, within};
use rustix::{
    io::Errno,
    param::page_size,
    pipe::{fcntl_getpipe_size, fcntl_setpipe_size, pipe},
    process::geteuid,
};
use support::{Peer, Target};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// Nobody's, so that nobody else is without pipes meanwhile.
const USER: u32 = 54_321;

const OCTETS: usize = 16 << 20;

/// Not a test but what [`Holder`] runs: has pipes until the system gives this user small ones only.
#[test]
#[ignore = "it is started by the test below"]
fn hold() {
    let mut pipes = Vec::new();
    let mut enlarged = Ok(0);
    let size = loop {
        let (read, write) = pipe().unwrap();
        let size = fcntl_getpipe_size(&write).unwrap();
        if size <= 2 * page_size() {
            break size;
        }
        if enlarged.is_ok() {
            enlarged = fcntl_setpipe_size(&write, 1 << 20);
        }
        pipes.push((read, write));
        assert!(pipes.len() < 4000, "this system has no such quota");
    };
    let (_read, write) = pipe().unwrap();
    let denied = fcntl_setpipe_size(&write, 64 * 1024) == Err(Errno::PERM);
    println!("\nholding; a new pipe has {size} octets, denied more: {denied}");
    // Until the other end is gone.
    let _ = io::stdin().read(&mut [0]);
}

/// A process of the user that holds the pipes.
struct Holder(Child);

impl Holder {
    fn start(program: &Path) -> Self {
        use std::os::unix::process::CommandExt;
        let mut child = std::process::Command::new(program)
            .args(["--exact", "hold", "--ignored", "--nocapture"])
            .uid(USER)
            .gid(USER)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let line = lines
            .map_while(Result::ok)
            .find(|line| line.starts_with("holding"));
        let line = line.expect("it holds the pipes");
        assert!(line.ends_with("denied more: true"), "{line}");
        Self(child)
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A copy that the user may run, wherever the original is.
fn copy(program: &Path, folder: &Path) -> PathBuf {
    let copy = folder.join(program.file_name().unwrap());
    fs::copy(program, &copy).unwrap();
    fs::set_permissions(&copy, fs::Permissions::from_mode(0o755)).unwrap();
    copy
}

/// Pipes that a process has, by their names.
fn pipes(id: u32) -> usize {
    let descriptors = fs::read_dir(format!("/proc/{id}/fd")).unwrap().flatten();
    let mut names: Vec<_> = descriptors
        .filter_map(|entry| fs::read_link(entry.path()).ok())
        .filter(|name| name.to_string_lossy().starts_with("pipe:"))
        .collect();
    names.sort();
    names.dedup();
    names.len()
}

fn octets(from: usize) -> Vec<u8> {
    let words = from..from + OCTETS / 4;
    words
        .flat_map(|n| (n as u32).wrapping_mul(0x9e37_79b1).to_be_bytes())
        .collect()
}

/// 16 MiB each way at once; the number of pipes that the server has opened for it.
async fn transfer(server: &mut Example) -> usize {
    let addr = server.addr().await;
    let before = pipes(server.id());
    let mut target = Target::silent().await;
    let script = Peer::script().greet([0]).expect_method(0);
    let script = script.connect(&target.addr.to_string()).expect_reply(0);
    let near = script.run(addr).await.stream;
    let far = target.accepted().await;
    let sides = [(near, octets(0), octets(1)), (far, octets(1), octets(0))];
    let [one, two] = sides.map(async |(stream, say, expected)| {
        let (mut reader, mut writer) = tokio::io::split(stream);
        let mut heard = Vec::new();
        let speak = async {
            writer.write_all(&say).await.unwrap();
            writer.shutdown().await.unwrap();
        };
        let (_, listened) = tokio::join!(speak, reader.read_to_end(&mut heard));
        listened.unwrap();
        assert!(heard == expected);
    });
    within("16 MiB each way", async { tokio::join!(one, two) }).await;
    server.line("end=\"closed\"").await;
    pipes(server.id()) - before
}

/// R5-58, SE-17: a transfer is whole where the system refuses pipes that are worth it.
#[tokio::test]
async fn a_user_without_pipes() {
    if !geteuid().is_root() {
        println!("skipped: only root can run programs as a user whose pipes nobody needs");
        return;
    }
    let quota = fs::read_to_string("/proc/sys/fs/pipe-user-pages-soft").unwrap();
    if !(1..=1 << 17).contains(&quota.trim().parse::<usize>().unwrap()) {
        println!("skipped: this system's quota of pipes cannot be used up");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let server = copy(Path::new(env!("CARGO_BIN_EXE_socks-server")), folder.path());
    let holder = copy(&std::env::current_exe().unwrap(), folder.path());
    let start = || {
        let mut command = tokio::process::Command::new(&server);
        command
            .args(["--listen", "127.0.0.1:0"])
            .uid(USER)
            .gid(USER);
        Example::spawn(command)
    };
    assert!(transfer(&mut start()).await > 0, "it was not spliced");

    let mut server = start();
    let _holder = Holder::start(&holder);
    assert_eq!(transfer(&mut server).await, 0);
}
