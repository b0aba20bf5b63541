use std::{error::Error, fmt, str::FromStr};

/// From how many half-open connections on how many of a hundred further ones are refused, and from
/// how many on all of them: `start:rate:full`, as in sshd's `MaxStartups`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Throttle {
    start: u32,
    rate: u8,
    full: u32,
}

impl Throttle {
    /// With `start` connections open, a further one is refused in `rate` % of the cases; with `full`,
    /// always; in between the rate rises evenly. A rate above 100 is 100, and a `full` below
    /// `start` is `start`.
    pub const fn new(start: u32, rate: u8, full: u32) -> Self {
        Self {
            start,
            rate: if rate > 100 { 100 } else { rate },
            full: if full < start { start } else { full },
        }
    }

    /// No more than `full`, and no chance before that.
    pub const fn at_most(full: u32) -> Self {
        Self::new(full, 100, full)
    }

    /// Whether one more is refused with so many open. `random` answers with a number below its
    /// argument and is asked only where chance decides.
    pub(super) fn refuses(self, open: u32, random: impl FnOnce(u64) -> u64) -> bool {
        let Self { start, rate, full } = self;
        if open < start {
            return false;
        }
        if open >= full || rate == 100 {
            return true;
        }
        let (rate, span) = (u64::from(rate), u64::from(full - start));
        let risen = (100 - rate) * u64::from(open - start);
        random(100 * span) < rate * span + risen
    }
}

impl fmt::Display for Throttle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.start, self.rate, self.full)
    }
}

impl FromStr for Throttle {
    type Err = ParseThrottleError;

    /// Reads `start:rate:full`, or one number, which is [`at_most`](Self::at_most).
    ///
    /// # Errors
    ///
    /// For anything but decimal numbers, for a rate outside 1…100 and a `full` below `start`.
    fn from_str(text: &str) -> Result<Self, ParseThrottleError> {
        let number = |text: &str| text.parse::<u32>().map_err(|_| ParseThrottleError(()));
        let parts: Vec<_> = text.split(':').collect();
        match parts[..] {
            [full] => Ok(Self::at_most(number(full)?)),
            [start, rate, full] => {
                let (start, full) = (number(start)?, number(full)?);
                let rate = number(rate)?;
                let rate = u8::try_from(rate).map_err(|_| ParseThrottleError(()))?;
                if !(1..=100).contains(&rate) || full < start {
                    return Err(ParseThrottleError(()));
                }
                Ok(Self::new(start, rate, full))
            }
            _ => Err(ParseThrottleError(())),
        }
    }
}

/// A [`Throttle`] was expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParseThrottleError(());

impl fmt::Display for ParseThrottleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "a throttle is `start:rate:full`, with a rate of 1 to 100 and a full that is no less than start",
        )
    }
}

impl Error for ParseThrottleError {}
