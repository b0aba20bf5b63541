use tokio::time::Instant;

/// A token bucket that holds one second's worth (`SE-28`).
#[derive(Debug)]
pub(super) struct Bucket {
    rate: f64,
    tokens: f64,
    refilled: Instant,
}

impl Bucket {
    pub(super) fn new(per_second: u64, now: Instant) -> Self {
        let rate = per_second as f64;
        Self {
            rate,
            tokens: rate,
            refilled: now,
        }
    }

    pub(super) fn holds(&mut self, tokens: usize, now: Instant) -> bool {
        let elapsed = now.saturating_duration_since(self.refilled);
        self.refilled = now;
        self.tokens = (self.tokens + elapsed.as_secs_f64() * self.rate).min(self.rate);
        self.tokens >= tokens as f64
    }

    pub(super) fn take(&mut self, tokens: usize) {
        self.tokens -= tokens as f64;
    }
}

/// The limits of one direction.
#[derive(Debug)]
pub(super) struct Rates {
    datagrams: Option<Bucket>,
    octets: Option<Bucket>,
}

impl Rates {
    pub(super) fn new(datagrams: Option<u64>, octets: Option<u64>, now: Instant) -> Self {
        let bucket = |rate: Option<u64>| rate.map(|rate| Bucket::new(rate, now));
        Self {
            datagrams: bucket(datagrams),
            octets: bucket(octets),
        }
    }

    /// Whether a datagram of so many octets may pass; it takes its tokens only if it may.
    pub(super) fn admit(&mut self, octets: usize, now: Instant) -> bool {
        let holds = |bucket: &mut Option<Bucket>, tokens| {
            bucket
                .as_mut()
                .is_none_or(|bucket| bucket.holds(tokens, now))
        };
        let admitted = holds(&mut self.datagrams, 1) && holds(&mut self.octets, octets);
        if admitted {
            self.datagrams.iter_mut().for_each(|bucket| bucket.take(1));
            self.octets
                .iter_mut()
                .for_each(|bucket| bucket.take(octets));
        }
        admitted
    }
}
