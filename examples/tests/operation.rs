//! Rules, limits, records and PROXY headers of `socks-server`, as a process.

// Helpers of tests are not tests to clippy.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod common;

use std::{fs, net::SocketAddr, path::PathBuf};

use common::{Example, output, within};
use serde_json::Value;
use support::{Peer, Script, Target};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const SERVER: &str = env!("CARGO_BIN_EXE_socks-server");

/// A server of this configuration, in which `DIR` stands for a folder of its own.
struct Server {
    process: Example,
    socks: SocketAddr,
    dir: TempDir,
}

impl Server {
    async fn start(config: &str) -> Self {
        Self::start_in(tempfile::tempdir().unwrap(), config).await
    }

    async fn start_in(dir: TempDir, config: &str) -> Self {
        let path = dir.path().join("server.toml");
        fs::write(&path, config.replace("DIR", dir.path().to_str().unwrap())).unwrap();
        let mut process = Example::start(SERVER, &["--config", path.to_str().unwrap()]);
        let socks = process.addr().await;
        Self {
            process,
            socks,
            dir,
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Puts a file in the place of another one, as editors and deployments do.
    fn replace(&self, name: &str, text: &str) {
        let new = self.path("new");
        fs::write(&new, text).unwrap();
        fs::rename(new, self.path(name)).unwrap();
    }

    /// A tunnel to `target`.
    async fn tunnel(&self, target: &Target) -> Peer {
        connecting(target.addr)
            .expect_reply(0)
            .run(self.socks)
            .await
    }

    /// Ends it as a service manager does, and hands over its folder.
    async fn end(self) -> TempDir {
        self.process.signal("TERM").await;
        let (status, rest) = self.process.end().await;
        assert!(status.success(), "{rest}");
        self.dir
    }
}

fn connecting(target: SocketAddr) -> Script {
    Peer::script()
        .greet([0])
        .expect_method(0)
        .connect(&target.to_string())
}

async fn echoes(peer: &mut Peer, octets: &[u8]) {
    peer.send(octets).await;
    assert_eq!(within("an echo", peer.read(octets.len())).await, octets);
}

/// The client is cut off, by a reset or an end.
async fn is_cut(peer: &mut Peer) {
    let read = within("the end", peer.stream.read(&mut [0])).await;
    assert!(matches!(read, Ok(0) | Err(_)), "{read:?}");
}

fn rules(port: u16) -> String {
    format!(
        "[[request]]\nname = \"closed\"\nport = [{port}]\nverdict = \"deny\"\n\n\
         [[request]]\nname = \"open\"\nverdict = \"allow\"\n"
    )
}

const LISTEN: &str = "listen = [\"127.0.0.1:0\"]\n";

/// SE-3: rules are read again on SIGHUP. Who is refused now is cut, others lose nothing; a broken file
/// changes nothing and is told by its line.
#[tokio::test]
#[cfg(unix)]
async fn rules_change_on_a_signal() {
    let (one, two) = (Target::echo().await, Target::echo().await);
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("rules.toml"), rules(9)).unwrap();
    let config = format!("{LISTEN}rules = \"DIR/rules.toml\"\n");
    let mut server = Server::start_in(dir, &config).await;
    let mut refused = server.tunnel(&one).await;
    let mut kept = server.tunnel(&two).await;
    echoes(&mut refused, b"before").await;
    echoes(&mut kept, b"before").await;

    server.replace("rules.toml", "[[request]]\nverdict = \"alow\"\n");
    server.process.signal("HUP").await;
    let told = server.process.line("stay as they were").await;
    assert!(
        told.contains("rules.toml:2:11: request[1].verdict"),
        "{told}"
    );
    echoes(&mut refused, b"still").await;

    server.replace("rules.toml", &rules(one.addr.port()));
    server.process.signal("HUP").await;
    let told = server.process.line("kept=1 cut=1").await;
    assert!(told.contains("rules read again"), "{told}");
    is_cut(&mut refused).await;
    echoes(&mut kept, b"after").await;
    connecting(one.addr)
        .expect_reply(2)
        .expect_end()
        .run(server.socks)
        .await;
    drop(kept);
    server.end().await;
}

/// The same by itself, once the file has changed; and with rules inside of the configuration.
#[tokio::test]
async fn rules_change_with_their_file() {
    let target = Target::echo().await;
    let inline = |port| rules(port).replace("[[request]]", "[[rules.request]]");
    let keep = format!("{LISTEN}refused_sessions = \"keep\"\n");
    let mut server = Server::start(&format!("{keep}{}", inline(9))).await;
    let mut kept = server.tunnel(&target).await;
    let closed = format!("{keep}{}", inline(target.addr.port()));
    server.replace("server.toml", &closed);
    // Files that are as young as the server are read twice, so the first time may be too early.
    let replies = async {
        loop {
            server.process.line("rules read again").await;
            if reply(&server, &target).await == 2 {
                return;
            }
        }
    };
    within("a refusal", replies).await;
    echoes(&mut kept, b"it was let in before").await;
}

/// The code of the reply to one more request.
async fn reply(server: &Server, target: &Target) -> u8 {
    let peer = connecting(target.addr).run(server.socks).await;
    let mut peer = peer;
    peer.read(2).await[1]
}

/// Rules on trial are told of where they differ, and do nothing.
#[tokio::test]
async fn rules_on_trial() {
    let target = Target::echo().await;
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("rules.toml"), rules(9)).unwrap();
    fs::write(dir.path().join("next.toml"), rules(target.addr.port())).unwrap();
    let config = format!("{LISTEN}rules = \"DIR/rules.toml\"\ntrial_rules = \"DIR/next.toml\"\n");
    let mut server = Server::start_in(dir, &config).await;
    let mut peer = server.tunnel(&target).await;
    echoes(&mut peer, b"in force").await;
    let told = server.process.line("trial rules").await;
    assert!(told.contains("on trial refused with 02"), "{told}");
}

/// What `--explain` and `--check` say.
#[tokio::test]
async fn rules_are_explained() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("server.toml");
    let text = rules(22).replace("[[request]]", "[[rules.request]]");
    fs::write(&path, text).unwrap();
    let config = ["--config", path.to_str().unwrap()];
    let explain = ["--explain", "destination=example.com:22", "user=alice"];
    let said = output(SERVER, &[&config[..], &explain].concat()).await;
    assert!(said.status.success());
    let said = String::from_utf8(said.stdout).unwrap();
    assert!(said.ends_with("refused with 02 by \"closed\"\n"), "{said}");
    assert!(said.contains("\"closed\" matches"), "{said}");
    let said = output(
        SERVER,
        &[&config[..], &["--explain", "destination=x"]].concat(),
    )
    .await;
    assert!(!said.status.success());
    let said = String::from_utf8(said.stderr).unwrap();
    assert!(
        said.contains("--explain: destination: expected HOST:PORT"),
        "{said}"
    );
    let said = output(SERVER, &[&config[..], &["--check"]].concat()).await;
    let said = String::from_utf8(said.stdout).unwrap();
    assert!(
        said.contains("\nrules: ") && said.contains("server.toml"),
        "{said}"
    );
}

/// SE-20: so many sessions and no more; places are given back.
#[tokio::test]
async fn sessions_are_limited() {
    let target = Target::echo().await;
    let limit = "[[limit]]\nname = \"client\"\nper = \"user\"\nsessions = 2\n";
    let server = Server::start(&format!("{LISTEN}{limit}")).await;
    let mut first = server.tunnel(&target).await;
    let mut second = server.tunnel(&target).await;
    connecting(target.addr)
        .expect_reply(2)
        .expect_end()
        .run(server.socks)
        .await;
    echoes(&mut first, b"a").await;
    echoes(&mut second, b"b").await;
    second.stream.shutdown().await.unwrap();
    is_cut(&mut second).await;
    // The place is free as soon as the server has seen the end, too.
    let again = async {
        loop {
            if reply(&server, &target).await == 0 {
                return;
            }
        }
    };
    within("a free place", again).await;
}

/// SE-20: a volume that is used up cuts a session, and counts over a restart.
#[tokio::test]
#[cfg(unix)]
async fn volumes_outlive_a_restart() {
    let target = Target::echo().await;
    let config = format!(
        "{LISTEN}[limits]\nusage = \"DIR/usage\"\n\n[[limit]]\nname = \"daily\"\nper = \"client\"\n\
         volume = \"64 KiB\"\nperiod = \"month\"\n"
    );
    let mut server = Server::start(&config).await;
    let mut peer = server.tunnel(&target).await;
    // An echo counts both ways; behind the volume nothing comes.
    let sent = tokio::spawn(async move {
        let _ = peer.stream.write_all(&[7; 256 * 1024]).await;
        is_cut_at_last(&mut peer).await
    });
    let heard = within("the cut", sent).await.unwrap();
    assert!(heard <= 64 * 1024, "{heard}");
    let told = server.process.line("end=").await;
    assert!(
        told.contains("end=\"cut\"") || told.contains("end=cut"),
        "{told}"
    );
    let dir = server.end().await;
    assert!(dir.path().join("usage").exists());

    let server = Server::start_in(dir, &config).await;
    connecting(target.addr)
        .expect_reply(2)
        .expect_end()
        .run(server.socks)
        .await;
    let dir = server.end().await;

    // A file that is damaged does not open the gates.
    fs::write(dir.path().join("usage"), "nothing of ours").unwrap();
    let path = dir.path().join("server.toml");
    let said = output(SERVER, &["--config", path.to_str().unwrap()]).await;
    assert!(!said.status.success());
    let said = String::from_utf8(said.stderr).unwrap();
    assert!(
        said.contains("limits.usage: ") && said.contains("/usage"),
        "{said}"
    );
}

/// Octets until the end.
async fn is_cut_at_last(peer: &mut Peer) -> usize {
    let mut heard = 0;
    let mut buffer = vec![0; 65_536];
    loop {
        match peer.stream.read(&mut buffer).await {
            Ok(0) | Err(_) => return heard,
            Ok(octets) => heard += octets,
        }
    }
}

fn lines(path: &std::path::Path) -> Vec<Value> {
    let text = fs::read_to_string(path).unwrap();
    let lines = text.lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// A line for each session, in the file that its rule's class has, and accounts that are whole when the
/// server has ended. A file that was moved away is made anew on SIGHUP.
#[tokio::test]
#[cfg(unix)]
async fn sessions_are_written_down() {
    let target = Target::echo().await;
    let quiet = Target::echo().await;
    let port = quiet.addr.port();
    let config = format!(
        "{LISTEN}\n[access_log]\nfile = \"DIR/access\"\n[[access_log.class]]\nname = \"quiet\"\n\n\
         [accounting]\nfile = \"DIR/accounts\"\n\n\
         [[rules.request]]\nname = \"monitoring\"\nport = [{port}]\nlog = \"quiet\"\nverdict = \"allow\"\n\
         [[rules.request]]\nname = \"open\"\nnot.port = [9]\nverdict = \"allow\"\n"
    );
    let server = Server::start(&config).await;
    for target in [&target, &quiet] {
        let mut peer = server.tunnel(target).await;
        echoes(&mut peer, b"hello").await;
        peer.stream.shutdown().await.unwrap();
        is_cut(&mut peer).await;
    }
    let written = async {
        while fs::read_to_string(server.path("access"))
            .unwrap()
            .is_empty()
        {
            tokio::task::yield_now().await;
        }
    };
    within("a line", written).await;
    fs::rename(server.path("access"), server.path("access.1")).unwrap();
    server.process.signal("HUP").await;
    let reopened = async {
        while !server.path("access").exists() {
            tokio::task::yield_now().await;
        }
    };
    within("a new file", reopened).await;
    connecting(SocketAddr::from(([127, 0, 0, 1], 9)))
        .expect_reply(2)
        .expect_end()
        .run(server.socks)
        .await;
    let dir = server.end().await;

    let old = lines(&dir.path().join("access.1"));
    assert_eq!(old.len(), 1, "{old:?}");
    assert_eq!(old[0]["rule"], "open");
    assert_eq!(
        (&old[0]["sent"], &old[0]["received"]),
        (&5.into(), &5.into())
    );
    assert_eq!(old[0]["destination"], target.addr.to_string());
    let new = lines(&dir.path().join("access"));
    assert_eq!(new.len(), 1, "{new:?}");
    assert_eq!(new[0]["end"], "refused");
    let accounts = lines(&dir.path().join("accounts"));
    for rule in ["open", "monitoring"] {
        let of_rule = accounts.iter().filter(|line| line["rule"] == rule);
        let events: Vec<_> = of_rule.map(|line| &line["event"]).collect();
        assert_eq!(events, ["start", "stop"], "{rule}");
    }
    assert_eq!(accounts.len(), 4);
}

/// SE-1, SE-19, SE-63: rules on accept judge the client that the load balancer names, and nobody gets in
/// without a header.
#[tokio::test]
async fn a_load_balancer_names_the_client() {
    let target = Target::echo().await;
    let config = "[[listener]]\naddress = \"127.0.0.1:0\"\nproxy_protocol = [\"127.0.0.1/32\"]\n\
         [[rules.accept]]\nname = \"office\"\nclient = [\"198.51.100.0/24\"]\nverdict = \"allow\"\n\
         [[rules.request]]\nname = \"office\"\nclient = [\"198.51.100.0/24\"]\nverdict = \"allow\"\n\
         [rules.safe_default]\nallow = [\"127.0.0.0/8\"]\n";
    let server = Server::start(config).await;
    let header = |client: &str| format!("PROXY TCP4 {client} 203.0.113.1 50000 1080\r\n");
    let script = Peer::script()
        .send(header("198.51.100.7"))
        .greet([0])
        .expect_method(0);
    let script = script.connect(&target.addr.to_string()).expect_reply(0);
    let mut peer = script.run(server.socks).await;
    echoes(&mut peer, b"from the office").await;
    for opening in [
        header("192.0.2.7").into_bytes(),
        vec![5, 1, 0, 5, 1, 0, 1, 127, 0, 0, 1, 0, 9],
    ] {
        let mut peer = Peer::script().send(opening).run(server.socks).await;
        is_cut(&mut peer).await;
    }
}
