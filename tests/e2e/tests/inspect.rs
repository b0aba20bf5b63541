//! Inspection of whole sessions.

use std::sync::{Arc, Mutex};

use e2e::open;
use socks_core::{
    Address, Command, ReplyCode,
    message::{AccessPoint, AccessRequest, Denial, Terms, Verdict},
};
use socks_tower::{
    AdaptiveRelay, BoxError, Cut, SessionEnd, SocksService, TcpBinder, UdpRelay,
    inspect::{
        Chunk, Inspect, InspectDatagrams, InspectLayer, Inspection, Inspector, MakeInspector,
        Subject,
    },
};
use support::{Peer, Script, Server, Target, UdpEcho, UdpPeer};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tower::{Layer, ServiceExt, service_fn};

fn inspected<M: MakeInspector>(
    socks: SocksService,
    make: M,
) -> SocksService<TcpStream, Inspect<AdaptiveRelay, M>> {
    socks.relay(InspectLayer::new(make).layer(AdaptiveRelay::new()))
}

fn connecting(target: &Target) -> Script {
    let script = Peer::script().greet([0]).expect_method(0);
    script.connect(&target.addr.to_string())
}

/// SE-1, R5-7: an access controller is asked about what the client's first octets name, early ones too, with who it is
/// and at a point of its own. A refusal is a reset of the client, and in the report with its rule and limit.
#[tokio::test]
async fn a_rule_about_what_passes() {
    let mut target = Target::silent().await;
    let asked = Arc::<Mutex<Vec<AccessRequest>>>::default();
    let log = Arc::clone(&asked);
    let rules = service_fn(move |request: AccessRequest| {
        log.lock().unwrap().push(request.clone());
        async move {
            let bad = request.destination == Address::domain("bad.example", 443).unwrap();
            let denial = Denial::new(ReplyCode::NOT_ALLOWED).limit("names");
            let denial = denial.terms(Arc::new(Terms::new("no bad names")));
            Ok::<_, BoxError>(match bad {
                true => Verdict::Deny(denial),
                false => Verdict::allow(),
            })
        }
    });
    let make = move |subject: &Subject<'_>| -> Option<Box<dyn Inspector>> {
        let (subject, rules) = (subject.question(subject.destination.clone()), rules.clone());
        Some(Box::new(move |chunk: &Chunk<'_>| {
            let Some(name) = chunk.data.strip_suffix(b"\n") else {
                return Inspection::Hold;
            };
            let mut question = subject.clone();
            let name = std::str::from_utf8(name).unwrap();
            question.destination = Address::domain(name, 443).unwrap();
            let answer = rules.clone().oneshot(question);
            Inspection::later(async move {
                match answer.await {
                    Ok(Verdict::Allow(_)) => Inspection::Pass,
                    Ok(Verdict::Deny(denial)) => Inspection::Cut(denial.into()),
                    Err(_) => Inspection::Cut(Cut::new("rules_failed")),
                }
            })
        }))
    };
    let mut server = Server::start(inspected(open(target.addr), make)).await;

    let script = connecting(&target).send("good.").expect_reply(0);
    let mut peer = script.run(server.addr).await;
    peer.send("example\n").await;
    let mut accepted = target.accepted().await;
    let mut heard = [0; 13];
    accepted.read_exact(&mut heard).await.unwrap();
    assert_eq!(&heard, b"good.example\n");
    drop((peer, accepted));
    server.report().await;

    let script = connecting(&target).send("bad.").expect_reply(0);
    let mut peer = script.run(server.addr).await;
    peer.send("example\n").await;
    let mut accepted = target.accepted().await;
    for end in [&mut peer.stream, &mut accepted] {
        let error = end.read(&mut [0]).await.unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
    }
    let report = server.report().await;
    assert!(matches!(report.end, SessionEnd::Cut("denied")));
    assert_eq!(report.end.name(), "cut");
    assert_eq!(
        report.terms.map(|terms| terms.rule.to_string()),
        Some("no bad names".into())
    );
    assert_eq!(report.limit.as_deref(), Some("names"));
    assert_eq!((report.sent, report.received), (0, 0));

    for request in &*asked.lock().unwrap() {
        assert_eq!(request.point, AccessPoint::Inspection);
        assert_eq!(request.command, Command::Connect);
        assert!(request.conn.peer.is_local() && request.identity.is_anonymous());
    }
}

/// The tunnel of a BIND is inspected as well, and known as one.
#[tokio::test]
async fn the_tunnel_of_a_bind() {
    let make = |subject: &Subject<'_>| -> Option<Box<dyn Inspector>> {
        assert_eq!(subject.command, Command::Bind);
        Some(Box::new(|chunk: &Chunk<'_>| {
            Inspection::Rewrite(chunk.data.to_ascii_uppercase().into())
        }))
    };
    let socks = open("127.0.0.1:9".parse().unwrap()).binder(TcpBinder::new());
    let mut server = Server::start(inspected(socks, make)).await;
    let script = Peer::script().greet([0]).expect_method(0);
    let script = script.bind("127.0.0.1:9").expect_reply(0);
    let mut peer = script.run(server.addr).await;
    let mut remote = TcpStream::connect(peer.bound.unwrap()).await.unwrap();
    remote.write_all(b"hello").await.unwrap();
    remote.shutdown().await.unwrap();
    let reply = peer.read(10).await;
    assert_eq!(reply[..2], [5, 0]);
    assert_eq!(peer.finish().await, b"HELLO");
    assert!(matches!(server.report().await.end, SessionEnd::Closed));
}

/// What an inspector says of datagrams is done with real ones, and a cut ends the association and the client's
/// connection.
#[tokio::test]
async fn datagrams() {
    let make = |_: &Subject<'_>| -> Option<Box<dyn Inspector>> {
        Some(Box::new(|chunk: &Chunk<'_>| match chunk.data {
            b"end" => Inspection::Cut(Cut::new("ended")),
            data => Inspection::Rewrite([data, b"+"].concat().into()),
        }))
    };
    let udp = UdpRelay::new().filter(InspectDatagrams::new(make));
    let socks = open("127.0.0.1:9".parse().unwrap()).udp_relayer(udp);
    let mut server = Server::start(socks).await;
    let echo = UdpEcho::start("127.0.0.1:0").await;
    let destination = echo.addr.to_string();
    let script = Peer::script().greet([0]).expect_method(0);
    let script = script.udp_associate("0.0.0.0:0").expect_reply(0);
    let mut control = script.run(server.addr).await;
    let client = UdpPeer::new("127.0.0.1:0", control.bound.unwrap()).await;
    for length in [0, 1, 1400, 20_000] {
        let data = vec![b'x'; length];
        client.send(&destination, &data).await;
        assert_eq!(
            client.receive().await,
            (echo.addr, [&data[..], b"++"].concat())
        );
    }
    client.send(&destination, b"end").await;
    let report = server.report().await;
    assert!(matches!(report.end, SessionEnd::Cut("ended")));
    assert_eq!(report.datagrams.map(|counters| counters.sent()), Some(4));
    assert_eq!(control.rest().await, b"");
}
