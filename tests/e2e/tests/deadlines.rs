//! Deadlines under paused time, over in-memory streams: what counts is that they pass, not how
//! fast the machine is.

use std::{future::pending, task::Poll, time::Duration};

use e2e::{NotReady, open, with_login};
use socks_core::{
    ReplyCode,
    message::{AccessRequest, AuthRequest, Authentication, Connect, Verdict},
};
use socks_tower::{
    AdaptiveRelay, BoxError, Connected, Incoming, SessionEnd, SessionReport, SocksService,
};
use support::{Peer, Script};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex},
    net::TcpStream,
    task::JoinHandle,
    time::{Instant, sleep},
};
use tower::{ServiceExt, service_fn};

fn nowhere() -> SocksService {
    open("127.0.0.1:9".parse().unwrap())
}

fn start<S>(socks: S) -> (DuplexStream, JoinHandle<SessionReport>)
where
    S: tower::Service<
            Incoming<DuplexStream>,
            Response = SessionReport,
            Error = std::convert::Infallible,
        > + Send
        + 'static,
    S::Future: Send,
{
    let (client, server) = duplex(64 * 1024);
    let session = async { socks.oneshot(Incoming::unnamed(server)).await.unwrap() };
    (client, tokio::spawn(session))
}

async fn ended(session: JoinHandle<SessionReport>, since: Instant) -> (SessionEnd, Duration) {
    let report = session.await.unwrap();
    (report.end, since.elapsed())
}

fn near(duration: Duration, seconds: u64) -> bool {
    let expected = Duration::from_secs(seconds);
    duration >= expected && duration < expected + Duration::from_millis(50)
}

/// SE-14: a silent connection is closed after 5 s.
#[tokio::test(start_paused = true)]
async fn first_octet() {
    let (mut client, session) = start(nowhere());
    let (end, after) = ended(session, Instant::now()).await;
    assert!(matches!(end, SessionEnd::TimedOut));
    assert!(near(after, 5), "{after:?}");
    assert_eq!(client.read(&mut [0]).await.unwrap(), 0);
}

/// SE-13, R5-65: one deadline covers the whole handshake, single octets do not restart it, and
/// nothing is sent when it passes.
#[tokio::test(start_paused = true)]
async fn a_slow_client_cannot_stretch_the_handshake() {
    for (socks, seconds) in [
        (nowhere(), 10),
        (with_login("127.0.0.1:9".parse().unwrap()), 30),
    ] {
        let since = Instant::now();
        let (mut client, session) = start(socks);
        let drip = tokio::spawn(async move {
            // A greeting of 255 methods, an octet a second.
            client.write_all(&[5, 255]).await.unwrap();
            while client.write_all(&[0x80]).await.is_ok() {
                sleep(Duration::from_secs(1)).await;
            }
            let mut heard = Vec::new();
            client.read_to_end(&mut heard).await.unwrap();
            heard
        });
        let (end, after) = ended(session, since).await;
        assert!(matches!(end, SessionEnd::TimedOut));
        assert!(near(after, seconds), "{after:?}");
        assert_eq!(drip.await.unwrap(), b"");
    }
}

/// R5-65: the deadline also covers the time between method selection and request.
#[tokio::test(start_paused = true)]
async fn no_request() {
    let since = Instant::now();
    let (client, session) = start(nowhere());
    let mut peer = Script::new()
        .greet([0])
        .expect_method(0)
        .run_over(client)
        .await;
    let (end, after) = ended(session, since).await;
    assert!(matches!(end, SessionEnd::TimedOut));
    assert!(near(after, 10), "{after:?}");
    assert_eq!(peer.rest().await, b"");
}

/// UP-17: an authenticator that never answers is a failed login, in time.
#[tokio::test(start_paused = true)]
async fn a_hanging_authenticator() {
    let hanging = service_fn(|_: AuthRequest| pending::<Result<Authentication, BoxError>>());
    let (client, session) = start(nowhere().authenticator(hanging));
    let script = Script::new()
        .greet([2])
        .expect_method(2)
        .login("user", "pass");
    let since = Instant::now();
    let client = script
        .expect_login(false)
        .expect_end()
        .run_over(client)
        .await;
    drop(client);
    let (_, after) = ended(session, since).await;
    assert!(near(after, 30), "{after:?}");
}

fn never_connected() -> SocksService<TcpStream> {
    let hanging = service_fn(|_: Connect| pending::<Result<Connected<TcpStream>, BoxError>>());
    let allow = service_fn(|_: AccessRequest| async { Ok::<_, BoxError>(Verdict::allow()) });
    SocksService::new(hanging).access(allow)
}

/// R5-61, S4-19: a connect that takes 30 s is answered 06, in SOCKS4 5B.
#[tokio::test(start_paused = true)]
async fn a_hanging_connector() {
    for script in [
        Script::new()
            .greet([0])
            .expect_method(0)
            .connect("a:1")
            .expect_reply(6),
        Script::new().request4(1, "a:1", "").expect_reply4(0x5b),
    ] {
        let since = Instant::now();
        let (client, session) = start(never_connected());
        let mut peer = script.run_over(client).await;
        assert!(near(since.elapsed(), 30), "{:?}", since.elapsed());
        assert_eq!(peer.finish().await, b"");
        let (end, _) = ended(session, since).await;
        assert!(matches!(
            end,
            SessionEnd::Failed {
                code: ReplyCode::TTL_EXPIRED,
                ..
            }
        ));
    }
}

/// R5-62: a client that only half-closes does not abandon the attempt.
#[tokio::test(start_paused = true)]
async fn half_close_is_not_an_abort() {
    let since = Instant::now();
    let (client, session) = start(never_connected());
    let mut peer = Script::new()
        .greet([0])
        .expect_method(0)
        .connect("a:1")
        .run_over(client)
        .await;
    peer.stream.shutdown().await.unwrap();
    sleep(Duration::from_secs(20)).await;
    assert!(!session.is_finished());
    assert_eq!(peer.rest().await[..2], [5, 6]);
    assert!(near(since.elapsed(), 30));
}

/// SE-46, SE-47, R5-49: a refused client that does not close, or does not even read, is left after
/// 10 s at most.
#[tokio::test(start_paused = true)]
async fn a_stubborn_client_is_left() {
    let deny = service_fn(|_: AccessRequest| async { Ok::<_, BoxError>(Verdict::deny()) });
    for reads in [true, false] {
        let since = Instant::now();
        // Room for the method selection and for a part of the reply.
        let (mut client, io) = duplex(if reads { 64 } else { 5 });
        let socks = nowhere().access(deny);
        let session = tokio::spawn(socks.oneshot(Incoming::unnamed(io)));
        client.write_all(&[5, 1, 0]).await.unwrap();
        client.read_exact(&mut [0; 2]).await.unwrap();
        let request = b"\x05\x01\x00\x03\x01a\x00\x50";
        client.write_all(request).await.unwrap();
        let report = session.await.unwrap().unwrap();
        assert!(matches!(report.end, SessionEnd::Refused(_)));
        assert!(
            since.elapsed() <= Duration::from_secs(10),
            "{:?}",
            since.elapsed()
        );
        // What arrived is the reply or its beginning, and nothing twice.
        let mut heard = Vec::new();
        client.read_to_end(&mut heard).await.unwrap();
        assert_eq!(heard, &[5, 2, 0, 1, 0, 0, 0, 0, 0, 0][..heard.len()]);
        assert_eq!(heard.len() == 10, reads);
    }
}

/// SE-21, SE-50: the idle timeout slides with every octet either way, and is shorter once one
/// direction has ended.
#[tokio::test(start_paused = true)]
async fn idle_tunnels() {
    for half_closed in [false, true] {
        let (target, mut far) = duplex(64);
        let target = std::sync::Mutex::new(Some(target));
        let connector = std::sync::Arc::new(target);
        let connector = service_fn(move |_: Connect| {
            let target = connector.lock().unwrap().take().expect("one connection");
            async move { Ok::<_, BoxError>(Connected::new(target, "0.0.0.0:0".parse().unwrap())) }
        });
        let allow = service_fn(|_: AccessRequest| async { Ok::<_, BoxError>(Verdict::allow()) });
        let relay = AdaptiveRelay::new().idle_timeout(Duration::from_secs(100));
        let socks = SocksService::new(connector).access(allow).relay(relay);
        let (client, session) = start(socks);
        let script = Peer::script()
            .greet([0])
            .expect_method(0)
            .connect("a:1")
            .expect_reply(0);
        let mut peer = script.run_over(client).await;
        for _ in 0..3 {
            sleep(Duration::from_secs(90)).await;
            peer.send("x").await;
            sleep(Duration::from_secs(90)).await;
            far.write_all(b"y").await.unwrap();
        }
        if half_closed {
            peer.stream.shutdown().await.unwrap();
        }
        let since = Instant::now();
        let (end, after) = ended(session, since).await;
        assert!(matches!(end, SessionEnd::Idle));
        assert!(near(after, if half_closed { 60 } else { 100 }), "{after:?}");
    }
}

/// A relay that never gets ready, such as one that counts tunnels and has none left, does not hold
/// the session for longer than the request's deadline.
#[tokio::test(start_paused = true)]
async fn a_relay_that_is_never_ready() {
    let (target, _far) = duplex(64);
    let target = std::sync::Mutex::new(Some(target));
    let connector = std::sync::Arc::new(target);
    let connector = service_fn(move |_: Connect| {
        let target = connector.lock().unwrap().take().expect("one connection");
        async move { Ok::<_, BoxError>(Connected::new(target, "0.0.0.0:0".parse().unwrap())) }
    });
    let allow = service_fn(|_: AccessRequest| async { Ok::<_, BoxError>(Verdict::allow()) });
    let socks = SocksService::new(connector).access(allow);
    let (client, session) = start(socks.relay(NotReady(Poll::Pending)));
    let script = Peer::script()
        .greet([0])
        .expect_method(0)
        .connect("a:1")
        .expect_reply(0);
    let mut peer = script.run_over(client).await;
    let since = Instant::now();
    assert_eq!(peer.finish().await, b"");
    let (end, after) = ended(session, since).await;
    assert!(matches!(end, SessionEnd::TimedOut), "{end:?}");
    assert!(near(after, 30), "{after:?}");
}
