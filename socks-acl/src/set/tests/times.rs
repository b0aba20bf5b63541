use jiff::{
    Timestamp,
    civil::{Time, Weekday, time},
    tz::TimeZone,
};
use proptest::{collection::vec, prelude::*, sample::select};

use crate::{TimeWindow, TimeWindows};

pub(super) fn windows(zone: &str, windows: &[&str]) -> TimeWindows {
    let windows = windows
        .iter()
        .map(|text| text.parse::<TimeWindow>().unwrap());
    TimeWindows::new(TimeZone::get(zone).unwrap(), windows)
}

pub(super) fn at(time: &str) -> Timestamp {
    time.parse().unwrap()
}

/// Of each boundary, the moment before and the moment itself.
#[test]
fn boundaries_of_a_week() {
    for (window, time, expected) in [
        // 2026-03-02 is a Monday.
        ("mon-fri 08:00-18:00", "2026-03-02T07:59:59.999Z", false),
        ("mon-fri 08:00-18:00", "2026-03-02T08:00:00Z", true),
        ("mon-fri 08:00-18:00", "2026-03-06T17:59:59.999Z", true),
        ("mon-fri 08:00-18:00", "2026-03-06T18:00:00Z", false),
        ("mon-fri 08:00-18:00", "2026-03-07T12:00:00Z", false),
        // Across midnight, on the days on which it begins.
        ("fri 22:00-06:00", "2026-03-06T05:00:00Z", false),
        ("fri 22:00-06:00", "2026-03-06T22:00:00Z", true),
        ("fri 22:00-06:00", "2026-03-07T05:59:59Z", true),
        ("fri 22:00-06:00", "2026-03-07T06:00:00Z", false),
        ("fri 22:00-06:00", "2026-03-07T23:00:00Z", false),
        // And across the end of the week.
        ("sun 22:00-06:00", "2026-03-02T05:59:59Z", true),
        ("sun 22:00-06:00", "2026-03-02T06:00:00Z", false),
        ("sun 22:00-06:00", "2026-03-08T21:59:59Z", false),
        ("sun 22:00-06:00", "2026-03-08T22:00:00Z", true),
        // Whole days, and days across the end of the week.
        ("sat-mon", "2026-03-06T23:59:59Z", false),
        ("sat-mon", "2026-03-07T00:00:00Z", true),
        ("sat-mon", "2026-03-09T23:59:59Z", true),
        ("sat-mon", "2026-03-10T00:00:00Z", false),
        ("23:00-24:00", "2026-03-04T23:59:59Z", true),
        ("23:00-24:00", "2026-03-05T00:00:00Z", false),
        ("23:00-00:00", "2026-03-04T23:59:59Z", true),
        ("23:00-00:00", "2026-03-05T00:00:00Z", false),
        ("12:00:01-12:00:02", "2026-03-04T12:00:01.5Z", true),
        ("12:00:01-12:00:02", "2026-03-04T12:00:02Z", false),
    ] {
        assert_eq!(
            windows("UTC", &[window]).contains(at(time)),
            expected,
            "{window} {time}"
        );
    }
}

#[test]
fn windows_join() {
    let always = windows(
        "UTC",
        &[
            "mon-thu",
            "fri-sun 12:00-12:30",
            "fri-sun 12:30-12:00",
            "fri 00:00-12:00",
        ],
    );
    assert_eq!(
        (always.len(), always.next_change(at("2026-03-04T12:00:00Z"))),
        (1, None)
    );
    let never = windows("UTC", &[]);
    assert!(never.is_empty() && !never.contains(Timestamp::UNIX_EPOCH));
    assert_eq!(never.next_change(Timestamp::UNIX_EPOCH), None);
    assert_eq!(
        format!("{:?}", windows("UTC", &["mon", "wed"])),
        "TimeWindows { zone: TimeZone(UTC), week: 2 }"
    );
    assert_eq!(windows("UTC", &["mon", "wed"]).memory(), 16);
}

#[test]
fn changes_far_and_near() {
    let once_a_week = windows("UTC", &["mon 08:00-09:00"]);
    for (from, to) in [
        ("2026-03-02T07:59:59.999999999Z", "2026-03-02T08:00:00Z"),
        ("2026-03-02T08:00:00Z", "2026-03-02T09:00:00Z"),
        ("2026-03-02T09:00:00Z", "2026-03-09T08:00:00Z"),
    ] {
        assert_eq!(once_a_week.next_change(at(from)), Some(at(to)), "{from}");
    }
    // Where there is no later moment, there is no change.
    assert_eq!(once_a_week.next_change(Timestamp::MAX), None);
    assert!(once_a_week.next_change(Timestamp::MIN).is_some());
}

/// Both ways to make one mean the same.
#[test]
fn made_in_code() {
    use Weekday::{Friday, Monday};
    for (days, start, end, text) in [
        (
            &[Monday, Friday][..],
            time(8, 0, 0, 0),
            time(18, 30, 5, 0),
            "mon,fri 08:00-18:30:05",
        ),
        (
            &[Friday],
            time(22, 0, 0, 0),
            Time::midnight(),
            "fri 22:00-24:00",
        ),
        (
            &[Friday],
            time(22, 0, 0, 0),
            time(6, 0, 0, 0),
            "fri 22:00-06:00",
        ),
        (&[Friday], Time::midnight(), Time::midnight(), "fri"),
    ] {
        let window = TimeWindow::new(days.iter().copied(), start, end);
        assert_eq!(window, text.parse().unwrap(), "{text}");
    }
    let shown = "MON-wed,Sunday 22:00-06:00"
        .parse::<TimeWindow>()
        .unwrap()
        .to_string();
    assert_eq!(shown, "mon,tue,wed,sun 22:00-06:00");
    assert_eq!(
        "sat".parse::<TimeWindow>().unwrap().to_string(),
        "sat 00:00-24:00"
    );
}

#[test]
fn mistakes_say_what_was_expected() {
    for (text, expected) in [
        ("", "days and hours such as mon-fri 08:00-18:00"),
        (
            "mon 08:00-18:00 utc",
            "days and hours such as mon-fri 08:00-18:00",
        ),
        ("mo 08:00-18:00", "days such as mon-fri or sat,sun"),
        ("mon, 08:00-18:00", "days such as mon-fri or sat,sun"),
        ("08-18", "days such as mon-fri or sat,sun"),
        (
            "8:00-18:00",
            "hours such as 08:00-18:00, from 00:00 to 24:00",
        ),
        ("08:00", "hours such as 08:00-18:00, from 00:00 to 24:00"),
        (
            "08:00-24:01",
            "hours such as 08:00-18:00, from 00:00 to 24:00",
        ),
        (
            "24:00-08:00",
            "hours such as 08:00-18:00, from 00:00 to 24:00",
        ),
        (
            "08:60-09:00",
            "hours such as 08:00-18:00, from 00:00 to 24:00",
        ),
        (
            "08:00-18:00:60",
            "hours such as 08:00-18:00, from 00:00 to 24:00",
        ),
        (
            "08:00-18:00:00:00",
            "hours such as 08:00-18:00, from 00:00 to 24:00",
        ),
        (
            "+8:00-18:00",
            "hours such as 08:00-18:00, from 00:00 to 24:00",
        ),
        (
            "08:00-08:00",
            "hours of some length, 00:00-24:00 for a whole day",
        ),
    ] {
        let error = text.parse::<TimeWindow>().unwrap_err().to_string();
        assert_eq!(error, format!("expected {expected}, found \"{text}\""));
    }
}

pub(super) fn window() -> impl Strategy<Value = TimeWindow> {
    let days = vec(
        select(&["mon", "tue", "wed", "thu", "fri", "sat", "sun"][..]),
        1..4,
    );
    // Hours in which clocks are changed are as likely as all others.
    let minute = prop_oneof![0_u32..24 * 60, 0_u32..4 * 60];
    (days, minute.clone(), minute).prop_filter_map("no length", |(days, start, end)| {
        let [start, end] =
            [start, end].map(|minute| format!("{:02}:{:02}", minute / 60, minute % 60));
        format!("{} {start}-{end}", days.join(",")).parse().ok()
    })
}

proptest! {
    #[test]
    fn shown_as_read(window in window()) {
        prop_assert_eq!(window.to_string().parse::<TimeWindow>().unwrap(), window);
    }
}
