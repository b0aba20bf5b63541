//! The listeners themselves.

use std::{future::poll_fn, io, net::SocketAddr, time::Duration};

use socket2::SockRef;
use socks_core::message::Endpoint;
use socks_tower::{Incoming, Listener, ListenerExt, TcpListenerOptions};
use tokio::net::{TcpListener, TcpStream};

use crate::support::{connection, scripted};

async fn accept<L: Listener>(listener: &mut L) -> io::Result<Incoming<L::Io>> {
    poll_fn(|cx| listener.poll_accept(cx)).await
}

fn any_port() -> SocketAddr {
    "127.0.0.1:0".parse().unwrap()
}

/// SE-52: accepted connections have keepalive, below the timeouts of common NATs; and no delay.
#[tokio::test]
async fn accepted_tcp_connections_have_nodelay_and_keepalive() {
    let minute = Duration::from_secs(60);
    let options = TcpListenerOptions::new();
    for (mut listener, idle) in [
        (TcpListener::bind(any_port()).await.unwrap(), minute),
        (options.bind(any_port()).unwrap(), minute),
        (
            options
                .clone()
                .keepalive(minute / 3)
                .bind(any_port())
                .unwrap(),
            minute / 3,
        ),
    ] {
        listener.prepare().unwrap();
        let addr = listener.local_addr().unwrap();
        let client = TcpStream::connect(addr).await.unwrap();
        let incoming = accept(&mut listener).await.unwrap();
        assert_eq!(incoming.local, Endpoint::from(addr));
        assert_eq!(incoming.peer, Endpoint::from(client.local_addr().unwrap()));
        let socket = SockRef::from(&incoming.io);
        assert!(socket.tcp_nodelay().unwrap());
        assert!(socket.keepalive().unwrap());
        assert_eq!(socket.tcp_keepalive_time().unwrap(), idle);
    }
}

#[tokio::test]
async fn map_io_can_undo_an_option() {
    let listener = TcpListener::bind(any_port()).await.unwrap();
    let addr = listener.local_addr().unwrap();
    let mut listener = listener
        .map_io(|stream| {
            stream.set_nodelay(false).unwrap();
            stream
        })
        .named("slow");
    listener.prepare().unwrap();
    let _client = TcpStream::connect(addr).await.unwrap();
    let incoming = accept(&mut listener).await.unwrap();
    assert!(!incoming.io.nodelay().unwrap());
    assert_eq!(incoming.listener.as_deref(), Some("slow"));
}

#[tokio::test]
async fn an_ipv6_listener_takes_ipv4_clients_unless_told_not_to() {
    let any = "[::]:0".parse().unwrap();
    let Ok(mut both) = TcpListenerOptions::new().bind(any) else {
        return; // A machine without IPv6.
    };
    let port = both.local_addr().unwrap().port();
    let _client = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let incoming = accept(&mut both).await.unwrap();
    assert_eq!(incoming.peer.ip(), Some("127.0.0.1".parse().unwrap()));

    let only_v6 = TcpListenerOptions::new().only_v6(true).bind(any).unwrap();
    let port = only_v6.local_addr().unwrap().port();
    assert!(TcpStream::connect(("127.0.0.1", port)).await.is_err());
}

#[tokio::test]
async fn a_port_is_shared_only_when_asked_for() {
    let shared = TcpListenerOptions::new().reuse_port(true);
    let first = shared.bind(any_port()).unwrap();
    let addr = first.local_addr().unwrap();
    let _second = shared.bind(addr).unwrap();
    let error = TcpListenerOptions::new().bind(addr).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
}

#[cfg(unix)]
#[tokio::test]
async fn a_unix_listener_accepts() {
    use std::sync::Arc;
    use tokio::net::{UnixListener, UnixStream};

    let dir = std::env::temp_dir().join(format!("socks-tower-{}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    let path = dir.join("socks");
    let mut listener = UnixListener::bind(&path).unwrap();
    let local = Endpoint::Unix(Some(Arc::from(path.to_str().unwrap())));
    assert_eq!(listener.local_endpoint().unwrap(), local);

    let _client = UnixStream::connect(&path).await.unwrap();
    let incoming = accept(&mut listener).await.unwrap();
    assert_eq!(incoming.local, local);
    assert_eq!(incoming.peer, Endpoint::Unix(None));
    std::fs::remove_dir_all(dir).unwrap();
}

#[tokio::test]
async fn several_listeners_take_turns() {
    let (busy, first, _) = scripted();
    let (quiet, second, _) = scripted();
    let mut listeners = vec![first.named("busy"), second.named("quiet")];
    for _ in 0..4 {
        busy.send(connection()).unwrap();
    }
    for _ in 0..2 {
        quiet.send(connection()).unwrap();
    }
    let mut order = Vec::new();
    for _ in 0..6 {
        order.push(accept(&mut listeners).await.unwrap().listener.unwrap());
    }
    let names: Vec<&str> = order.iter().map(AsRef::as_ref).collect();
    assert_eq!(names, ["busy", "quiet", "busy", "quiet", "busy", "busy"]);
}

#[tokio::test]
async fn listeners_of_different_kinds_are_one_behind_boxes() {
    let (script, scripted, _) = scripted();
    let tcp = TcpListener::bind(any_port()).await.unwrap();
    let addr = tcp.local_addr().unwrap();
    let mut listeners: Vec<Box<dyn Listener<Io = ()>>> =
        vec![Box::new(scripted), Box::new(tcp.map_io(drop))];
    listeners.prepare().unwrap();
    let _client = TcpStream::connect(addr).await.unwrap();
    assert_eq!(
        accept(&mut listeners).await.unwrap().local,
        Endpoint::from(addr)
    );
    script.send(connection()).unwrap();
    assert_eq!(
        accept(&mut listeners).await.unwrap().local,
        Endpoint::Unnamed
    );
}

#[tokio::test]
async fn no_listener_at_all_is_an_error() {
    let mut none = Vec::<TcpListener>::new();
    let error = accept(&mut none).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
    assert!(none.local_endpoint().is_err());
}
