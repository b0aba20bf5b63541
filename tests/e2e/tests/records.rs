//! What is written down of sessions when their server goes away.

use std::{collections::BTreeMap, fs, time::Duration};

use e2e::with_login;
use socks_tower::{
    AccessLog, Accounting, TcpBinder, UdpRelay,
    accounting::FileAccount,
    lines::{Durability, Format, LineWriter},
    serve,
};
use support::{Peer, Target};
use tokio::{
    io::AsyncReadExt,
    net::{TcpListener, TcpStream},
    sync::oneshot,
};
use tower::ServiceBuilder;

/// How often each `field` occurs with each value, in the lines of a file.
fn counts(path: &std::path::Path, field: &str) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for line in fs::read_to_string(path).unwrap().lines() {
        let fields: serde_json::Value = serde_json::from_str(line).unwrap();
        let value = fields[field].as_str().unwrap_or("none");
        *counts.entry(value.to_owned()).or_default() += 1;
    }
    counts
}

fn expected<const N: usize>(counts: [(&str, usize); N]) -> BTreeMap<String, usize> {
    counts
        .map(|(value, count)| (value.to_owned(), count))
        .into()
}

/// Sessions that a drain cuts off have their line and their stop, a session of each kind, and all
/// is in the files once the server is gone.
#[tokio::test]
async fn a_drain_that_cuts_is_written_down() {
    let directory = tempfile::tempdir().unwrap();
    let [log, accounts] = ["log", "accounts"].map(|name| directory.path().join(name));
    let lines = |path| {
        LineWriter::file(path)
            .durability(Durability::Batch)
            .build()
            .unwrap()
    };
    let access_log = AccessLog::new(Format::Json, lines(&log));
    let accounting = Accounting::new(FileAccount::new(lines(&accounts)));

    let mut target = Target::silent().await;
    let socks = with_login(target.addr)
        .binder(TcpBinder::new())
        .udp_relayer(UdpRelay::new());
    let service = ServiceBuilder::new()
        .layer(access_log.layer())
        .layer(accounting.layer())
        .service(socks);
    drop((access_log, accounting));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let (shutdown, signal) = oneshot::channel::<()>();
    let server = serve(listener, service)
        .with_graceful_shutdown(async { drop(signal.await) })
        .drain_timeout(Duration::ZERO);
    let server = tokio::spawn(server.into_future());

    let login = || {
        let script = Peer::script().greet([2]).expect_method(2);
        script.login("user", "pass").expect_login(true)
    };
    let here = target.addr.to_string();
    let refused = login().request(9, &here).expect_reply(7).run(addr).await;
    drop(refused);
    let mut tunnel = login().connect(&here).expect_reply(0).run(addr).await;
    tunnel.send(b"12345").await;
    let mut accepted = target.accepted().await;
    accepted.read_exact(&mut [0; 5]).await.unwrap();
    let bind = login().bind("127.0.0.1:0").expect_reply(0).run(addr).await;
    let caller = TcpStream::connect(bind.bound.unwrap()).await.unwrap();
    let mut bind = bind;
    assert_eq!(bind.read(10).await[1], 0);
    let associate = login()
        .udp_associate("0.0.0.0:0")
        .expect_reply(0)
        .run(addr)
        .await;
    let listening = login().bind("127.0.0.1:0").expect_reply(0).run(addr).await;
    let handshake = login().run(addr).await;

    shutdown.send(()).unwrap();
    server.await.unwrap().unwrap();
    let ends = expected([("aborted", 5), ("malformed", 1)]);
    assert_eq!(counts(&log, "end"), ends);
    let commands = expected([
        ("bind", 2),
        ("connect", 1),
        ("none", 2),
        ("udp associate", 1),
    ]);
    assert_eq!(counts(&log, "command"), commands);
    assert_eq!(counts(&log, "user"), expected([("user", 6)]));
    // What had no tunnel and no association is nobody's to pay for.
    assert_eq!(
        counts(&accounts, "event"),
        expected([("start", 3), ("stop", 3)])
    );
    assert_eq!(
        counts(&accounts, "end"),
        expected([("aborted", 3), ("none", 3)])
    );
    let sent = fs::read_to_string(&accounts).unwrap();
    assert_eq!(sent.matches("\"sent\":5,").count(), 1);
    drop((tunnel, bind, caller, associate, listening, handshake));
}
