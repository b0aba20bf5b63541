//! An htpasswd file that changes under load.

use std::{
    fs, io,
    net::SocketAddr,
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use e2e::open;
use socks_auth::Htpasswd;
use socks_tower::serve;
use support::{Peer, Target};
use tokio::{net::TcpListener, sync::watch, task, time};

/// Of "correct horse".
const HASH: &str = "$apr1$/XPkTXbz$MMXnONMSMRobZ2gBrx4EC/";
const PASSWORD: &str = "correct horse";

/// As long as anything may take that is not timed.
const PATIENCE: Duration = Duration::from_secs(30);

/// What was logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(octets)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Log {
    fn start() -> Self {
        let log = Self::default();
        let writer = log.clone();
        tracing_subscriber::fmt()
            .with_writer(move || writer.clone())
            .with_ansi(false)
            .with_max_level(tracing_subscriber::filter::LevelFilter::TRACE)
            .init();
        log
    }

    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }

    async fn says(&self, what: &str) {
        while !self.text().contains(what) {
            task::yield_now().await;
        }
    }
}

/// As an editor does it.
fn replace(path: &Path, names: &[&str]) {
    let lines = names.iter().map(|name| format!("{name}:{HASH}\n"));
    let next = path.with_extension("next");
    fs::write(&next, lines.collect::<String>()).unwrap();
    fs::rename(next, path).unwrap();
}

async fn logs_in(proxy: SocketAddr, name: &str) -> bool {
    let script = Peer::script().greet([2]).expect_method(2);
    let mut peer = script.login(name, PASSWORD).run(proxy).await;
    match peer.read(2).await[..] {
        [1, 0] => true,
        [1, 1] => false,
        ref other => panic!("no answer to a login: {other:?}"),
    }
}

async fn until(proxy: SocketAddr, name: &str, lets_in: bool) {
    while logs_in(proxy, name).await != lets_in {
        task::yield_now().await;
    }
}

/// Sends and gets back until it is told to end.
async fn tunnel(proxy: SocketAddr, target: SocketAddr, mut end: watch::Receiver<bool>) -> usize {
    let script = Peer::script().greet([2]).expect_method(2);
    let script = script.login("alice", PASSWORD).expect_login(true);
    let script = script.connect(&target.to_string()).expect_reply(0);
    let mut peer = script.run(proxy).await;
    let mut rounds = 0;
    while !*end.borrow_and_update() {
        let message = format!("round {rounds:>10}");
        peer.send(&message).await;
        assert_eq!(peer.read(message.len()).await, message.as_bytes());
        rounds += 1;
    }
    assert_eq!(peer.finish().await, b"");
    rounds
}

/// UP-13, UP-17, SE-31, SE-34: while the file changes, sessions go on; who is new gets in, who is gone
/// does not, and a file that is broken or gone leaves everything as it is and is told of in the log,
/// which shows neither a hash nor a password.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_changes_under_load() {
    let log = Log::start();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("users");
    replace(&path, &["alice", "bob"]);
    let users = Htpasswd::open(&path).unwrap();
    tokio::spawn(users.watch(Duration::from_millis(20)));

    let target = Target::echo().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let proxy = listener.local_addr().unwrap();
    let service = open(target.addr).authenticator(users);
    let server = tokio::spawn(serve(listener, service).into_future());

    let (end, ends) = watch::channel(false);
    let tunnels: Vec<_> = (0..8)
        .map(|_| tokio::spawn(tunnel(proxy, target.addr, ends.clone())))
        .collect();
    let (listed, failed) = (
        Arc::new(AtomicBool::new(true)),
        Arc::new(AtomicUsize::new(0)),
    );
    let load: Vec<_> = (0..4)
        .map(|_| {
            let (listed, failed) = (Arc::clone(&listed), Arc::clone(&failed));
            tokio::spawn(async move {
                let mut logins = 0;
                while listed.load(SeqCst) {
                    let right = logs_in(proxy, "alice").await;
                    failed.fetch_add(usize::from(!right && listed.load(SeqCst)), SeqCst);
                    logins += 1;
                }
                logins
            })
        })
        .collect();

    let changes = async {
        assert!(logs_in(proxy, "bob").await && !logs_in(proxy, "carol").await);
        replace(&path, &["alice", "carol"]);
        until(proxy, "carol", true).await;
        assert!(!logs_in(proxy, "bob").await);

        for (broken, told) in [
            (
                "alice:HASH\nbob\n",
                "users:2: expected NAME:HASH with one colon",
            ),
            (
                "alice:HASH\nbob:hunter2\n",
                "users:2: expected a password hash; plain text",
            ),
            ("", "users: expected at least one user"),
        ] {
            fs::write(&path, broken.replace("HASH", HASH)).unwrap();
            log.says(told).await;
            assert!(logs_in(proxy, "carol").await && !logs_in(proxy, "bob").await);
        }
        fs::remove_file(&path).unwrap();
        log.says("users: cannot be read: ").await;
        assert!(logs_in(proxy, "carol").await && !logs_in(proxy, "bob").await);

        listed.store(false, SeqCst);
        replace(&path, &["bob"]);
        until(proxy, "bob", true).await;
        assert!(!logs_in(proxy, "alice").await && !logs_in(proxy, "carol").await);
    };
    time::timeout(PATIENCE, changes).await.unwrap();

    for load in load {
        assert!(load.await.unwrap() > 0);
    }
    assert_eq!(failed.load(SeqCst), 0);
    end.send_replace(true);
    for tunnel in tunnels {
        assert!(tunnel.await.unwrap() > 0);
    }
    server.abort();
    let text = log.text();
    for secret in [PASSWORD, HASH, "hunter2"] {
        assert!(!text.contains(secret), "{text}");
    }
}
