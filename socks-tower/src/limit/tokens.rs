use super::Rate;

/// A token bucket in whole numbers: a token is as many units as its rate's time has nanoseconds,
/// so that each nanosecond brings as many units as the rate has tokens, and nothing is rounded.
///
/// Times are nanoseconds from any start.
#[derive(Clone, Debug)]
pub(super) struct Tokens {
    amount: u64,
    every: u64,
    burst: u64,
    units: u128,
    /// Taken without having been there: nothing is until it is paid.
    owed: u128,
    at: u64,
}

impl Tokens {
    /// A full bucket.
    pub(super) fn new(rate: Rate, burst: u64, now: u64) -> Self {
        let every = u64::try_from(rate.every.as_nanos()).unwrap_or(u64::MAX);
        Self {
            amount: rate.amount.get(),
            every,
            burst,
            units: u128::from(burst) * u128::from(every),
            owed: 0,
            at: now,
        }
    }

    fn units(&self, tokens: u64) -> u128 {
        u128::from(tokens) * u128::from(self.every)
    }

    /// Lets time pass. Of the burst `reserved` tokens are taken and not used yet, so that many do not
    /// come back before they are.
    pub(super) fn refill(&mut self, now: u64, reserved: u64) {
        let elapsed = now.saturating_sub(self.at);
        self.at = self.at.max(now);
        let brought = u128::from(elapsed) * u128::from(self.amount);
        let brought = self.pay(brought);
        let most = self.units(self.burst.saturating_sub(reserved));
        self.units = self.units.saturating_add(brought).min(most);
    }

    /// Of so many units what is left once nothing is owed.
    fn pay(&mut self, units: u128) -> u128 {
        let paid = self.owed.min(units);
        self.owed -= paid;
        units - paid
    }

    pub(super) fn has(&self, tokens: u64) -> bool {
        self.units >= self.units(tokens)
    }

    pub(super) fn is_full(&self) -> bool {
        self.has(self.burst)
    }

    pub(super) fn take(&mut self, tokens: u64) {
        self.units = self.units.saturating_sub(self.units(tokens));
    }

    /// Takes tokens that are used already; those that are not there are owed.
    pub(super) fn charge(&mut self, tokens: u64) {
        let units = self.units(tokens);
        self.owed = self.owed.saturating_add(units.saturating_sub(self.units));
        self.units = self.units.saturating_sub(units);
    }

    /// Takes tokens back that were not used, as far as they fit.
    pub(super) fn give(&mut self, tokens: u64, reserved: u64) {
        let most = self.units(self.burst.saturating_sub(reserved));
        let units = self.pay(self.units(tokens));
        let given = self.units.saturating_add(units);
        self.units = given.min(most.max(self.units));
    }

    /// When there are so many, if nobody takes any before.
    pub(super) fn has_at(&self, tokens: u64) -> u64 {
        let missing = self.units(tokens).saturating_sub(self.units);
        let missing = missing.saturating_add(self.owed);
        let time = missing.div_ceil(u128::from(self.amount.max(1)));
        self.at
            .saturating_add(u64::try_from(time).unwrap_or(u64::MAX))
    }

    pub(super) fn burst(&self) -> u64 {
        self.burst
    }

    /// Goes on at another rate, with what is there and what is owed.
    pub(super) fn set(&mut self, rate: Rate, burst: u64, now: u64) {
        self.refill(now, 0);
        let tokens = |units: u128| {
            let tokens = units / u128::from(self.every.max(1));
            u64::try_from(tokens).unwrap_or(u64::MAX)
        };
        let mut new = Self::new(rate, burst, now);
        new.units = new.units.min(new.units(tokens(self.units)));
        new.owed = new.units(tokens(self.owed));
        *self = new;
    }
}
