use std::{net::IpAddr, sync::Arc};

use socks_core::{Command, Method, message::Version};

use super::{
    node::Node,
    sets::{Sets, any_of, find, own_zone, port, reference, unescaped},
    value::{Entry, Value},
};
use crate::{
    AnyOf, Condition, Destination, DomainPattern, DomainSet, Glob, NameSet, Network, NetworkSet,
    RuleError, SpecialPurpose, TimeWindow, TimeWindows,
};

/// The keys of conditions, in a rule and under its `not`.
pub(super) const KEYS: [&str; 16] = [
    "client",
    "listener",
    "tls",
    "certificate",
    "version",
    "user",
    "group",
    "method",
    "ident",
    "command",
    "destination",
    "address",
    "range",
    "port",
    "time",
    "used_up",
];

const COMMANDS: [(&str, Command); 5] = [
    ("connect", Command::Connect),
    ("bind", Command::Bind),
    ("udp-associate", Command::UdpAssociate),
    ("resolve", Command::Resolve),
    ("resolve-ptr", Command::ResolvePtr),
];

const VERSIONS: [(&str, Version); 2] = [("socks4", Version::Socks4), ("socks5", Version::Socks5)];

const METHODS: [(&str, Method); 5] = [
    ("no-authentication", Method::NO_AUTHENTICATION),
    ("username-password", Method::USERNAME_PASSWORD),
    ("gssapi", Method::GSSAPI),
    ("chap", Method::CHAP),
    ("cram", Method::CRAM),
];

/// The condition of a key, and whether it is meant the other way round; `None` if the key is that of
/// something else.
pub(super) fn condition(
    entry: &Entry<'_>,
    sets: &Sets<'_>,
) -> Result<Option<(Condition, bool)>, RuleError> {
    let value = &entry.value;
    let names = || {
        let names = value.items().map(|item| item.string());
        names.collect::<Result<NameSet, _>>().map(Arc::new)
    };
    let users = || {
        any_of(value, &sets.users, "users", |item| {
            item.string().map(unescaped)
        })
    };
    Ok(Some((
        match entry.key {
            "client" => Condition::Client(networks(value, sets)?),
            "listener" => Condition::Listener(names()?),
            "tls" => return Ok(Some((Condition::Tls, !value.boolean()?))),
            "certificate" => {
                let globs = value.items().map(|item| item.string().map(Glob::new));
                Condition::Certificate(globs.collect::<Result<_, _>>()?)
            }
            "version" => Condition::Version(words(value, &VERSIONS)?),
            "user" => Condition::User(users()?),
            "group" => Condition::Group(users()?),
            "method" => {
                let methods = value.items().map(|item| method(&item));
                Condition::Method(methods.collect::<Result<_, _>>()?)
            }
            "ident" => Condition::Ident(users()?),
            "command" => Condition::Command(words(value, &COMMANDS)?),
            "destination" => Condition::Destination(destination(value, sets)?),
            "address" => Condition::Address(networks(value, sets)?),
            "range" => Condition::Range(words(value, &ranges())?),
            "port" => Condition::Port(any_of(value, &sets.ports, "ports", port)?),
            "time" => Condition::Time(times(value, sets)?),
            "used_up" => Condition::UsedUp(names()?),
            _ => return Ok(None),
        },
        false,
    )))
}

fn words<T: Copy, L: FromIterator<T>>(
    value: &Value<'_>,
    words: &[(&str, T)],
) -> Result<L, RuleError> {
    value.items().map(|item| item.word(words)).collect()
}

/// The ranges' names with hyphens: `cloud-metadata`.
fn ranges() -> Vec<(&'static str, SpecialPurpose)> {
    SpecialPurpose::ALL.map(|range| (range.key(), range)).into()
}

fn method(value: &Value<'_>) -> Result<Method, RuleError> {
    match value.node {
        Node::Integer(_) => value
            .number("a method, 0 to 254")
            .and_then(|octet| match octet {
                u8::MAX => Err(value.error("expected a method, 0 to 254")),
                octet => Ok(Method(octet)),
            }),
        _ => value.word(&METHODS),
    }
}

fn networks(value: &Value<'_>, sets: &Sets<'_>) -> Result<AnyOf<NetworkSet>, RuleError> {
    any_of(value, &sets.networks, "networks", |item| {
        item.parse::<Network>()
    })
}

/// Names and networks side by side: what reads as an address is one.
fn destination(value: &Value<'_>, sets: &Sets<'_>) -> Result<Destination, RuleError> {
    let (mut domains, mut networks) = (Vec::new(), Vec::new());
    let (mut patterns, mut inline) = (Vec::new(), Vec::new());
    for item in value.items() {
        let text = item.string()?;
        match reference(text) {
            Some(name) if sets.domains.contains_key(name) => {
                domains.push(find(&item, &sets.domains, "domains", name)?);
            }
            Some(name) => {
                let set = find(&item, &sets.networks, "networks] or [domains", name)?;
                networks.push(set);
            }
            None if is_network(text) => inline.push(item.parse::<Network>()?),
            None => patterns.push(item.parse::<DomainPattern>()?),
        }
    }
    if !patterns.is_empty() {
        domains.push(Arc::new(DomainSet::from_iter(patterns)));
    }
    if !inline.is_empty() {
        networks.push(Arc::new(NetworkSet::from_iter(inline)));
    }
    Ok(Destination {
        domains: domains.into_iter().collect(),
        networks: networks.into_iter().collect(),
    })
}

/// No name has a colon or a slash in it, nor ends in a number.
fn is_network(text: &str) -> bool {
    text.contains([':', '/']) || text.parse::<IpAddr>().is_ok()
}

fn times(value: &Value<'_>, sets: &Sets<'_>) -> Result<AnyOf<TimeWindows>, RuleError> {
    let (mut found, mut windows) = (Vec::new(), Vec::<TimeWindow>::new());
    for item in value.items() {
        match item.string().ok().and_then(reference) {
            Some(name) => found.push(find(&item, &sets.times, "times", name)?),
            None => windows.push(item.parse()?),
        }
    }
    if !windows.is_empty() {
        let zone = own_zone(value, sets.zone.as_ref())?;
        found.push(Arc::new(TimeWindows::new(zone, windows)));
    }
    Ok(found.into_iter().collect())
}
