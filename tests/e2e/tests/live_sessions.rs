//! A thousand sessions at once, of which some are ended from outside.

use std::{
    io::ErrorKind,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use e2e::open;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use socks_core::{
    Address,
    message::{AccessRequest, AuthRequest, Authentication, Credentials, Identity, Verdict},
};
use socks_tower::{
    BoxError, SessionEnd, Sessions, UdpRelay,
    sessions::{EndReason, Judgement, Live},
};
use support::{Peer, Server, Target};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tower::{Layer, service_fn};

const SESSIONS: usize = 1000;
const FOUR_FOR_EACH: u64 = 4 * SESSIONS as u64 + 200;

fn room_for_descriptors() {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current.is_some_and(|current| current < FOUR_FOR_EACH) {
        let wanted = maximum.map_or(FOUR_FOR_EACH, |maximum| maximum.min(FOUR_FOR_EACH));
        let limit = Rlimit {
            current: Some(wanted),
            maximum,
        };
        setrlimit(Resource::Nofile, limit).expect("the hard limit has room");
    }
}

/// Lets everybody in as who they say they are.
async fn believe(request: AuthRequest) -> Result<Authentication, BoxError> {
    Ok(match &request.credentials {
        Credentials::Password { username, .. } => {
            Authentication::Accepted(Identity::user(username.clone(), request.method))
        }
        _ => Authentication::rejected(),
    })
}

async fn connect(server: SocketAddr, user: &str, target: SocketAddr) -> Peer {
    let script = Peer::script().greet([2]).expect_method(2);
    let script = script.login(user, "pass").expect_login(true);
    script
        .connect(&target.to_string())
        .expect_reply(0)
        .run(server)
        .await
}

/// How many clients never pause.
const BUSY: usize = 10;

/// Sends octets through a tunnel to an echo until it is told to end, and answers whether all of
/// them came back.
async fn busy(mut peer: Peer, stop: Arc<AtomicBool>) -> bool {
    let (mut sent, mut came) = (0_u32, true);
    while came && (sent < 10 || !stop.load(Ordering::Relaxed)) {
        peer.send(sent.to_be_bytes()).await;
        came = peer.read(4).await == sent.to_be_bytes();
        sent += 1;
    }
    came && peer.finish().await.is_empty()
}

/// The client of a session that was cut: its connection is reset, so that nobody takes what came
/// for all there is (SE-49).
async fn was_reset(mut peer: Peer) -> bool {
    let mut rest = Vec::new();
    let read = peer.stream.read_to_end(&mut rest).await;
    read.is_err_and(|error| error.kind() == ErrorKind::ConnectionReset)
}

/// SE-49: all sessions of one user end, each with its report and with a reset on either side; those
/// of others, which relay all the time, lose no octet.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_sessions_of_a_user_end() {
    room_for_descriptors();
    let echo = Target::echo().await;
    let mut silent = Target::silent().await;
    let sessions = Sessions::new();
    let socks = open(echo.addr).authenticator(service_fn(believe));
    let mut server = Server::start(sessions.layer().layer(socks)).await;
    let stop = Arc::<AtomicBool>::default();
    let (mut kept, mut cut) = (Vec::new(), Vec::new());
    for _ in 0..SESSIONS {
        cut.push(connect(server.addr, "mallory", silent.addr).await);
    }
    for _ in 0..BUSY {
        let peer = connect(server.addr, "alice", echo.addr).await;
        kept.push(tokio::spawn(busy(peer, Arc::clone(&stop))));
    }
    let open = |live: &Live| live.is_open();
    while sessions.list().iter().filter(|live| open(live)).count() < SESSIONS + BUSY {
        tokio::task::yield_now().await;
    }

    assert_eq!(
        sessions.end_user(b"mallory", EndReason::Administrator),
        SESSIONS
    );
    for _ in 0..SESSIONS {
        let report = server.report().await;
        assert_eq!(
            report.end.reason(),
            Some(&EndReason::Administrator),
            "{report:?}"
        );
        let user = report
            .identity
            .as_ref()
            .and_then(|identity| identity.user.as_ref());
        assert_eq!(user.unwrap(), "mallory");
    }
    assert_eq!(sessions.len(), BUSY);
    for peer in cut {
        assert!(was_reset(peer).await);
        let mut target = silent.accepted().await;
        let error = target.read(&mut [0; 1]).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    }
    stop.store(true, Ordering::Relaxed);
    for busy in kept {
        assert!(busy.await.unwrap());
    }
    for _ in 0..BUSY {
        assert!(matches!(server.report().await.end, SessionEnd::Closed));
    }
    assert!(sessions.is_empty());
}

/// Rules that can change: whether the second target may be reached.
#[derive(Clone)]
struct Rules {
    forbidden: SocketAddr,
    in_force: Arc<AtomicBool>,
}

impl Rules {
    fn allow(&self, destination: &Address) -> bool {
        !self.in_force.load(Ordering::SeqCst) || *destination != Address::Socket(self.forbidden)
    }

    fn judge(&self, live: &Live) -> Judgement {
        let asked = live.access_request();
        match asked.is_none_or(|asked| self.allow(&asked.destination)) {
            true => Judgement::Keep,
            false => Judgement::Cut,
        }
    }
}

/// After a reload under a thousand live sessions and while new ones come in, those that are
/// forbidden now are cut and the others lose no octet; a forbidden one neither stays nor gets in.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reload_cuts_what_is_forbidden_now() {
    room_for_descriptors();
    let (good, bad) = (Target::echo().await, Target::echo().await);
    let rules = Rules {
        forbidden: bad.addr,
        in_force: Arc::default(),
    };
    let sessions = Sessions::new();
    let asked = rules.clone();
    let socks = open(good.addr)
        .authenticator(service_fn(believe))
        .udp_relayer(UdpRelay::new())
        .access(service_fn(move |request: AccessRequest| {
            let allowed = asked.allow(&request.destination);
            async move {
                // So that some have their verdict, and are not known to, when the rules change.
                tokio::task::yield_now().await;
                Ok::<_, BoxError>(match allowed {
                    true => Verdict::allow(),
                    false => Verdict::deny(),
                })
            }
        }));
    let mut server = Server::start(sessions.layer().layer(socks)).await;
    let stop = Arc::<AtomicBool>::default();
    let (mut kept, mut idle, mut cut) = (Vec::new(), Vec::new(), Vec::new());
    for session in 0..SESSIONS / 2 {
        let mut peer = connect(server.addr, "alice", good.addr).await;
        if session < BUSY {
            kept.push(tokio::spawn(busy(peer, Arc::clone(&stop))));
        } else {
            // What it says is on its way when the rules change.
            peer.send(b"all of this").await;
            idle.push(peer);
        }
        cut.push(connect(server.addr, "alice", bad.addr).await);
    }
    // Some are on their way in.
    let (addr, forbidden) = (server.addr, bad.addr);
    let late: Vec<_> = (0..20)
        .map(|_| {
            tokio::spawn(async move {
                let script = Peer::script().greet([2]).expect_method(2);
                let script = script.login("late", "pass").expect_login(true);
                let mut peer = script.connect(&forbidden.to_string()).run(addr).await;
                // A refusal, a reset behind a success, or a reset before it.
                let mut rest = Vec::new();
                let _ = peer.stream.read_to_end(&mut rest).await;
                rest
            })
        })
        .collect();

    rules.in_force.store(true, Ordering::SeqCst);
    let judged = sessions.judge_again(move |live| rules.judge(live));
    assert!(
        judged.cut >= SESSIONS / 2 && judged.drained == 0,
        "{judged:?}"
    );
    let ended = |report: &socks_tower::SessionReport| match &report.end {
        SessionEnd::Ended(reason) => **reason == EndReason::Rules,
        SessionEnd::Refused(_) => false,
        _ => panic!("{report:?}"),
    };
    let mut reports = Vec::new();
    for _ in 0..SESSIONS / 2 + 20 {
        reports.push(server.report().await);
    }
    assert!(reports.iter().filter(|report| ended(report)).count() >= SESSIONS / 2);
    assert!(
        reports
            .iter()
            .all(|report| report.destination == Some(bad.addr.into()))
    );
    for peer in cut {
        assert!(was_reset(peer).await);
    }
    for late in late {
        late.await.unwrap();
    }
    assert_eq!(sessions.len(), SESSIONS / 2);
    stop.store(true, Ordering::Relaxed);
    for busy in kept {
        assert!(busy.await.unwrap());
    }
    for mut peer in idle {
        peer.send(b" and of that").await;
        assert_eq!(peer.finish().await, b"all of this and of that");
    }
    // Nothing is left of those that are gone, and who comes now is refused.
    let script = Peer::script().greet([2]).expect_method(2);
    let script = script.login("new", "pass").expect_login(true);
    script
        .connect(&bad.addr.to_string())
        .expect_reply(2)
        .expect_end()
        .run(server.addr)
        .await;
}

/// An association that is ended frees its port, and its control connection is closed.
#[tokio::test]
async fn an_association_ends() {
    let sessions = Sessions::new();
    let socks = open(([127, 0, 0, 1], 9).into()).udp_relayer(UdpRelay::new());
    let mut server = Server::start(sessions.layer().layer(socks)).await;
    let script = Peer::script().greet([0]).expect_method(0);
    let mut control = script
        .udp_associate("0.0.0.0:0")
        .expect_reply(0)
        .run(server.addr)
        .await;
    let relay = control.bound.unwrap();
    assert!(std::net::UdpSocket::bind(relay).is_err());
    assert_eq!(
        sessions.end_where(
            |live| live.snapshot().bound == Some(relay),
            EndReason::Rules
        ),
        1
    );
    assert!(server.report().await.end.reason() == Some(&EndReason::Rules));
    assert_eq!(control.rest().await, b"");
    std::net::UdpSocket::bind(relay).unwrap();
    control.stream.shutdown().await.unwrap();
}
