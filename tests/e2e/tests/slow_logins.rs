//! Logins that take long to verify, beside a tunnel.

use std::{
    num::NonZeroUsize,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
        mpsc,
    },
};

use e2e::open;
use socks_auth::{Authenticate, AuthenticateService, BoxError, VerifyPool, async_trait};
use socks_core::{
    Method, Secret, UserName,
    message::{Authentication, ConnInfo, Identity},
};
use support::{Peer, Server, Target};
use tokio::task;

/// Takes no time for alice, and for others as long as the test wants.
struct Slow {
    pool: VerifyPool,
    /// How many are in line or beyond it.
    asked: Arc<AtomicUsize>,
    release: Arc<Mutex<mpsc::Receiver<()>>>,
}

#[async_trait]
impl Authenticate for Slow {
    async fn password(
        &self,
        username: &UserName,
        _: &Secret,
        _: &ConnInfo,
    ) -> Result<Authentication, BoxError> {
        if username != "alice" {
            let release = Arc::clone(&self.release);
            self.asked.fetch_add(1, SeqCst);
            let verify = move || release.lock().unwrap().recv();
            self.pool.run(verify).await??;
        }
        let identity = Identity::user(username.clone(), Method::USERNAME_PASSWORD);
        Ok(Authentication::Accepted(identity))
    }
}

/// SE-31, UP-17: on a server of one thread 64 logins are verified, two at once, and one more is
/// failed at once; a tunnel goes on all the while, since nothing of it is on that thread.
#[tokio::test]
async fn a_tunnel_goes_on() {
    let (release, released) = mpsc::channel();
    let asked = Arc::new(AtomicUsize::new(0));
    let slow = Slow {
        asked: Arc::clone(&asked),
        pool: VerifyPool::new(NonZeroUsize::MIN.saturating_add(1), 62),
        release: Arc::new(Mutex::new(released)),
    };
    let target = Target::echo().await;
    let service = open(target.addr).authenticator(AuthenticateService::new(slow));
    let server = Server::start(service).await;

    let login = |name| Peer::script().greet([2]).expect_method(2).login(name, "x");
    let script = login("alice").expect_login(true);
    let script = script.connect(&target.addr.to_string()).expect_reply(0);
    let mut tunnel = script.run(server.addr).await;

    let mut waiting = Vec::new();
    for _ in 0..64 {
        waiting.push(login("bob").run(server.addr).await);
    }
    while asked.load(SeqCst) < 64 {
        task::yield_now().await;
    }
    let mut last = login("bob").run(server.addr).await;
    assert_eq!(last.read(2).await, [1, 1]);

    for round in 0..1000 {
        let message = format!("round {round:>4}");
        tunnel.send(&message).await;
        assert_eq!(tunnel.read(message.len()).await, message.as_bytes());
    }
    for _ in 0..64 {
        release.send(()).unwrap();
    }
    for mut peer in waiting {
        assert_eq!(peer.read(2).await, [1, 0]);
    }
    assert_eq!(tunnel.finish().await, b"");
}
