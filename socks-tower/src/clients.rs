use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Whom an address stands for: a host has an IPv4 address, or a network of 64 bits of IPv6, to
/// itself, as a rule.
pub(crate) fn host(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V6(ip) => Ipv6Addr::from_bits(ip.to_bits() >> 64 << 64).into(),
        ip => ip,
    }
}

/// So many places for each client, and a queue for them. Clients without an IP address, on unix
/// sockets say, are one client. One that has no place and waits for none leaves nothing behind.
#[derive(Debug)]
pub(crate) struct Clients {
    clients: Mutex<HashMap<Option<IpAddr>, Client>>,
    places: usize,
    /// Places and queue together.
    inside: usize,
}

#[derive(Debug)]
struct Client {
    places: Arc<Semaphore>,
    /// Who has a place or waits for one.
    inside: usize,
}

impl Clients {
    /// At most `places` at a time for each client, and as many as `waiting` who wait for one.
    pub(crate) fn new(places: usize, waiting: usize) -> Arc<Self> {
        let places = places.clamp(1, Semaphore::MAX_PERMITS);
        Arc::new(Self {
            clients: Mutex::default(),
            places,
            inside: places.saturating_add(waiting),
        })
    }

    /// Queues up for a place; `None` if the queue is full.
    pub(crate) fn enter(self: &Arc<Self>, ip: Option<IpAddr>) -> Option<Place> {
        let key = ip.map(host);
        let mut clients = self.lock();
        let client = clients.entry(key).or_insert_with(|| Client {
            places: Arc::new(Semaphore::new(self.places)),
            inside: 0,
        });
        if client.inside >= self.inside {
            return None;
        }
        client.inside += 1;
        Some(Place {
            key,
            places: Arc::clone(&client.places),
            taken: None,
            clients: Arc::clone(self),
        })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Option<IpAddr>, Client>> {
        // Nothing in here panics half way.
        self.clients.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.lock().len()
    }
}

/// One of a client's places, or of those in the queue for one, until this is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    key: Option<IpAddr>,
    places: Arc<Semaphore>,
    taken: Option<OwnedSemaphorePermit>,
    clients: Arc<Clients>,
}

impl Place {
    /// Waits for its turn: who came first is first. Dropping the future leaves the queue.
    pub(crate) async fn turn(mut self) -> Self {
        // The semaphore is never closed.
        self.taken = Arc::clone(&self.places).acquire_owned().await.ok();
        self
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut clients = self.clients.lock();
        // Under the lock: where the client is forgotten, all its places are free.
        self.taken = None;
        match clients.get_mut(&self.key) {
            Some(client) if client.inside > 1 => client.inside -= 1,
            _ => {
                clients.remove(&self.key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        pin::{Pin, pin},
        task::{Context, Poll, Waker},
    };

    use super::*;

    fn poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
        future.poll(&mut Context::from_waker(Waker::noop()))
    }

    fn ip(text: &str) -> Option<IpAddr> {
        Some(text.parse().unwrap())
    }

    #[test]
    fn places_are_taken_in_turn() {
        let clients = Clients::new(1, 2);
        let enter = |from| clients.enter(ip(from)).unwrap();
        let turn = |place: Place| match poll(pin!(place.turn())) {
            Poll::Ready(place) => place,
            Poll::Pending => panic!("a place is free"),
        };
        let first = turn(enter("192.0.2.1"));
        let mut second = pin!(enter("192.0.2.1").turn());
        let mut third = Box::pin(enter("192.0.2.1").turn());
        assert!(poll(second.as_mut()).is_pending());
        assert!(poll(third.as_mut()).is_pending());
        assert!(
            clients.enter(ip("192.0.2.1")).is_none(),
            "the queue is full"
        );
        let other = turn(enter("192.0.2.2"));
        drop(first);
        assert!(poll(third.as_mut()).is_pending());
        assert!(poll(second.as_mut()).is_ready(), "and dropped with it");
        let fourth = enter("192.0.2.1");
        drop(third);
        drop(turn(fourth));
        assert_eq!(clients.len(), 1);
        drop(other);
        assert_eq!(clients.len(), 0);
    }

    #[test]
    fn who_is_one_client() {
        let clients = Clients::new(1, 0);
        for (one, other, same) in [
            ("192.0.2.1", "::ffff:192.0.2.1", true),
            ("2001:db8::1", "2001:db8::2:1", true),
            ("2001:db8::1", "2001:db8:0:1::1", false),
            ("192.0.2.1", "192.0.2.2", false),
        ] {
            let _place = clients.enter(ip(one)).unwrap();
            assert_eq!(clients.enter(ip(other)).is_none(), same, "{one} {other}");
        }
        let _place = clients.enter(None).unwrap();
        assert!(clients.enter(None).is_none());
    }
}
