use std::net::IpAddr;

/// The address that stands for one outside, and where somebody listens.
pub(super) const PUBLIC: &str = "127.1.0.1";

/// How a name gets to its addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Alias {
    /// By itself.
    None,
    /// By two CNAMEs, in one answer with the addresses.
    Chain,
    /// By two CNAMEs that must be asked for one after the other.
    Followed,
    /// By a CNAME to `localhost`, which every resolver knows by itself.
    Localhost,
}

/// What an attacker's DNS server says about a name: something the first time, and something else from
/// then on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plan {
    pub(super) name: &'static str,
    pub(super) alias: Alias,
    first: &'static [&'static str],
    then: &'static [&'static str],
}

const fn plan(
    name: &'static str,
    first: &'static [&'static str],
    then: &'static [&'static str],
) -> Plan {
    let alias = Alias::None;
    Plan {
        name,
        alias,
        first,
        then,
    }
}

const fn by(alias: Alias, plan: Plan) -> Plan {
    Plan { alias, ..plan }
}

const MAPPED: &str = "::ffff:127.1.0.1";

pub(super) const PLANS: &[Plan] = &[
    plan("flip", &[PUBLIC], &["127.0.0.1"]),
    plan("elsewhere", &[PUBLIC], &["127.0.0.1", "10.0.0.1", "::1"]),
    plan("flop", &["127.0.0.1"], &[PUBLIC]),
    plan("both", &[PUBLIC, "127.0.0.1"], &[PUBLIC, "127.0.0.1"]),
    plan("reversed", &["127.0.0.1", PUBLIC], &["127.0.0.1", PUBLIC]),
    plan("v6", &[PUBLIC, "::1"], &["::1"]),
    plan("mapped", &[MAPPED], &["::ffff:127.0.0.1"]),
    plan(
        "mapped-too",
        &[PUBLIC, "::ffff:127.0.0.1"],
        &[MAPPED, "127.0.0.1"],
    ),
    plan("compatible", &[PUBLIC, "::127.0.0.1"], &["::127.0.0.1"]),
    plan("nat64", &[PUBLIC, "64:ff9b::7f00:1"], &["64:ff9b::7f00:1"]),
    plan("6to4", &[PUBLIC, "2002:7f00:1::1"], &["2002:7f00:1::1"]),
    plan(
        "isatap",
        &[PUBLIC, "2a00::5efe:7f00:1"],
        &["2a00::5efe:7f00:1"],
    ),
    plan("zeros", &[PUBLIC, "0.0.0.0", "::"], &["0.0.0.0", "::"]),
    by(Alias::Chain, plan("chain", &[PUBLIC], &["127.0.0.1"])),
    by(Alias::Chain, plan("chain-v6", &[PUBLIC], &["::1"])),
    by(Alias::Followed, plan("followed", &[PUBLIC], &["127.0.0.1"])),
    by(
        Alias::Localhost,
        plan("localhost", &["127.0.0.1"], &["::1"]),
    ),
];

impl Plan {
    /// What the name resolves to when it is asked for the `turn`th time, from 0.
    pub(super) fn addrs(&self, turn: usize) -> impl Iterator<Item = IpAddr> + use<> {
        let addrs = match turn {
            0 => self.first,
            _ => self.then,
        };
        addrs.iter().map(|ip| ip.parse().unwrap())
    }

    /// Whether there is somebody there to be reached.
    pub(super) fn is_open(&self, turn: usize) -> bool {
        let public: IpAddr = PUBLIC.parse().unwrap();
        self.addrs(turn).any(|ip| ip.to_canonical() == public)
    }
}

/// The name of the `number`th try, and its plan. Every try has a name of its own.
pub(super) fn attempt(number: usize) -> (String, Plan) {
    let plan = PLANS[number % PLANS.len()];
    (format!("try{number}.{}.rebinding.example", plan.name), plan)
}

/// The plan of a name, or of one of its aliases.
pub(super) fn plan_of(name: &str) -> Option<Plan> {
    let (rest, _) = name.split_once(".rebinding.example")?;
    let (_, plan) = rest.rsplit_once('.')?;
    PLANS.iter().copied().find(|known| known.name == plan)
}
