//! What windows mean where the clock is changed.

use jiff::{SignedDuration, Timestamp, civil::Weekday, tz::TimeZone};
use proptest::{collection::vec, prelude::*, sample::select};

use super::times::{at, window, windows};
use crate::{TimeWindow, TimeWindows};

/// A zone, and a time near which its clocks are changed.
const CHANGES: [(&str, &str); 13] = [
    ("UTC", "2026-03-01T00:00:00Z"),
    ("Europe/Berlin", "2026-03-29T01:00:00Z"),
    ("Europe/Berlin", "2026-10-25T01:00:00Z"),
    ("America/New_York", "2026-03-08T07:00:00Z"),
    ("America/New_York", "2026-11-01T06:00:00Z"),
    // By half an hour.
    ("Australia/Lord_Howe", "2026-04-04T15:00:00Z"),
    ("Australia/Lord_Howe", "2026-10-03T15:30:00Z"),
    // At midnight: a day that begins at 01:00, and an hour before midnight that comes twice.
    ("America/Sao_Paulo", "2018-11-04T03:00:00Z"),
    ("America/Sao_Paulo", "2018-02-18T02:00:00Z"),
    // From a minute after midnight to the day before.
    ("America/St_Johns", "2010-11-07T02:31:00Z"),
    ("Asia/Kathmandu", "2026-01-01T00:00:00Z"),
    // A Friday that never was.
    ("Pacific/Apia", "2011-12-30T10:00:00Z"),
    // A Saturday less or more at the date line, in 1844 and 1867, with offsets in seconds.
    ("America/Juneau", "1867-10-19T00:00:00Z"),
];

#[test]
fn put_forward_and_back() {
    // Berlin, 2026-03-29, a Sunday: from 02:00 to 03:00 at 01:00 UTC.
    let left_out = windows("Europe/Berlin", &["sun 02:15-02:45"]);
    assert!(!left_out.contains(at("2026-03-29T00:59:59Z")));
    assert!(!left_out.contains(at("2026-03-29T01:00:00Z")));
    assert_eq!(
        left_out.next_change(at("2026-03-29T00:30:00Z")),
        Some(at("2026-04-05T00:15:00Z"))
    );

    // What begins in the hour left out begins when the clock is put forward.
    let begins = windows("Europe/Berlin", &["sun 02:30-05:00"]);
    assert_eq!(
        begins.next_change(at("2026-03-29T00:30:00Z")),
        Some(at("2026-03-29T01:00:00Z"))
    );
    assert_eq!(
        begins.next_change(at("2026-03-29T01:00:00Z")),
        Some(at("2026-03-29T03:00:00Z"))
    );

    // Seen from days before, with another window later that day.
    let twofold = windows("Europe/Berlin", &["sun 02:30-05:00", "sun 06:00-07:00"]);
    assert_eq!(
        twofold.next_change(at("2026-03-27T00:00:00Z")),
        Some(at("2026-03-29T01:00:00Z"))
    );

    // And 2026-10-25: from 03:00 to 02:00 at 01:00 UTC.
    let twice = windows("Europe/Berlin", &["sun 02:15-02:45"]);
    for (from, to) in [
        ("2026-10-25T00:00:00Z", "2026-10-25T00:15:00Z"),
        ("2026-10-25T00:15:00Z", "2026-10-25T00:45:00Z"),
        ("2026-10-25T00:45:00Z", "2026-10-25T01:15:00Z"),
        ("2026-10-25T01:15:00Z", "2026-10-25T01:45:00Z"),
        ("2026-10-25T01:45:00Z", "2026-11-01T01:15:00Z"),
    ] {
        assert_eq!(twice.next_change(at(from)), Some(at(to)), "{from}");
    }

    // A night is as long as the clocks make it.
    let night = windows("America/New_York", &["sat 22:00-06:00"]);
    assert_eq!(
        night.next_change(at("2026-03-08T03:00:00Z")),
        Some(at("2026-03-08T10:00:00Z"))
    );
    assert_eq!(
        night.next_change(at("2026-11-01T02:00:00Z")),
        Some(at("2026-11-01T11:00:00Z"))
    );
}

#[test]
fn midnight_that_is_left_out_or_comes_twice() {
    // São Paulo, 2018-11-04: 00:00 is 01:00.
    let sunday = windows("America/Sao_Paulo", &["sun"]);
    assert_eq!(
        sunday.next_change(at("2018-11-03T12:00:00Z")),
        Some(at("2018-11-04T03:00:00Z"))
    );
    assert_eq!(
        sunday.next_change(at("2018-11-04T03:00:00Z")),
        Some(at("2018-11-05T02:00:00Z"))
    );
    // 2018-02-18: at 24:00 of Saturday it is 23:00 again, so Saturday has 25 hours.
    let saturday = windows("America/Sao_Paulo", &["sat"]);
    assert_eq!(
        saturday.next_change(at("2018-02-17T02:00:00Z")),
        Some(at("2018-02-18T03:00:00Z"))
    );
    // St. John's, 2010-11-07: at 00:01 it is 23:01 of Saturday.
    let late = windows("America/St_Johns", &["sat 23:30-23:45"]);
    assert_eq!(
        late.next_change(at("2010-11-07T02:30:30Z")),
        Some(at("2010-11-07T03:00:00Z"))
    );
    // Apia, 2011-12-30: no Friday between Thursday and Saturday.
    let friday = windows("Pacific/Apia", &["fri"]);
    assert_eq!(
        friday.next_change(at("2011-12-29T12:00:00Z")),
        Some(at("2012-01-05T10:00:00Z"))
    );
}

/// Days, start and end of windows, in the words in which they are shown.
fn words(windows: &[TimeWindow]) -> Vec<[String; 3]> {
    let words = windows.iter().map(|window| {
        let shown = window.to_string();
        let (days, hours) = shown.split_once(' ').unwrap();
        let (start, end) = hours.split_once('-').unwrap();
        [days, start, end].map(str::to_owned)
    });
    words.collect()
}

/// Day and hours as the zone's clock shows them, window by window.
fn naive(zone: &TimeZone, windows: &[[String; 3]], time: Timestamp) -> bool {
    let wall = zone.to_datetime(time);
    let [yesterday, today] = [wall.weekday().previous(), wall.weekday()].map(|day| match day {
        Weekday::Monday => "mon",
        Weekday::Tuesday => "tue",
        Weekday::Wednesday => "wed",
        Weekday::Thursday => "thu",
        Weekday::Friday => "fri",
        Weekday::Saturday => "sat",
        Weekday::Sunday => "sun",
    });
    let now = format!(
        "{:02}:{:02}:{:02}",
        wall.hour(),
        wall.minute(),
        wall.second()
    );
    windows.iter().any(|[days, start, end]| {
        let (today, yesterday) = (days.contains(today), days.contains(yesterday));
        match start < end {
            true => today && now >= *start && now < *end,
            false => today && now >= *start || yesterday && now < *end,
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Minute by minute, since windows and changes begin with one.
    #[test]
    fn agrees_with_the_clock(
        (zone, change) in select(&CHANGES[..12]),
        windows in vec(window(), 0..4),
        minutes in -3000_i64..3000,
    ) {
        let zone = TimeZone::get(zone).unwrap();
        let set = TimeWindows::new(zone.clone(), windows.iter().copied());
        let windows = words(&windows);
        let minute = |n| SignedDuration::from_mins(n);
        let start = at(change).checked_add(minute(minutes)).unwrap();
        let now = set.contains(start);
        prop_assert_eq!(now, naive(&zone, &windows, start));
        let mut after = (1..16 * 24 * 60).map(|n| start.checked_add(minute(n)).unwrap());
        let change = after.find(|time| naive(&zone, &windows, *time) != now);
        let found = set.next_change(start);
        prop_assert_eq!(found, change, "from {}", start);
        if let Some(change) = found {
            let before = change.checked_sub(SignedDuration::from_nanos(1)).unwrap();
            prop_assert_eq!((set.contains(before), set.contains(change)), (now, !now));
        }
    }
}

/// Zones whose offsets have seconds.
#[test]
fn offsets_of_old() {
    for (zone, near) in [CHANGES[12], ("Asia/Manila", "1844-12-31T00:00:00Z")] {
        let set = windows(zone, &["fri,sat 12:00-13:00"]);
        let mut time = at(near)
            .checked_sub(SignedDuration::from_hours(24 * 8))
            .unwrap();
        for _ in 0..8 {
            let change = set.next_change(time).unwrap();
            assert!(change > time);
            let before = change.checked_sub(SignedDuration::from_nanos(1)).unwrap();
            assert_ne!(
                set.contains(before),
                set.contains(change),
                "{zone} {change}"
            );
            assert_eq!(set.contains(before), set.contains(time), "{zone} {change}");
            time = change;
        }
    }
}
