//! Threads that share a port.

use std::{collections::HashSet, future::pending, io, net::SocketAddr, thread};

use socks_tower::{BoxError, Incoming, Worker, Workers, serve};
use tokio::{
    net::TcpStream,
    sync::{mpsc, oneshot},
};
use tower::service_fn;

const COUNT: usize = if cfg!(target_os = "linux") { 3 } else { 1 };

fn any_port() -> SocketAddr {
    "127.0.0.1:0".parse().unwrap()
}

#[tokio::test]
async fn all_workers_accept_on_a_port_that_the_system_chose() {
    let mut workers = Workers::new(COUNT);
    let addrs = [
        workers.bind(any_port()).unwrap(),
        workers.bind(any_port()).unwrap(),
    ];
    let (stop, stopped) = oneshot::channel::<()>();
    let (tx, mut served) = mpsc::unbounded_channel();
    let running = tokio::spawn(
        workers
            .with_graceful_shutdown(async {
                let _ = stopped.await;
            })
            .run(move |mut worker: Worker| async move {
                let index = worker.index();
                let service = service_fn(move |incoming: Incoming<TcpStream>| {
                    let thread = thread::current().name().unwrap_or_default().to_owned();
                    tx.send((index, thread, incoming.local)).unwrap();
                    async { Ok::<_, BoxError>(()) }
                });
                serve(worker.listeners()?, service)
                    .with_graceful_shutdown(worker.shutdown_signal())
                    .await
            }),
    );

    for addr in addrs {
        let mut seen = HashSet::new();
        // The kernel chooses by the client's port, so a few dozen are enough for any three workers.
        for _ in 0..2000 {
            let _client = TcpStream::connect(addr).await.unwrap();
            let (index, thread, local) = served.recv().await.unwrap();
            assert_eq!(local.socket_addr(), Some(addr));
            assert_eq!(thread, format!("socks-worker-{index}"));
            seen.insert(index);
            if seen.len() == COUNT {
                break;
            }
        }
        assert_eq!(seen.len(), COUNT);
    }

    stop.send(()).unwrap();
    running.await.unwrap().unwrap();
    assert!(TcpStream::connect(addrs[0]).await.is_err());
}

#[tokio::test]
async fn an_error_of_one_worker_ends_all() {
    let error = Workers::new(COUNT)
        .run(|worker: Worker| async move {
            if worker.index() == 0 {
                return Err(io::Error::other("broken"));
            }
            worker.shutdown_signal().await;
            Ok(())
        })
        .await
        .unwrap_err();
    assert_eq!(error.to_string(), "broken");
}

#[tokio::test]
async fn a_panic_of_one_worker_ends_all() {
    Workers::new(COUNT)
        .run(|worker: Worker| async move {
            assert_ne!(worker.index(), 0);
            worker.shutdown_signal().await;
            Ok(())
        })
        .await
        .unwrap_err();
}

#[tokio::test]
async fn dropping_the_future_stops_the_workers() {
    let (started, mut starts) = mpsc::unbounded_channel();
    let (alive, mut ends) = mpsc::channel::<()>(1);
    let running = Workers::new(COUNT).run(move |_| async move {
        started.send(()).unwrap();
        let _alive = alive;
        pending().await
    });
    let running = tokio::spawn(running);
    for _ in 0..COUNT {
        starts.recv().await.unwrap();
    }
    running.abort();
    assert_eq!(ends.recv().await, None);
}

#[tokio::test]
async fn zero_workers_are_one_and_a_port_in_use_is_an_error() {
    let mut workers = Workers::new(0);
    let addr = workers.bind(any_port()).unwrap();
    let error = workers.bind(addr).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
    let ran = workers
        .run(|mut worker: Worker| async move {
            assert_eq!(worker.listeners()?.len(), 1);
            assert_eq!(worker.listeners()?.len(), 0);
            Ok(())
        })
        .await;
    ran.unwrap();
}
