use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::SystemTime,
};

use bytes::Bytes;
use socks_core::message::SessionId;
use tokio::sync::mpsc::Sender;

use super::{TapEvent, TapRecord};
use crate::{
    inspect::{Chunk, Inspection, Inspector, MakeInspector, Subject},
    udp::Direction,
};

/// Copies everything that passes into a channel; see [`tap`](super::tap).
///
/// A tunnel never waits for the reader: what does not fit into the channel is not copied, and counted. It costs a
/// copy, no splicing, and nothing but a look once the reader is gone.
#[derive(Clone, Debug)]
pub struct Tap {
    sender: Sender<TapRecord>,
    dropped: Arc<AtomicU64>,
}

impl Tap {
    pub(super) const fn new(sender: Sender<TapRecord>, dropped: Arc<AtomicU64>) -> Self {
        Self { sender, dropped }
    }

    /// Records that were not made because too many waited.
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    /// Makes the record only if it has room.
    fn record(&self, session: SessionId, event: impl FnOnce() -> TapEvent) {
        if self.sender.is_closed() {
            return;
        }
        match self.sender.try_reserve() {
            Ok(room) => room.send(TapRecord {
                session,
                at: SystemTime::now(),
                event: event(),
            }),
            Err(_) => {
                self.dropped.fetch_add(1, Ordering::Relaxed);
            }
        }
    }
}

impl MakeInspector for Tap {
    fn make(&self, subject: &Subject<'_>) -> Option<Box<dyn Inspector>> {
        if self.sender.is_closed() {
            return None;
        }
        let session = subject.conn.id;
        self.record(session, || TapEvent::Begin {
            peer: subject.conn.peer.clone(),
            command: subject.command,
            destination: subject.destination.clone(),
            remote: subject.remote,
        });
        Some(Box::new(Tapped {
            tap: self.clone(),
            session,
            sent: 0,
            received: 0,
        }))
    }
}

/// One tunnel or association.
struct Tapped {
    tap: Tap,
    session: SessionId,
    /// Octets seen, copied or not.
    sent: u64,
    received: u64,
}

impl Inspector for Tapped {
    fn inspect(&mut self, chunk: &Chunk<'_>) -> Inspection {
        let Chunk {
            direction,
            data,
            end,
            ..
        } = *chunk;
        let copy = || Bytes::copy_from_slice(data);
        if let Some(datagram) = chunk.datagram {
            self.tap.record(self.session, || TapEvent::Datagram {
                direction,
                remote: datagram.remote,
                data: copy(),
            });
            return Inspection::Pass;
        }
        let seen = match direction {
            Direction::ToTarget => &mut self.sent,
            Direction::ToClient => &mut self.received,
        };
        let offset = *seen;
        *seen += data.len() as u64;
        if !data.is_empty() {
            self.tap.record(self.session, || TapEvent::Octets {
                direction,
                offset,
                data: copy(),
            });
        }
        if end {
            let offset = *seen;
            let event = || TapEvent::End { direction, offset };
            self.tap.record(self.session, event);
        }
        Inspection::Pass
    }

    fn wants(&self, _: Direction) -> bool {
        !self.tap.sender.is_closed()
    }
}

impl Drop for Tapped {
    fn drop(&mut self) {
        self.tap.record(self.session, || TapEvent::Over);
    }
}
