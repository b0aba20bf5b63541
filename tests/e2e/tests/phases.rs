//! Phases that an application brings: UDP relayers, private methods, tower's own layers.

use std::{sync::Arc, time::Duration};

use e2e::open;
use socks_core::{
    Method,
    message::{
        AccessRequest, Associate, AuthRequest, Authentication, ConnInfo, Connect, Credentials,
        Identity, Verdict,
    },
    subnegotiation::{Protection, ProtectionError, Step, Subnegotiation, SubnegotiationError},
};
use socks_tower::{
    Association, BoxError, Connected, MakeSubnegotiation, SessionEnd, SocksService, Traffic,
};
use support::{Peer, Script, Server, Target};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::oneshot,
};
use tower::{ServiceBuilder, service_fn};

fn nowhere() -> SocksService {
    open("127.0.0.1:9".parse().unwrap())
}

fn requesting() -> Script {
    Peer::script().greet([0]).expect_method(0)
}

/// UD-1, UD-9, UD-37: an association gets its reply, lives as long as the control connection, and
/// ends when that ends or says too much.
#[tokio::test]
async fn associations_end_with_their_control_connection() {
    for flood in [false, true] {
        let (alive, mut ended) = oneshot::channel::<()>();
        let alive = Arc::new(std::sync::Mutex::new(Some(alive)));
        let relayer = service_fn(move |_: Associate| {
            let alive = alive.lock().unwrap().take();
            async move {
                let traffic = Arc::<Traffic>::default();
                traffic.add_sent(3);
                let addr = "127.0.0.1:4000".parse().unwrap();
                Ok::<_, BoxError>(Association::new(addr, traffic, async move {
                    let _alive = alive;
                    std::future::pending().await
                }))
            }
        });
        let mut server = Server::start(nowhere().udp_relayer(relayer)).await;
        let script = requesting().udp_associate("0.0.0.0:0").expect_reply(0);
        let mut client = script.run(server.addr).await;
        assert_eq!(client.bound, Some("127.0.0.1:4000".parse().unwrap()));
        client.send([0; 4000]).await;
        assert!(
            ended
                .try_recv()
                .is_err_and(|e| e == oneshot::error::TryRecvError::Empty)
        );
        match flood {
            true => client.send([0; 4000]).await,
            false => client.stream.shutdown().await.unwrap(),
        }
        let report = server.report().await;
        assert!(matches!(report.end, SessionEnd::Closed));
        assert_eq!(report.sent, 3);
        assert!(ended.await.is_err(), "the relaying was dropped");
    }
}

/// A private method: says its name, is let in, and inverts every octet from then on.
struct Inverting(bool);

#[derive(Debug)]
struct Inversion;

impl Subnegotiation for Inverting {
    fn method(&self) -> Method {
        Method(0x80)
    }

    fn input_limit(&self) -> usize {
        16
    }

    fn step(
        &mut self,
        input: &mut &[u8],
        output: &mut Vec<u8>,
    ) -> Result<Step, SubnegotiationError> {
        if self.0 {
            return Ok(Step::Done(Some(Box::new(Inversion))));
        }
        let Some(name) = input.split_off(..4) else {
            return Ok(Step::NeedInput);
        };
        if name != b"name" {
            output.extend(b"no");
            return Err(SubnegotiationError::Unacceptable);
        }
        Ok(Step::Verify(Credentials::Other {
            method: self.method(),
            proof: Arc::new("name"),
        }))
    }

    fn decided(&mut self, authentication: &Authentication, output: &mut Vec<u8>) {
        self.0 = authentication.is_accepted();
        output.extend(b"ok");
    }
}

impl Protection for Inversion {
    /// Frames of a length octet and up to 255 inverted octets.
    fn wrap(&mut self, plain: &[u8], output: &mut Vec<u8>) -> Result<(), ProtectionError> {
        for chunk in plain.chunks(255) {
            output.push(chunk.len() as u8);
            output.extend(chunk.iter().map(|octet| !octet));
        }
        Ok(())
    }

    fn unwrap(&mut self, input: &mut &[u8], plain: &mut Vec<u8>) -> Result<(), ProtectionError> {
        while let Some((len, rest)) = input.split_first() {
            let Some((frame, rest)) = rest.split_at_checked(usize::from(*len)) else {
                break;
            };
            if frame.is_empty() {
                return Err(ProtectionError);
            }
            plain.extend(frame.iter().map(|octet| !octet));
            *input = rest;
        }
        Ok(())
    }

    fn frame_limit(&self) -> usize {
        256
    }
}

struct MakeInverting;

impl MakeSubnegotiation for MakeInverting {
    fn method(&self) -> Method {
        Method(0x80)
    }

    fn make(&self, _: &ConnInfo) -> Box<dyn Subnegotiation> {
        Box::new(Inverting(false))
    }
}

fn private(target: std::net::SocketAddr) -> SocksService {
    let everybody = service_fn(|request: AuthRequest| async move {
        let named = matches!(request.credentials, Credentials::Other { .. });
        Ok::<_, BoxError>(match named {
            true => Authentication::Accepted(Identity::user("name", request.method)),
            false => Authentication::rejected(),
        })
    });
    open(target).authenticator(everybody).method(MakeInverting)
}

fn wrapped(plain: &[u8]) -> Vec<u8> {
    let mut output = Vec::new();
    Inversion.wrap(plain, &mut output).unwrap();
    output
}

/// R5-19, R5-54, GS-20: behind a private method with protection the request, the reply and the
/// payload are all protected, whatever the segments; frames and messages need not coincide.
#[tokio::test]
async fn protected_sessions() {
    let target = Target::echo().await;
    let mut server = Server::start(private(target.addr)).await;
    let request = b"\x05\x01\x00\x03\x0bexample.com\x00\x50payload";
    for split in 1..request.len() {
        let script = Peer::script()
            .greet([0, 0x80])
            .expect_method(0x80)
            .send("name")
            .expect("ok");
        let mut peer = script.run(server.addr).await;
        let (first, second) = request.split_at(split);
        peer.send([wrapped(first), wrapped(second)].concat()).await;
        let reply = peer.read(1 + 10).await;
        assert_eq!(reply[..4], [10, !5, !0, !0]);
        assert_eq!(peer.read(1 + 7).await, wrapped(b"payload"));
        assert_eq!(peer.finish().await, b"");
        assert!(matches!(server.report().await.end, SessionEnd::Closed));
    }
}

/// GS-22, GS-23: a frame that does not unwrap ends the connection, and so does an end inside one.
#[tokio::test]
async fn damaged_protection_ends_the_session() {
    let target = Target::echo().await;
    let mut server = Server::start(private(target.addr)).await;
    for damage in [&[0, 1, 2][..], &[9, 1]] {
        let script = Peer::script()
            .greet([0x80])
            .expect_method(0x80)
            .send("name")
            .expect("ok");
        let mut peer = script.run(server.addr).await;
        let request = wrapped(b"\x05\x01\x00\x03\x0bexample.com\x00\x50");
        peer.send([&request[..], damage].concat()).await;
        let _ = peer.stream.shutdown().await;
        let mut heard = Vec::new();
        let _ = peer.stream.read_to_end(&mut heard).await;
        assert!(heard.len() <= 11);
        assert!(!matches!(server.report().await.end, SessionEnd::Closed));
    }
}

/// R5-13, R5-18: the server's preference decides, and an authenticator may let a client in without
/// a login.
#[tokio::test]
async fn method_preference() {
    let trusting = service_fn(|request: AuthRequest| async move {
        let local = request.conn.peer.ip().is_some_and(|ip| ip.is_loopback());
        Ok::<_, BoxError>(match local {
            true => Authentication::Accepted(Identity::anonymous()),
            false => Authentication::rejected(),
        })
    });
    let socks = nowhere().authenticator(trusting);
    let server = Server::start(socks.clone()).await;
    for offer in [[0, 2], [2, 0]] {
        Peer::script()
            .greet(offer)
            .expect_method(2)
            .run(server.addr)
            .await;
    }
    Peer::script()
        .greet([0])
        .expect_method(0)
        .run(server.addr)
        .await;
    let preferring = socks.methods([Method::NO_AUTHENTICATION, Method::USERNAME_PASSWORD]);
    let server = Server::start(preferring).await;
    for offer in [[0, 2], [2, 0]] {
        Peer::script()
            .greet(offer)
            .expect_method(0)
            .run(server.addr)
            .await;
    }
}

/// R5-62: a client that resets while the server dials abandons the attempt.
#[tokio::test]
async fn a_reset_abandons_the_attempt() {
    let (dialling, mut abandoned) = oneshot::channel::<()>();
    let dialling = Arc::new(std::sync::Mutex::new(Some(dialling)));
    let connector = service_fn(move |_: Connect| {
        let dialling = dialling.lock().unwrap().take();
        async move {
            let _dialling = dialling;
            std::future::pending::<Result<Connected<TcpStream>, BoxError>>().await
        }
    });
    let allow = service_fn(|_: AccessRequest| async { Ok::<_, BoxError>(Verdict::allow()) });
    let mut server = Server::start(SocksService::new(connector).access(allow)).await;
    let client = requesting()
        .connect("example.com:80")
        .run(server.addr)
        .await;
    assert!(
        abandoned
            .try_recv()
            .is_err_and(|e| e == oneshot::error::TryRecvError::Empty)
    );
    client.stream.set_zero_linger().unwrap();
    drop(client);
    assert!(matches!(
        server.report().await.end,
        SessionEnd::Disconnected
    ));
    assert!(abandoned.await.is_err());
}

/// R5-7: early data is bounded: reading stops until the tunnel is open, and nothing of it is lost.
#[tokio::test]
async fn early_data_is_bounded() {
    let mut target = Target::silent().await;
    let (open_up, opened) = oneshot::channel::<()>();
    let opened = Arc::new(std::sync::Mutex::new(Some(opened)));
    let addr = target.addr;
    let connector = service_fn(move |_: Connect| {
        let opened = opened.lock().unwrap().take().expect("one connection");
        async move {
            opened.await?;
            let stream = TcpStream::connect(addr).await?;
            let bound = stream.local_addr()?;
            Ok::<_, BoxError>(Connected::new(stream, bound))
        }
    });
    let allow = service_fn(|_: AccessRequest| async { Ok::<_, BoxError>(Verdict::allow()) });
    let socks = SocksService::new(connector).access(allow).early_data(2048);
    let (client, io) = tokio::io::duplex(256);
    let session = tokio::spawn(tower::ServiceExt::oneshot(
        socks,
        socks_tower::Incoming::unnamed(io),
    ));
    let mut client = requesting()
        .connect("example.com:80")
        .run_over(client)
        .await;
    let payload: Vec<u8> = (0..10_000_u32).map(|n| n as u8).collect();
    let mut taken = 0;
    // What fits is taken by the pipe of 256 octets and the buffer of 2048, and no more.
    while let Ok(written) = tokio::time::timeout(
        Duration::from_millis(50),
        client.stream.write(&payload[taken..]),
    )
    .await
    {
        taken += written.unwrap();
    }
    assert!((2048..=2048 + 256).contains(&taken), "{taken}");
    open_up.send(()).unwrap();
    let mut accepted = target.accepted().await;
    let rest = async {
        assert_eq!(client.read(10).await[..2], [5, 0]);
        client.send(&payload[taken..]).await;
        client.stream.shutdown().await.unwrap();
    };
    let mut heard = Vec::new();
    let (_, read) = tokio::join!(rest, accepted.read_to_end(&mut heard));
    read.unwrap();
    assert!(heard == payload);
    drop((accepted, client));
    assert_eq!(session.await.unwrap().unwrap().sent, 10_000);
}

/// R5-66, R5-67: tower's own layers work on a phase unchanged, and their errors have codes: a
/// timeout is 06, an overload 01.
#[tokio::test]
async fn layers_around_a_phase() {
    let never =
        service_fn(|_: Connect| std::future::pending::<Result<Connected<TcpStream>, BoxError>>());
    let allow = service_fn(|_: AccessRequest| async { Ok::<_, BoxError>(Verdict::allow()) });

    let connector = ServiceBuilder::new()
        .timeout(Duration::from_millis(1))
        .service(never);
    let server = Server::start(SocksService::new(connector).access(allow)).await;
    requesting()
        .connect("example.com:80")
        .expect_reply(6)
        .run(server.addr)
        .await;

    let connector = ServiceBuilder::new()
        .load_shed()
        .concurrency_limit(1)
        .service(never);
    let server = Server::start(SocksService::new(connector).access(allow)).await;
    let _waiting = requesting()
        .connect("example.com:80")
        .run(server.addr)
        .await;
    loop {
        // The first dial holds the only slot as soon as it is under way.
        let mut second = requesting()
            .connect("example.com:80")
            .run(server.addr)
            .await;
        let mut reply = [0; 10];
        let read = second.stream.read_exact(&mut reply);
        if let Ok(read) = tokio::time::timeout(Duration::from_secs(5), read).await {
            read.unwrap();
            assert_eq!(reply[..2], [5, 1]);
            break;
        }
    }
}
