use std::net::IpAddr;

use ipnet::IpNet;
use toml::Value;

/// A value of a condition with each of its boundaries moved by the least there is: ports and minutes by
/// one, networks by one bit, names by a label.
pub(crate) fn moved(value: &Value) -> Vec<Value> {
    let texts = match value {
        Value::Integer(port) => vec![
            format!("{}-{port}", port - 1),
            format!("{port}-{}", port + 1),
        ],
        Value::String(text) => ports(text)
            .or_else(|| network(text))
            .or_else(|| window(text))
            .or_else(|| name(text))
            .unwrap_or_default(),
        _ => Vec::new(),
    };
    texts.into_iter().map(Value::String).collect()
}

fn ports(text: &str) -> Option<Vec<String>> {
    let (first, last) = text.split_once('-')?;
    let (first, last): (u32, u32) = (first.parse().ok()?, last.parse().ok()?);
    let others = [
        (first.wrapping_sub(1), last),
        (first + 1, last),
        (first, last - 1),
        (first, last + 1),
    ];
    Some(others.map(|(first, last)| format!("{first}-{last}")).into())
}

/// The network that it is half of, and each half of its own.
fn network(text: &str) -> Option<Vec<String>> {
    let network: IpNet = text
        .parse()
        .or_else(|_| text.parse::<IpAddr>().map(IpNet::from))
        .ok()?;
    let halves = network
        .subnets(network.prefix_len() + 1)
        .into_iter()
        .flatten();
    Some(
        network
            .supernet()
            .into_iter()
            .chain(halves)
            .map(|network| network.to_string())
            .collect(),
    )
}

/// The same hours on all days but the first or the last, and other hours on the same days.
fn window(text: &str) -> Option<Vec<String>> {
    let (days, hours) = match text.split_once(' ') {
        Some((days, hours)) => (days, hours),
        None if text.contains(':') => ("", text),
        None => (text, ""),
    };
    let days_but_one = match days {
        "" => Vec::new(),
        days => but_one(days)?,
    };
    let other_hours = match hours {
        "" => Vec::new(),
        hours => moved_hours(hours)?,
    };
    let days_but_one = days_but_one.iter().map(|days| format!("{days} {hours}"));
    let other_hours = other_hours.iter().map(|hours| format!("{days} {hours}"));
    Some(days_but_one.chain(other_hours).collect())
}

fn but_one(days: &str) -> Option<Vec<String>> {
    const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    let day = |name| DAYS.iter().position(|day| *day == name);
    let days = match days.split_once('-') {
        Some((first, last)) => &DAYS[day(first)?..=day(last)?],
        None => &days
            .split(',')
            .map(|name| Some(DAYS[day(name)?]))
            .collect::<Option<Vec<_>>>()?,
    };
    let (_, later) = days.split_first()?;
    let (_, earlier) = days.split_last()?;
    Some(vec![later.join(","), earlier.join(",")])
}

fn moved_hours(hours: &str) -> Option<Vec<String>> {
    let (start, end) = hours.split_once('-')?;
    let minute = |text: &str| {
        let (hour, minute) = text.split_once(':')?;
        Some(hour.parse::<u32>().ok()? * 60 + minute.parse::<u32>().ok()?)
    };
    let (start, end) = (minute(start)?, minute(end)?);
    let others = [
        (start.wrapping_sub(1), end),
        (start + 1, end),
        (start, end - 1),
        (start, end + 1),
    ];
    let shown = |minute: u32| format!("{:02}:{:02}", minute / 60, minute % 60);
    Some(
        others
            .map(|(start, end)| format!("{}-{}", shown(start), shown(end)))
            .into(),
    )
}

/// A domain with all below it as one of both only, and the other way round.
fn name(text: &str) -> Option<Vec<String>> {
    match (text.strip_prefix("*."), text.strip_prefix('.')) {
        (Some(below), _) => Some(vec![format!(".{below}")]),
        (_, Some(domain)) => Some(vec![domain.to_owned(), format!("*.{domain}")]),
        _ => None,
    }
}

#[test]
fn by_the_least_there_is() {
    for (value, expected) in [
        (Value::from(80), &["79-80", "80-81"][..]),
        ("80-88".into(), &["79-88", "81-88", "80-87", "80-89"]),
        (
            "10.0.0.0/8".into(),
            &["10.0.0.0/7", "10.0.0.0/9", "10.128.0.0/9"],
        ),
        ("192.0.2.1".into(), &["192.0.2.0/31"]),
        (
            "08:00-24:00".into(),
            &[
                " 07:59-24:00",
                " 08:01-24:00",
                " 08:00-23:59",
                " 08:00-24:01",
            ],
        ),
        (
            "sat-sun 08:00-09:00".into(),
            &[
                "sun 08:00-09:00",
                "sat 08:00-09:00",
                "sat-sun 07:59-09:00",
                "sat-sun 08:01-09:00",
                "sat-sun 08:00-08:59",
                "sat-sun 08:00-09:01",
            ],
        ),
        ("mon,wed,fri".into(), &["wed,fri ", "mon,wed "]),
        (".example.com".into(), &["example.com", "*.example.com"]),
        ("*.corp.*".into(), &[".corp.*"]),
        ("alice".into(), &[]),
        (true.into(), &[]),
    ] {
        let texts: Vec<_> = moved(&value)
            .iter()
            .map(|value| value.as_str().unwrap().to_owned())
            .collect();
        assert_eq!(texts, expected, "{value}");
    }
}
