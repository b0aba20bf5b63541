mod establish;
mod race;
mod sockets;

use std::{
    collections::HashMap,
    io,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use socks_core::{
    Address,
    message::{ConnInfo, Connect, Endpoint, Identity, Permit, SessionId, Version},
};
use tokio::time::{Instant, sleep};

use super::{ConnectError, dial::Dial};

/// What comes of an attempt at an address.
#[derive(Clone, Copy)]
enum Outcome {
    Connects(u64),
    Fails(u64, io::ErrorKind),
    Hangs,
}

/// What happened, to which address, and after how many milliseconds.
#[derive(Debug, PartialEq)]
enum Event {
    Started(SocketAddr, u128),
    Dropped(SocketAddr, u128),
}

/// Plays outcomes by the clock; an address without one hangs.
struct FakeDial {
    outcomes: HashMap<SocketAddr, Outcome>,
    events: Arc<Mutex<Vec<Event>>>,
    start: Instant,
}

impl FakeDial {
    fn new(outcomes: &[(&str, Outcome)]) -> Self {
        let outcomes = outcomes
            .iter()
            .map(|(text, outcome)| (addr(text), *outcome));
        Self {
            outcomes: outcomes.collect(),
            events: Arc::default(),
            start: Instant::now(),
        }
    }

    fn events(&self) -> Arc<Mutex<Vec<Event>>> {
        self.events.clone()
    }
}

impl Dial for FakeDial {
    type Stream = SocketAddr;

    async fn dial(&self, addr: SocketAddr) -> Result<SocketAddr, ConnectError> {
        let now = || self.start.elapsed().as_millis();
        let note = |event| self.events.lock().unwrap().push(event);
        note(Event::Started(addr, now()));
        let dropped = Defer(|| note(Event::Dropped(addr, now())));
        let outcome = match self.outcomes.get(&addr).copied().unwrap_or(Outcome::Hangs) {
            Outcome::Connects(after) => {
                sleep(Duration::from_millis(after)).await;
                Ok(addr)
            }
            Outcome::Fails(after, kind) => {
                sleep(Duration::from_millis(after)).await;
                Err(io::Error::from(kind).into())
            }
            Outcome::Hangs => std::future::pending().await,
        };
        std::mem::forget(dropped);
        outcome
    }
}

/// Runs `on_drop` when it is dropped.
struct Defer<F: FnMut()>(F);

impl<F: FnMut()> Drop for Defer<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

fn addr(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

fn connect(destination: Address, permit: Permit) -> Connect {
    let conn = ConnInfo::new(
        SessionId(1),
        Version::Socks5,
        Endpoint::Unnamed,
        Endpoint::Unnamed,
    );
    let identity = Identity::anonymous();
    Connect::new(Arc::new(conn), Arc::new(identity), destination, permit)
}
