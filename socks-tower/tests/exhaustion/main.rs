//! The relay where pipes run out. In a program of its own: what runs out is the process's.

#![cfg(any(target_os = "linux", target_os = "android"))]
// clippy knows a test by its attribute, not the functions that it calls.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod bounds;
mod descriptors;
#[path = "../../src/relay/tests/pattern.rs"]
#[allow(dead_code)] // A part of it is of use here.
mod pattern;
mod pipes;

use std::{
    net::Ipv4Addr,
    panic::resume_unwind,
    sync::{Arc, Mutex, PoisonError},
    thread,
};

use socks_core::{
    Address,
    message::{ConnInfo, Endpoint, Identity, SessionId, Version},
};
use socks_tower::{AdaptiveRelay, RelayEnd, Traffic, Tunnel};
use tokio::{
    net::{TcpSocket, TcpStream},
    task::JoinHandle,
};
use tower::ServiceExt;

/// Runs the tests of this program one after the other, each on a thread that takes its pipes with it.
fn alone(test: fn()) {
    static ALONE: Mutex<()> = Mutex::new(());
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let ended = thread::spawn(test).join();
    ended.unwrap_or_else(|panic| resume_unwind(panic));
}

/// A relay with the applications at its ends.
struct Link {
    near: TcpStream,
    far: TcpStream,
    traffic: Arc<Traffic>,
    relay: JoinHandle<RelayEnd>,
}

impl Link {
    async fn new(buffers: u32) -> Self {
        let ((near, client), (far, target)) =
            (connection(buffers).await, connection(buffers).await);
        let conn = ConnInfo::new(
            SessionId(1),
            Version::Socks5,
            Endpoint::Unnamed,
            Endpoint::Unnamed,
        );
        let destination = Address::Socket(far.local_addr().unwrap());
        let identity = Arc::new(Identity::anonymous());
        let tunnel = Tunnel::new(client, target, Arc::new(conn), identity, destination);
        let traffic = Arc::clone(&tunnel.traffic);
        let relay = async { AdaptiveRelay::new().oneshot(tunnel).await.unwrap() };
        Self {
            near,
            far,
            traffic,
            relay: tokio::spawn(relay),
        }
    }
}

/// Both ends of a connection over loopback.
async fn connection(buffers: u32) -> (TcpStream, TcpStream) {
    let (listening, socket) = (TcpSocket::new_v4().unwrap(), TcpSocket::new_v4().unwrap());
    for socket in [&listening, &socket] {
        socket.set_send_buffer_size(buffers).unwrap();
        socket.set_recv_buffer_size(buffers).unwrap();
    }
    listening.bind((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
    let listener = listening.listen(1).unwrap();
    let connect = socket.connect(listener.local_addr().unwrap());
    let (dialled, accepted) = tokio::join!(connect, listener.accept());
    (dialled.unwrap(), accepted.unwrap().0)
}
