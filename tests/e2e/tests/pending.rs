//! What happens while a request is under way: octets that come early, and clients that go.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use e2e::open;
use socks_core::message::{AccessRequest, Connect, Verdict};
use socks_tower::{BoxError, Connected, Incoming, SessionEnd, SessionReport, SocksService};
use support::{Peer, Script, Server, Target};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex},
    net::{TcpSocket, TcpStream},
    sync::{Notify, oneshot},
    task::{JoinHandle, yield_now},
};
use tower::{ServiceExt, service_fn};

/// Octets on their way between the client and the server.
const ON_THE_WAY: usize = 1024;

/// Most octets that the server may keep.
const EARLY: usize = 8 * 1024;

/// A server whose connector waits for the sender, and then answers or fails.
struct Waiting {
    client: DuplexStream,
    target: DuplexStream,
    go: oneshot::Sender<bool>,
    session: JoinHandle<SessionReport>,
}

impl Waiting {
    fn start() -> Self {
        let (go, gone) = oneshot::channel::<bool>();
        let (target, far) = duplex(ON_THE_WAY);
        let once = Arc::new(std::sync::Mutex::new(Some((gone, far))));
        let connector = service_fn(move |_: Connect| {
            let (gone, far) = once.lock().unwrap().take().unwrap();
            async move {
                match gone.await.unwrap() {
                    true => Ok(Connected::new(far, ([192, 0, 2, 1], 1).into())),
                    false => Err(BoxError::from("unreachable")),
                }
            }
        });
        let access = service_fn(|_: AccessRequest| async { Ok::<_, BoxError>(Verdict::allow()) });
        let socks = SocksService::new(connector)
            .access(access)
            .early_data(EARLY);
        let (client, server) = duplex(ON_THE_WAY);
        let session = socks.oneshot(Incoming::unnamed(server));
        Self {
            client,
            target,
            go,
            session: tokio::spawn(async { session.await.unwrap() }),
        }
    }
}

fn requesting() -> Script {
    Peer::script()
        .greet([0])
        .expect_method(0)
        .connect("example.com:80")
}

/// Writes as much as is taken without a wait for the other side; how much that was.
async fn stuff(client: &mut DuplexStream, octets: &[u8]) -> usize {
    let mut taken = 0;
    let mut idle = 0;
    while idle < 50 {
        let write = client.write(&octets[taken..]);
        tokio::select! {
            biased;
            written = write => { taken += written.unwrap(); idle = 0; }
            () = yield_now() => idle += 1,
        }
    }
    taken
}

/// R5-7: reading stops when the buffer is full, and everything reaches the target in order.
#[tokio::test(start_paused = true)]
async fn early_octets_are_bounded_and_arrive() {
    let waiting = Waiting::start();
    let peer = requesting().run_over(waiting.client).await;
    let mut client = peer.stream;
    let octets: Vec<u8> = (0..32 * 1024_u32).map(|octet| octet as u8).collect();
    let taken = stuff(&mut client, &octets).await;
    assert!(
        (EARLY..=EARLY + ON_THE_WAY).contains(&taken),
        "{taken} octets were taken"
    );

    waiting.go.send(true).unwrap();
    let mut target = waiting.target;
    let (rest, heard) = tokio::join!(
        async {
            let mut reply = [0; 10];
            client.read_exact(&mut reply).await.unwrap();
            client.write_all(&octets[taken..]).await.unwrap();
            client.shutdown().await.unwrap();
            reply
        },
        async {
            let mut heard = Vec::new();
            target.read_to_end(&mut heard).await.unwrap();
            target.shutdown().await.unwrap();
            heard
        }
    );
    assert_eq!(rest[..2], [5, 0]);
    assert!(heard == octets);
    drop(client);
    let report = waiting.session.await.unwrap();
    assert_eq!(report.sent, octets.len() as u64);
}

/// R5-7: after a failure they are dropped, and the reply is heard all the same.
#[tokio::test(start_paused = true)]
async fn early_octets_are_dropped_after_a_failure() {
    let waiting = Waiting::start();
    let mut client = requesting().run_over(waiting.client).await.stream;
    assert!(stuff(&mut client, &[7; 32 * 1024]).await >= EARLY);
    waiting.go.send(false).unwrap();
    let mut heard = Vec::new();
    client.read_to_end(&mut heard).await.unwrap();
    assert_eq!(heard, [5, 1, 0, 1, 0, 0, 0, 0, 0, 0]);
    drop(client);
    let report = waiting.session.await.unwrap();
    assert!(matches!(report.end, SessionEnd::Failed { .. }));
    assert_eq!(report.sent, 0);
    let mut target = waiting.target;
    assert_eq!(target.read(&mut [0]).await.unwrap(), 0);
}

/// Counts the attempts that are given up.
struct Abandoned(Arc<AtomicUsize>, Arc<Notify>);

impl Drop for Abandoned {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
        self.1.notify_one();
    }
}

/// R5-62: a client that resets or closes while its request is under way ends the attempt at once.
#[tokio::test]
async fn a_client_that_goes_ends_the_attempt() {
    let (abandoned, told) = (Arc::new(AtomicUsize::new(0)), Arc::new(Notify::new()));
    let begun = Arc::new(Notify::new());
    let (count, tell, begin) = (abandoned.clone(), told.clone(), begun.clone());
    let connector = service_fn(move |_: Connect| {
        let attempt = Abandoned(count.clone(), tell.clone());
        begin.notify_one();
        async move {
            let _attempt = attempt;
            std::future::pending::<Result<Connected<TcpStream>, BoxError>>().await
        }
    });
    let access = service_fn(|_: AccessRequest| async { Ok::<_, BoxError>(Verdict::allow()) });
    let mut server = Server::start(SocksService::new(connector).access(access)).await;
    for attempts in 1..=3 {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_zero_linger().unwrap();
        let stream = socket.connect(server.addr).await.unwrap();
        let peer = requesting().run_over(stream).await;
        begun.notified().await;
        drop(peer);
        told.notified().await;
        assert_eq!(abandoned.load(Ordering::SeqCst), attempts);
        let end = server.report().await.end;
        assert!(matches!(end, SessionEnd::Disconnected), "{end:?}");
    }
}

/// R5-57, S4-23: rules are asked with everything that they may judge by.
#[tokio::test]
async fn rules_hear_of_everything() {
    let target = Target::source("x").await;
    let (tell, mut heard) = tokio::sync::mpsc::unbounded_channel();
    let access = service_fn(move |request: AccessRequest| {
        tell.send(request).unwrap();
        async { Ok::<_, BoxError>(Verdict::allow()) }
    });
    let server = Server::start(open(target.addr).access(access)).await;
    let five = requesting().expect_reply(0).run(server.addr).await;
    let request = heard.recv().await.unwrap();
    let client = five.stream.local_addr().unwrap();
    assert_eq!(request.destination.to_string(), "example.com:80");
    assert_eq!(request.conn.peer.socket_addr(), Some(client));
    assert_eq!(request.conn.local.socket_addr(), Some(server.addr));
    assert!(request.identity.is_anonymous());

    let destination = target.addr.to_string();
    let four = Peer::script()
        .request4(1, &destination, "fred")
        .expect_reply4(0x5a)
        .run(server.addr)
        .await;
    let request = heard.recv().await.unwrap();
    let client = four.stream.local_addr().unwrap();
    assert_eq!(request.destination.to_string(), destination);
    assert_eq!(request.conn.peer.socket_addr(), Some(client));
    let claimed = request.identity.claimed.as_ref();
    assert_eq!(claimed.unwrap().as_bytes(), b"fred");
}

/// SE-53: a target that fails after the success reply resets the client: there is no other way left
/// to say so, and what it sent must not look complete.
#[tokio::test]
async fn a_target_that_fails_later_resets_the_client() {
    let mut target = Target::silent().await;
    let mut server = Server::start(open(target.addr)).await;
    let script = requesting().expect_reply(0);
    let mut peer = script.run(server.addr).await;
    let mut accepted = target.accepted().await;
    accepted.write_all(b"half of an answ").await.unwrap();
    assert_eq!(peer.read(15).await, b"half of an answ");
    accepted.set_zero_linger().unwrap();
    drop(accepted);
    let error = peer.stream.read(&mut [0]).await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
    let end = server.report().await.end;
    assert!(
        matches!(end, SessionEnd::Reset(socks_tower::Side::Target)),
        "{end:?}"
    );
}
