use std::net::{Ipv4Addr, Ipv6Addr};

use socks_core::{ReplyCode, message::Egress};

use super::{
    conditions::{self, condition},
    sets::Sets,
    value::Value,
};
use crate::{
    RuleError,
    rules::{Rule, Ruling},
};

/// The keys of a rule beside those of its conditions.
const KEYS: [&str; 12] = [
    "name",
    "verdict",
    "reply",
    "rewrite",
    "route",
    "egress",
    "limits",
    "log",
    "conceal",
    "any_peer",
    "safe_default",
    "not",
];

const REPLIES: [(&str, ReplyCode); 8] = [
    ("general-failure", ReplyCode::GENERAL_FAILURE),
    ("not-allowed", ReplyCode::NOT_ALLOWED),
    ("network-unreachable", ReplyCode::NETWORK_UNREACHABLE),
    ("host-unreachable", ReplyCode::HOST_UNREACHABLE),
    ("connection-refused", ReplyCode::CONNECTION_REFUSED),
    ("ttl-expired", ReplyCode::TTL_EXPIRED),
    ("command-not-supported", ReplyCode::COMMAND_NOT_SUPPORTED),
    (
        "address-type-not-supported",
        ReplyCode::ADDRESS_TYPE_NOT_SUPPORTED,
    ),
];

/// Reads one rule.
pub(super) fn rule(table: &Value<'_>, sets: &Sets<'_>) -> Result<Rule, RuleError> {
    let mut rule = Rule::new(None, Ruling::Allow);
    let mut ruling = None;
    for entry in table.entries()? {
        if let Some((condition, negated)) = condition(&entry, sets)? {
            rule = rule.clause(negated, condition);
            continue;
        }
        let value = &entry.value;
        match entry.key {
            "name" => rule.name = Some(value.string()?.into()),
            "verdict" => {
                let words = [("allow", Ruling::Allow), ("deny", Ruling::Deny)];
                ruling = Some(value.word(&words)?);
            }
            "safe_default" => match value.boolean()? {
                true => ruling = ruling.or(Some(Ruling::SafeDefault)),
                false => {
                    return Err(
                        value.error("expected true: it marks the place of the safe default")
                    );
                }
            },
            "reply" => rule.reply = Some(value.word(&REPLIES)?),
            "rewrite" => rule.grant.rewrite = Some(value.parse()?),
            "route" => rule.grant.route = Some(value.string()?.into()),
            "egress" => rule.grant.egress = Some(egress(value)?),
            "limits" => {
                for item in value.items() {
                    rule.grant.limits.push(item.string()?.into());
                }
            }
            "log" => rule.grant.log_class = Some(value.string()?.into()),
            "conceal" => rule.grant.conceal = value.boolean()?,
            "any_peer" => rule.any_peer = value.boolean()?,
            "not" => {
                for entry in value.entries()? {
                    rule = match condition(&entry, sets)? {
                        Some((condition, negated)) => rule.clause(!negated, condition),
                        None => return Err(entry.unknown(&conditions::KEYS)),
                    };
                }
            }
            _ => return Err(entry.unknown(&[&KEYS[..], &conditions::KEYS].concat())),
        }
    }
    rule.ruling = ruling.ok_or_else(|| table.error("expected verdict = \"allow\" or \"deny\""))?;
    if let (Ruling::Allow | Ruling::Deny, Some(place)) =
        (rule.ruling, table.node.get("safe_default"))
    {
        let place = Value::new(format!("{}.safe_default", table.path), place);
        return Err(place.error("the safe default has no verdict, nor conditions"));
    }
    Ok(rule)
}

fn egress(value: &Value<'_>) -> Result<Egress, RuleError> {
    let mut egress = Egress::new();
    for entry in value.entries()? {
        let value = &entry.value;
        match entry.key {
            "ipv4" => egress.ipv4 = Some(value.parse_as::<Ipv4Addr>("an IPv4 address")?),
            "ipv6" => egress.ipv6 = Some(value.parse_as::<Ipv6Addr>("an IPv6 address")?),
            "interface" => egress.interface = Some(value.string()?.into()),
            "mark" => egress.mark = Some(value.number("a number, 0 to 4294967295")?),
            _ => return Err(entry.unknown(&["ipv4", "ipv6", "interface", "mark"])),
        }
    }
    Ok(egress)
}
