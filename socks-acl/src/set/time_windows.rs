use std::fmt;

use jiff::{
    SignedDuration, Timestamp, ToSpan,
    civil::Date,
    tz::{AmbiguousOffset, TimeZone},
};

use super::{
    TimeWindow,
    ranges::Ranges,
    time_window::{DAY, seconds},
};

const WEEK: u32 = 7 * DAY;

/// The times of any number of [`TimeWindow`]s in a time zone.
///
/// A moment is in a window if the clock on the wall says so. So where the clock is put forward, hours
/// that are left out are in no window; and where it is put back, hours that come twice are in
/// their windows twice.
///
/// ```
/// use jiff::{Timestamp, tz::TimeZone};
/// use socks_acl::{TimeWindow, TimeWindows};
///
/// let windows = ["mon-fri 08:00-18:00".parse::<TimeWindow>()?];
/// let work = TimeWindows::new(TimeZone::get("Europe/Berlin")?, windows);
/// let monday: Timestamp = "2026-03-30T06:30:00Z".parse()?; // 08:30 since the day before
/// assert!(work.contains(monday));
/// assert_eq!(work.next_change(monday), Some("2026-03-30T16:00:00Z".parse()?));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq)]
pub struct TimeWindows {
    zone: TimeZone,
    /// Seconds from Monday's start.
    week: Ranges<u32>,
}

impl TimeWindows {
    /// `windows` by the clocks of `zone`.
    pub fn new(zone: TimeZone, windows: impl IntoIterator<Item = TimeWindow>) -> Self {
        let weekly = windows.into_iter().flat_map(TimeWindow::weekly);
        let week = weekly.flat_map(|(start, end)| {
            let last = end - 1;
            // What goes beyond Sunday's end is on Monday.
            let beyond = last.checked_sub(WEEK).map(|last| (0, last));
            [Some((start, last.min(WEEK - 1))), beyond]
        });
        Self {
            zone,
            week: Ranges::new(week.flatten().collect()),
        }
    }

    /// Whether `time` is in one of the windows.
    pub fn contains(&self, time: Timestamp) -> bool {
        let wall = self.zone.to_datetime(time);
        let day = u32::from(wall.weekday().to_monday_zero_offset().unsigned_abs());
        self.week.contains(day * DAY + seconds(wall.time()))
    }

    /// Until when [`contains`](Self::contains) says of each moment what it says of `time`: the first
    /// moment after `time` that is in if `time` is out, or out if it is in. `None` if that never
    /// changes.
    pub fn next_change(&self, time: Timestamp) -> Option<Timestamp> {
        let constant = match self.week.iter().next() {
            None => true,
            Some(first) => first == (0, WEEK - 1),
        };
        if constant {
            return None;
        }
        // Most changes are near. Farther ones are looked for only if they are not, at most over the weeks in
        // which changes of the clock can leave out windows.
        let near = [2, 9].into_iter().find_map(|days| {
            let change = self.first_change(time, days)?;
            // The last day that was looked at may end early, by any other zone's clock.
            let sure = time.checked_add(SignedDuration::from_hours(24 * (days - 1)));
            sure.is_ok_and(|sure| change < sure).then_some(change)
        });
        near.or_else(|| self.first_change(time, 30))
    }

    fn first_change(&self, time: Timestamp, days: i64) -> Option<Timestamp> {
        let today = self.zone.to_datetime(time).date();
        let end = time.checked_add(SignedDuration::from_hours(24 * days));
        let end = end.unwrap_or(Timestamp::MAX);
        let clock_changes = self.zone.following(time).map(|change| change.timestamp());
        // From yesterday, since the clock may be put back across midnight.
        let mut moments: Vec<_> = (-1..=days)
            .filter_map(|day| today.checked_add(day.days()).ok())
            .flat_map(|date| self.edges(date))
            .chain(clock_changes.take_while(|change| *change <= end))
            .filter(|moment| *moment > time)
            .collect();
        moments.sort_unstable();
        let now = self.contains(time);
        moments
            .into_iter()
            .find(|moment| self.contains(*moment) != now)
    }

    /// When the clock says, once or twice, that a range begins or has ended on `date`.
    fn edges(&self, date: Date) -> impl Iterator<Item = Timestamp> + '_ {
        let day = u32::from(date.weekday().to_monday_zero_offset().unsigned_abs());
        let edges = self
            .week
            .iter()
            .flat_map(|(first, last)| [first, (last + 1) % WEEK]);
        edges
            .filter(move |edge| edge / DAY == day)
            .flat_map(move |edge| {
                let wall = date
                    .at(0, 0, 0, 0)
                    .checked_add(i64::from(edge % DAY).seconds());
                let offsets =
                    wall.map(
                        |wall| match self.zone.to_ambiguous_timestamp(wall).offset() {
                            AmbiguousOffset::Unambiguous { offset } => {
                                [offset.to_timestamp(wall).ok(), None]
                            }
                            AmbiguousOffset::Fold { before, after } => {
                                [before, after].map(|offset| offset.to_timestamp(wall).ok())
                            }
                            // The clock never says it; that it was put forward is a moment of its own.
                            AmbiguousOffset::Gap { .. } => [None, None],
                        },
                    );
                offsets.unwrap_or_default().into_iter().flatten()
            })
    }

    /// Whether it has no time.
    pub fn is_empty(&self) -> bool {
        self.week.len() == 0
    }

    /// Disjoint ranges of a week that the windows come to.
    pub fn len(&self) -> usize {
        self.week.len()
    }

    /// The zone whose clocks are meant.
    pub const fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// Octets on the heap, without the zone, which is shared.
    pub fn memory(&self) -> usize {
        self.week.memory()
    }
}

impl fmt::Debug for TimeWindows {
    /// The zone and how many ranges of a week, not which.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TimeWindows")
            .field("zone", &self.zone)
            .field("week", &self.week.len())
            .finish()
    }
}
