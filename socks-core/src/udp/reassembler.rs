use core::time::Duration;

use alloc::borrow::Cow;

use super::{
    Action, Fragment, Outcome,
    queue::{Queue, Relation},
};
use crate::{Address, v5::UdpHeader};

/// Joins the fragments of datagrams from one sender (RFC 1928 §7): one queue, one timer, no clock.
///
/// Time is passed in as the duration since any fixed moment, the same for all calls. A caller
/// sleeps until [`deadline`](Self::deadline) and calls [`expire`](Self::expire); one that never
/// does loses nothing but memory held too long, since [`push`](Self::push) looks at the time too.
///
/// ```
/// # use core::time::Duration;
/// # use socks_core::{Address, udp::{Action, Reassembler}, v5::UdpHeader};
/// let address = Address::domain("dns.example", 53)?;
/// let mut reassembler = Reassembler::new(65_507);
/// let fragment = |fragment| UdpHeader { fragment, address: address.clone() };
///
/// let first = reassembler.push(&fragment(0x01), b"hel", Duration::from_secs(1));
/// assert_eq!(first.action, Action::Queued);
/// assert_eq!(reassembler.deadline(), Some(Duration::from_secs(6)));
///
/// let last = reassembler.push(&fragment(0x82), b"lo", Duration::from_secs(2));
/// assert_eq!(last.action, Action::Deliver(b"hello".into()));
/// # Ok::<_, socks_core::LengthError>(())
/// ```
#[derive(Debug)]
pub struct Reassembler {
    limit: usize,
    timeout: Duration,
    queue: Option<Queue>,
}

impl Reassembler {
    /// Shortest time that fragments are kept, and the default (`UD-25`).
    pub const MIN_TIMEOUT: Duration = Duration::from_secs(5);

    /// A reassembler that holds at most `limit` octets of data. A datagram that would need more
    /// is given up. No memory is taken before a fragment arrives.
    pub const fn new(limit: usize) -> Self {
        Self {
            limit,
            timeout: Self::MIN_TIMEOUT,
            queue: None,
        }
    }

    /// How long after its first fragment a datagram is given up; later fragments do not extend
    /// it. Less than [`MIN_TIMEOUT`](Self::MIN_TIMEOUT) is raised to that (`UD-25`).
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout.max(Self::MIN_TIMEOUT);
        self
    }

    /// Takes one datagram, its header already decoded.
    ///
    /// A datagram that stands alone is always delivered, and so is a last fragment that
    /// completes its datagram. Everything else is queued or dropped, by the rules of
    /// `UD-22`…`UD-24`. The destination of a fragment is compared as it was sent.
    pub fn push<'a>(&mut self, header: &UdpHeader, data: &'a [u8], now: Duration) -> Outcome<'a> {
        let expired = self.expire(now);
        let mut outcome = match Fragment::try_from(header.fragment) {
            Ok(Fragment::Standalone) => self.reset(Action::Deliver(Cow::Borrowed(data))),
            Ok(Fragment::Part { position, last }) => {
                self.part(&header.address, position, last, data, now)
            }
            Err(_) => self.reset(Action::Dropped),
        };
        outcome.abandoned |= expired;
        outcome
    }

    /// When the queued fragments are given up, on the clock of the caller. `None` without any.
    pub fn deadline(&self) -> Option<Duration> {
        self.queue.as_ref().map(Queue::deadline)
    }

    /// Gives the queued fragments up if `now` has reached their deadline, and says whether it did.
    pub fn expire(&mut self, now: Duration) -> bool {
        self.queue
            .take_if(|queue| queue.deadline() <= now)
            .is_some()
    }

    /// Octets of memory that queued data take, never more than the limit. A caller that caps all
    /// its associations together adds these up (`UD-25`).
    pub fn memory(&self) -> usize {
        self.queue.as_ref().map_or(0, Queue::memory)
    }

    fn reset<'a>(&mut self, action: Action<'a>) -> Outcome<'a> {
        Outcome {
            action,
            abandoned: self.queue.take().is_some(),
        }
    }

    fn part<'a>(
        &mut self,
        address: &Address,
        position: u8,
        last: bool,
        data: &'a [u8],
        now: Duration,
    ) -> Outcome<'a> {
        let queue = self.queue.take();
        let relation = queue
            .as_ref()
            .map_or(Relation::Restart, |queue| queue.relate(address, position));
        match (relation, queue) {
            (Relation::Next, Some(mut queue)) => {
                let fits = queue.append(position, data, self.limit);
                let action = match last {
                    true if fits => Action::Deliver(Cow::Owned(queue.into_data())),
                    false if fits => {
                        self.queue = Some(queue);
                        Action::Queued
                    }
                    _ => Action::Dropped,
                };
                Outcome {
                    action,
                    abandoned: !fits,
                }
            }
            (Relation::Repeat, queue) => {
                self.queue = queue;
                Outcome {
                    action: Action::Dropped,
                    abandoned: false,
                }
            }
            (Relation::Restart, queue) if position == 1 => Outcome {
                action: match last {
                    true => Action::Deliver(Cow::Borrowed(data)),
                    false => self.start(address, position, data, now),
                },
                abandoned: queue.is_some(),
            },
            (_, queue) => Outcome {
                action: Action::Dropped,
                abandoned: queue.is_some(),
            },
        }
    }

    fn start<'a>(
        &mut self,
        address: &Address,
        position: u8,
        data: &[u8],
        now: Duration,
    ) -> Action<'a> {
        let mut queue = Queue::new(address.clone(), now.saturating_add(self.timeout));
        if !queue.append(position, data, self.limit) {
            return Action::Dropped;
        }
        self.queue = Some(queue);
        Action::Queued
    }
}
