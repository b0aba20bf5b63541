use std::net::{IpAddr, SocketAddr};

use ipnet::Ipv4Net;

use super::value::Value;
use crate::{Nat64Prefix, Network, RuleError, SafeDefault};

const KEYS: [&str; 10] = [
    "enabled",
    "allow",
    "deny",
    "allow_private",
    "allow_local",
    "trust_local_listeners",
    "nat64",
    "attached_networks",
    "own_listeners",
    "own_addresses",
];

/// Reads `[safe_default]`, which adds to `given`; and whether it is switched on.
pub(super) fn safe_default(
    table: &Value<'_>,
    given: SafeDefault,
) -> Result<(SafeDefault, bool), RuleError> {
    let (mut safe, mut enabled) = (given, true);
    for entry in table.entries()? {
        let value = &entry.value;
        safe = match entry.key {
            "enabled" => {
                enabled = value.boolean()?;
                safe
            }
            "allow" => safe.allow(list(value, |item| {
                item.parse::<Network>().map(Network::get)
            })?),
            "deny" => safe.deny(list(value, |item| {
                item.parse::<Network>().map(Network::get)
            })?),
            "allow_private" => safe.allow_private(value.boolean()?),
            "allow_local" => safe.allow_local(value.boolean()?),
            "trust_local_listeners" => safe.trust_local_listeners(value.boolean()?),
            "nat64" => safe.nat64(list(value, nat64)?),
            "attached_networks" => {
                let what = "an IPv4 network such as \"192.0.2.0/24\"";
                safe.attached_networks(list(value, |item| item.parse_as::<Ipv4Net>(what))?)
            }
            "own_listeners" => {
                let what = "an address and a port such as \"192.0.2.1:1080\"";
                safe.own_listeners(list(value, |item| item.parse_as::<SocketAddr>(what))?)
            }
            "own_addresses" => {
                safe.own_addresses(list(value, |item| item.address::<IpAddr>("an address"))?)
            }
            _ => return Err(entry.unknown(&KEYS)),
        };
    }
    Ok((safe, enabled))
}

fn list<'n, T>(
    value: &Value<'n>,
    read: impl Fn(&Value<'n>) -> Result<T, RuleError>,
) -> Result<Vec<T>, RuleError> {
    value.items().map(|item| read(&item)).collect()
}

fn nat64(value: &Value<'_>) -> Result<Nat64Prefix, RuleError> {
    let prefix = value.parse_as("an IPv6 network such as \"2001:db8:64::/96\"")?;
    Nat64Prefix::new(prefix).map_err(|error| value.error(error))
}
