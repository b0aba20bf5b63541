use std::io;

use tokio::time::Instant;

use super::{
    DropReason,
    batch::Settled,
    flow::{Flow, reason_of},
};

impl Flow {
    /// What became of a datagram that was handed over to be sent: only now is it counted.
    pub(super) fn settle(&mut self, settled: Settled, now: Instant) {
        match settled {
            Settled::ToTarget {
                to,
                payload,
                result,
            } => match result {
                Ok(()) => self.sent_to_target(payload, now),
                Err(error) => {
                    if self.not_sent(&error) == DropReason::Socket {
                        self.targets.lost(to);
                    }
                }
            },
            Settled::ToClient { payload, result } => match result {
                Ok(()) => {
                    self.active = now;
                    self.traffic.add_received(payload as u64);
                    self.counters.add_received();
                }
                Err(error) => {
                    self.not_sent(&error);
                }
            },
            Settled::Reported(error) => self.failed(&error),
        }
    }

    pub(super) fn sent_to_target(&mut self, payload: usize, now: Instant) {
        self.active = now;
        self.traffic.add_sent(payload as u64);
        self.counters.add_sent();
    }

    fn not_sent(&self, error: &io::Error) -> DropReason {
        let reason = reason_of(error);
        self.counters.drop_one(reason);
        reason
    }
}
