use std::{num::NonZeroU64, time::Duration};

/// So much in a while, and how much of it at once: connections, or octets.
///
/// A token bucket that is full at first. Sums are exact, however long it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    pub(super) amount: NonZeroU64,
    pub(super) every: Duration,
    burst: Option<NonZeroU64>,
}

/// The shortest and the longest time that a rate may be given for.
const EVERY: (Duration, Duration) = (Duration::from_millis(1), Duration::from_secs(86_400));

impl Rate {
    /// So much a second.
    pub const fn per_second(amount: NonZeroU64) -> Self {
        Self {
            amount,
            every: Duration::from_secs(1),
            burst: None,
        }
    }

    /// So much `every` so often (1 ms to a day; what is outside of that is moved to its edge).
    pub fn new(amount: NonZeroU64, every: Duration) -> Self {
        Self {
            amount,
            every: every.clamp(EVERY.0, EVERY.1),
            burst: None,
        }
    }

    /// How much may come at once after a pause. By default as many connections as the rate's amount
    /// says, and as many octets as a quarter of a second brings.
    ///
    /// Of octets at least what 20 ms bring, and 4 KiB: less could not be given out in time.
    #[must_use]
    pub const fn burst(mut self, burst: NonZeroU64) -> Self {
        self.burst = Some(burst);
        self
    }

    pub(super) fn burst_of_connects(self) -> u64 {
        self.burst.unwrap_or(self.amount).get()
    }

    pub(super) fn burst_of_octets(self) -> u64 {
        let least = self.brings(Duration::from_millis(20)).max(4 * 1024);
        let burst = match self.burst {
            Some(burst) => burst.get(),
            None => self.brings(Duration::from_millis(250)),
        };
        burst.max(least)
    }

    /// How much a time brings.
    pub(super) fn brings(self, time: Duration) -> u64 {
        let amount = u128::from(self.amount.get()) * time.as_nanos() / self.every.as_nanos();
        u64::try_from(amount).unwrap_or(u64::MAX)
    }
}
