use std::{fmt, str::FromStr};

use jiff::civil::{Time, Weekday};

use super::{EntryError, entry_error::Expected};

/// Seconds of a day by the clock on the wall.
pub(super) const DAY: u32 = 24 * 60 * 60;

const NAMES: [&str; 7] = [
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
];

/// Hours of some days of the week, by the clock on the wall: `mon-fri 08:00-18:00`, `sat,sun`,
/// `22:00-06:00`.
///
/// Days have their English names or the first three letters of them, and without days each is
/// meant; ranges of days may go across the end of the week. Hours are `HH:MM` or `HH:MM:SS`, from
/// 00:00 to 24:00, the end not included, and without hours the whole day is meant. Hours that end
/// before they begin go across midnight, and the days are those on which they begin:
/// `fri 22:00-06:00` ends on Saturday morning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TimeWindow {
    /// A bit for each day, Monday's the lowest.
    days: u8,
    start: u32,
    /// Seconds from the start of the day, up to two days.
    end: u32,
}

impl TimeWindow {
    /// From `start`, on each of `days`, to `end`, which is on the next day unless it is later than
    /// `start`. Parts of a second are dropped.
    pub fn new(days: impl IntoIterator<Item = Weekday>, start: Time, end: Time) -> Self {
        let days = days.into_iter().fold(0, |days, day| days | bit(day));
        let (start, end) = (seconds(start), seconds(end));
        let end = if end > start { end } else { end + DAY };
        Self { days, start, end }
    }

    /// Starts and ends in seconds from Monday's start, the end not included and up to a day beyond
    /// the week.
    pub(super) fn weekly(self) -> impl Iterator<Item = (u32, u32)> {
        (0..7)
            .filter(move |day| self.days & 1 << day != 0)
            .map(move |day| {
                let midnight = day * DAY;
                (midnight + self.start, midnight + self.end)
            })
    }
}

pub(super) fn seconds(time: Time) -> u32 {
    let [hour, minute, second] =
        [time.hour(), time.minute(), time.second()].map(|field| u32::from(field.unsigned_abs()));
    hour * 3600 + minute * 60 + second
}

fn bit(day: Weekday) -> u8 {
    1 << day.to_monday_zero_offset()
}

impl FromStr for TimeWindow {
    type Err = EntryError;

    /// # Errors
    ///
    /// If there is neither a day nor hours, something else, or hours that begin when they end.
    fn from_str(text: &str) -> Result<Self, EntryError> {
        let expected = |what| EntryError::new(text, Expected::TimeWindow(what));
        let words: Vec<_> = text.split_ascii_whitespace().collect();
        let (days, hours) = match *words {
            [days, hours] => (Some(days), Some(hours)),
            [hours] if hours.contains(':') => (None, Some(hours)),
            [days] => (Some(days), None),
            _ => return Err(expected("days and hours such as mon-fri 08:00-18:00")),
        };
        let days = days.map_or(Some(0b111_1111), parse_days);
        let days = days.ok_or_else(|| expected("days such as mon-fri or sat,sun"))?;
        let hours = hours.map_or(Some((0, DAY)), parse_hours);
        let (start, end) =
            hours.ok_or_else(|| expected("hours such as 08:00-18:00, from 00:00 to 24:00"))?;
        if start == end {
            return Err(expected(
                "hours of some length, 00:00-24:00 for a whole day",
            ));
        }
        let end = if end > start { end } else { end + DAY };
        Ok(Self { days, start, end })
    }
}

fn parse_days(text: &str) -> Option<u8> {
    text.split(',').try_fold(0, |days, part| {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (mut day, last) = (parse_day(first)?, parse_day(last)?);
        let mut days = days | bit(last);
        while day != last {
            days |= bit(day);
            day = day.next();
        }
        Some(days)
    })
}

fn parse_day(text: &str) -> Option<Weekday> {
    let day = NAMES.iter().position(|name| {
        let short = name
            .get(..3)
            .is_some_and(|short| short.eq_ignore_ascii_case(text));
        short || name.eq_ignore_ascii_case(text)
    })?;
    Weekday::from_monday_zero_offset(i8::try_from(day).ok()?).ok()
}

fn parse_hours(text: &str) -> Option<(u32, u32)> {
    let (start, end) = text.split_once('-')?;
    parse_time(start)
        .zip(parse_time(end))
        .filter(|(start, _)| *start < DAY)
}

fn parse_time(text: &str) -> Option<u32> {
    let mut fields = text.split(':').map(|field| {
        let digits = field.len() == 2 && field.bytes().all(|octet| octet.is_ascii_digit());
        digits.then(|| field.parse::<u32>().ok()).flatten()
    });
    let (hour, minute) = (fields.next()??, fields.next()??);
    let second = fields.next().unwrap_or(Some(0))?;
    let time = hour * 3600 + minute * 60 + second;
    let valid = minute < 60 && second < 60 && time <= DAY && fields.next().is_none();
    valid.then_some(time)
}

impl fmt::Display for TimeWindow {
    /// As it is read: `mon,tue,wed 08:00-18:00`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let days = NAMES
            .iter()
            .enumerate()
            .filter(|(day, _)| self.days & 1 << day != 0);
        let days = days
            .filter_map(|(_, name)| name.get(..3))
            .collect::<Vec<_>>();
        let end = if self.end > DAY {
            self.end - DAY
        } else {
            self.end
        };
        let [start, end] = [self.start, end].map(|time| {
            let (hour, minute, second) = (time / 3600, time / 60 % 60, time % 60);
            match second {
                0 => format!("{hour:02}:{minute:02}"),
                _ => format!("{hour:02}:{minute:02}:{second:02}"),
            }
        });
        write!(f, "{} {start}-{end}", days.join(","))
    }
}
