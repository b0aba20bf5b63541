use std::time::SystemTime;

use jiff::{
    Timestamp, ToSpan,
    civil::{Date, Weekday},
    tz::TimeZone,
};

use super::LimitsError;
use crate::udp::Direction;

/// How many octets of payload pass in a day, a week or a month: each way, or both together.
///
/// What is used up is refused until the period ends, and sessions that run are cut with their next octet;
/// [`tell_only`](Self::tell_only) leaves that to the rules. Sessions that run at the same time may
/// together pass what they are about to read or were granted already, up to 1 MiB each.
#[derive(Clone, Debug, PartialEq)]
pub struct Volume {
    period: Period,
    time_zone: TimeZone,
    pub(super) up: Option<u64>,
    pub(super) down: Option<u64>,
    pub(super) total: Option<u64>,
    pub(super) tell_only: bool,
}

/// After how long a volume is there anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Period {
    /// At midnight.
    Day,
    /// At midnight before Monday.
    Week,
    /// At midnight before the first.
    Month,
}

impl Volume {
    /// No limit yet, by UTC.
    pub const fn new(period: Period) -> Self {
        Self {
            period,
            time_zone: TimeZone::UTC,
            up: None,
            down: None,
            total: None,
            tell_only: false,
        }
    }

    /// Octets from clients to targets.
    #[must_use]
    pub const fn up(mut self, octets: u64) -> Self {
        self.up = Some(octets);
        self
    }

    /// Octets from targets to clients.
    #[must_use]
    pub const fn down(mut self, octets: u64) -> Self {
        self.down = Some(octets);
        self
    }

    /// Octets both ways together.
    #[must_use]
    pub const fn total(mut self, octets: u64) -> Self {
        self.total = Some(octets);
        self
    }

    /// Where midnight is: the name of a time zone of the IANA database, such as `Europe/Berlin`, in
    /// the system's copy of it.
    ///
    /// # Errors
    ///
    /// There is no such time zone.
    pub fn time_zone(mut self, name: &str) -> Result<Self, LimitsError> {
        let zone = TimeZone::get(name);
        self.time_zone = zone.map_err(|error| LimitsError::time_zone(name, error))?;
        Ok(self)
    }

    /// Refuses and cuts nothing: the rules hear of it
    /// ([`UsedUp`](socks_core::message::UsedUp)) and may name a slower limit.
    #[must_use]
    pub const fn tell_only(mut self) -> Self {
        self.tell_only = true;
        self
    }

    pub(super) fn is_used_up(&self, sent: u64, received: u64) -> bool {
        let over = |limit: Option<u64>, octets| limit.is_some_and(|limit| octets >= limit);
        over(self.up, sent)
            || over(self.down, received)
            || over(self.total, sent.saturating_add(received))
    }

    /// Octets that may still pass in this direction.
    pub(super) fn left(&self, direction: Direction, sent: u64, received: u64) -> u64 {
        let (limit, octets) = match direction {
            Direction::ToTarget => (self.up, sent),
            Direction::ToClient => (self.down, received),
        };
        let left = |limit: Option<u64>, octets| {
            limit.map_or(u64::MAX, |limit| limit.saturating_sub(octets))
        };
        left(limit, octets).min(left(self.total, sent.saturating_add(received)))
    }

    /// From when to when the period of `now` lasts, in seconds of Unix time.
    pub(super) fn bounds(&self, now: SystemTime) -> (i64, i64) {
        let timestamp = Timestamp::try_from(now).unwrap_or_default();
        let today = self.time_zone.to_datetime(timestamp).date();
        // Outside of years that a calendar has there is one period, of which nothing is forgotten.
        self.days(today).unwrap_or((i64::MIN, i64::MAX))
    }

    fn days(&self, today: Date) -> Option<(i64, i64)> {
        let (first, next) = match self.period {
            Period::Day => (today, today.checked_add(1.day()).ok()?),
            Period::Week => {
                let since = today.weekday().since(Weekday::Monday);
                let first = today.checked_sub(i32::from(since).days()).ok()?;
                (first, first.checked_add(1.week()).ok()?)
            }
            Period::Month => {
                let first = today.first_of_month();
                (first, first.checked_add(1.month()).ok()?)
            }
        };
        // Where midnight is skipped by a change of the clock, the day begins behind it.
        let midnight = |date: Date| {
            let midnight = self.time_zone.to_timestamp(date.at(0, 0, 0, 0)).ok()?;
            Some(midnight.as_second())
        };
        Some((midnight(first)?, midnight(next)?))
    }
}
