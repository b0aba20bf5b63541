//! The engine agrees with a matcher that is as plain as can be, over random rules and requests.

use std::{fmt::Write, net::IpAddr};

use jiff::Timestamp;
use proptest::{collection::vec, prelude::*, sample::select};

use super::*;
use crate::{SafeDefault, embedded::embedded};

const NETWORKS: [&str; 9] = [
    "0.0.0.0/0",
    "198.0.0.0/8",
    "198.41.0.0/16",
    "198.41.9.0/24",
    "198.41.9.7/32",
    "10.0.0.0/8",
    "::/0",
    "2606:4700::/32",
    "64:ff9b::/96",
];
const ADDRESSES: [&str; 10] = [
    "198.41.9.7",
    "198.41.9.8",
    "198.41.8.1",
    "192.33.14.30",
    "10.1.2.3",
    "127.0.0.1",
    "2606:4700::1111",
    "64:ff9b::198.41.9.7",
    "64:ff9b::10.1.2.3",
    "2002:c629:907::1",
];
const PATTERNS: [&str; 6] = [
    "example.com",
    ".example.com",
    "*.example.com",
    "a*.example.com",
    "example.org",
    "*",
];
const NAMES: [&str; 6] = [
    "example.com",
    "a.example.com",
    "ab.c.example.com",
    "badexample.com",
    "example.org",
    "localhost",
];
const USERS: [&str; 3] = ["alice", "bob", "carol"];
const GROUPS: [&str; 2] = ["staff", "guests"];
const PORTS: [(u16, u16); 4] = [(80, 80), (0, 1023), (443, 8080), (8080, 8080)];
/// Hours of days, in UTC.
const TIMES: [(&str, u8, u8); 3] = [("mon", 8, 18), ("tue", 0, 12), ("mon", 12, 24)];
const COMMANDS: [(&str, Command); 3] = [
    ("connect", Command::Connect),
    ("bind", Command::Bind),
    ("udp-associate", Command::UdpAssociate),
];

#[derive(Clone, Debug)]
enum Test {
    Client(Vec<&'static str>),
    User(Vec<&'static str>),
    Group(Vec<&'static str>),
    Command(Vec<(&'static str, Command)>),
    /// Patterns and networks.
    Destination(Vec<&'static str>, Vec<&'static str>),
    Address(Vec<&'static str>),
    Port(Vec<(u16, u16)>),
    Time(Vec<(&'static str, u8, u8)>),
}

#[derive(Clone, Debug)]
struct Line {
    allow: bool,
    route: Option<&'static str>,
    tests: Vec<(bool, Test)>,
}

/// A question, and addresses that its name may turn out to have.
#[derive(Clone, Debug)]
struct Question {
    client: &'static str,
    user: Option<&'static str>,
    group: &'static str,
    proved: bool,
    command: Command,
    name: Option<&'static str>,
    ip: &'static str,
    port: u16,
    /// 0 is a Monday.
    day: u8,
    hour: u8,
}

fn some<T: Clone + std::fmt::Debug + 'static>(of: &[T]) -> impl Strategy<Value = Vec<T>> + use<T> {
    vec(select(of.to_vec()), 1..3)
}

fn test() -> impl Strategy<Value = Test> {
    prop_oneof![
        some(&NETWORKS).prop_map(Test::Client),
        some(&USERS).prop_map(Test::User),
        some(&GROUPS).prop_map(Test::Group),
        some(&COMMANDS).prop_map(Test::Command),
        (vec(select(&PATTERNS[..]), 0..3), some(&NETWORKS))
            .prop_map(|(names, networks)| Test::Destination(names, networks)),
        some(&PATTERNS).prop_map(|names| Test::Destination(names, Vec::new())),
        some(&NETWORKS).prop_map(Test::Address),
        some(&PORTS).prop_map(Test::Port),
        some(&TIMES).prop_map(Test::Time),
    ]
}

fn line() -> impl Strategy<Value = Line> {
    let route = prop_oneof![3 => Just(None), 1 => Just(Some("one")), 1 => Just(Some("two"))];
    let tests = vec((prop::bool::weighted(0.25), test()), 0..3);
    (any::<bool>(), route, tests).prop_map(|(allow, route, mut tests)| {
        // A key stands once in a table.
        let mut seen = Vec::new();
        tests.retain(|(negated, test)| {
            let kind = (*negated, std::mem::discriminant(test));
            let new = !seen.contains(&kind);
            seen.push(kind);
            new
        });
        let route = route.filter(|_| allow);
        Line {
            allow,
            route,
            tests,
        }
    })
}

fn question() -> impl Strategy<Value = Question> {
    let who = (
        select(&ADDRESSES[..]),
        prop::option::of(select(&USERS[..])),
        select(&GROUPS[..]),
        any::<bool>(),
    );
    let what = (
        select(COMMANDS.map(|(_, command)| command).to_vec()),
        prop::option::of(select(&NAMES[..])),
        select(&ADDRESSES[..]),
        select(&[80_u16, 443, 1024, 8080][..]),
    );
    let when = (0_u8..3, 0_u8..24);
    (who, what, when).prop_map(
        |((client, user, group, proved), (command, name, ip, port), (day, hour))| Question {
            client,
            user,
            group,
            proved,
            command,
            name,
            ip,
            port,
            day,
            hour,
        },
    )
}

fn toml(lines: &[Line], safe: bool) -> String {
    let mut text = format!("time_zone = \"UTC\"\nsafe_default.enabled = {safe}\n");
    for Line {
        allow,
        route,
        tests,
    } in lines
    {
        let verdict = if *allow { "allow" } else { "deny" };
        write!(text, "[[request]]\nverdict = \"{verdict}\"\n").unwrap();
        if let Some(route) = route {
            writeln!(text, "route = {route:?}").unwrap();
        }
        for (negated, test) in tests {
            let not = if *negated { "not." } else { "" };
            let (key, values): (_, Vec<String>) = match test {
                Test::Client(list) => ("client", quoted(list)),
                Test::User(list) => ("user", quoted(list)),
                Test::Group(list) => ("group", quoted(list)),
                Test::Command(list) => (
                    "command",
                    list.iter().map(|it| format!("{:?}", it.0)).collect(),
                ),
                Test::Destination(names, networks) => {
                    ("destination", [quoted(names), quoted(networks)].concat())
                }
                Test::Address(list) => ("address", quoted(list)),
                Test::Port(list) => (
                    "port",
                    list.iter()
                        .map(|(first, last)| format!("\"{first}-{last}\""))
                        .collect(),
                ),
                Test::Time(list) => (
                    "time",
                    list.iter()
                        .map(|(day, from, to)| format!("\"{day} {from:02}:00-{to:02}:00\""))
                        .collect(),
                ),
            };
            writeln!(text, "{not}{key} = [{}]", values.join(", ")).unwrap();
        }
    }
    text
}

fn quoted(list: &[&str]) -> Vec<String> {
    list.iter().map(|it| format!("{it:?}")).collect()
}

/// `None`: it depends on the address.
type Answer = Option<bool>;

impl Question {
    fn now(&self) -> Timestamp {
        let monday: Timestamp = "2026-03-30T00:30:00Z".parse().unwrap();
        let hours = i64::from(self.day) * 24 + i64::from(self.hour);
        Timestamp::from_second(monday.as_second() + hours * 3600).unwrap()
    }

    fn request(&self) -> AccessRequest {
        let to = match self.name {
            Some(name) => Address::domain(name, self.port).unwrap(),
            None => Address::Socket((self.ip.parse::<IpAddr>().unwrap(), self.port).into()),
        };
        let peer = std::net::SocketAddr::new(self.client.parse().unwrap(), 50_000);
        let conn = ConnInfo::new(SessionId(1), Version::Socks5, peer.into(), endpoint(PUBLIC));
        let method = if self.proved {
            Method::CHAP
        } else {
            Method::NO_AUTHENTICATION
        };
        let mut identity = Identity::anonymous().group(self.group);
        identity.user = self.user.map(Into::into);
        identity.method = method;
        AccessRequest::new(Arc::new(conn), Arc::new(identity), self.command, to)
    }

    fn holds(&self, test: &Test, ip: Option<IpAddr>) -> Answer {
        let inside = |list: &[&str], ip: IpAddr| {
            let nets = list.iter().map(|net| net.parse::<ipnet::IpNet>().unwrap());
            nets.into_iter().any(|net| net.contains(&ip))
        };
        Some(match test {
            Test::Client(list) => inside(list, self.client.parse().unwrap()),
            Test::User(list) => self.proved && self.user.is_some_and(|user| list.contains(&user)),
            Test::Group(list) => self.proved && list.contains(&self.group),
            Test::Command(list) => list.iter().any(|(_, command)| *command == self.command),
            Test::Destination(patterns, networks) => {
                let named = |name| patterns.iter().any(|pattern| is_meant(pattern, name));
                if self.name.is_some_and(named) {
                    return Some(true);
                }
                if networks.is_empty() {
                    return Some(false);
                }
                return ip.map(|ip| inside(networks, ip));
            }
            Test::Address(networks) => return ip.map(|ip| inside(networks, ip)),
            Test::Port(list) => list
                .iter()
                .any(|(first, last)| (*first..=*last).contains(&self.port)),
            Test::Time(list) => list.iter().any(|(day, from, to)| {
                let day = ["mon", "tue", "wed"]
                    .iter()
                    .position(|name| name == day)
                    .unwrap();
                day == usize::from(self.day) && (*from..*to).contains(&self.hour)
            }),
        })
    }

    fn matches(&self, line: &Line, ip: Option<IpAddr>) -> Answer {
        let bind = line.tests.iter().any(|(negated, test)| {
            let Test::Command(list) = test else {
                return false;
            };
            !negated && list.iter().any(|(_, command)| *command == Command::Bind)
        });
        if line.allow && self.command == Command::Bind && !bind {
            return Some(false);
        }
        let answers: Vec<Answer> = line
            .tests
            .iter()
            .map(|(negated, test)| self.holds(test, ip).map(|holds| holds != *negated))
            .collect();
        match () {
            () if answers.contains(&Some(false)) => Some(false),
            () if answers.contains(&None) => None,
            () => Some(true),
        }
    }

    /// The route that is granted for one form of an address, or for the name alone.
    fn granted(
        &self,
        lines: &[Line],
        safe: bool,
        ip: Option<IpAddr>,
    ) -> Option<Option<&'static str>> {
        if safe {
            let default = SafeDefault::new();
            let refused = match ip {
                Some(ip) => default
                    .check_address(&endpoint(PUBLIC), (ip, self.port).into())
                    .is_err(),
                None => false,
            };
            if refused || self.name == Some("localhost") {
                return None;
            }
        }
        let mut perhaps = None;
        for line in lines {
            match self.matches(line, ip) {
                Some(false) => {}
                None => perhaps = perhaps.or(line.allow.then_some(line.route)),
                Some(true) if line.allow => return Some(line.route),
                Some(true) => break,
            }
        }
        perhaps
    }

    /// The same for an address and everything inside it.
    fn granted_at(&self, lines: &[Line], safe: bool, ip: IpAddr) -> Option<Option<&'static str>> {
        let granted = self.granted(lines, safe, Some(ip))?;
        let inside: Vec<_> = match ip {
            IpAddr::V4(_) => Vec::new(),
            IpAddr::V6(ip) => embedded(ip, &[]).collect(),
        };
        let agrees = |ip: &std::net::Ipv4Addr| {
            self.granted(lines, safe, Some((*ip).into())) == Some(granted)
        };
        inside.iter().all(agrees).then_some(granted)
    }
}

fn is_meant(pattern: &str, name: &str) -> bool {
    match pattern {
        "*" => true,
        "a*.example.com" => name.starts_with('a') && name.ends_with(".example.com"),
        pattern => match (pattern.strip_prefix("*."), pattern.strip_prefix('.')) {
            (Some(parent), _) => name
                .strip_suffix(parent)
                .is_some_and(|rest| rest.ends_with('.')),
            (_, Some(parent)) => {
                name == parent
                    || name
                        .strip_suffix(parent)
                        .is_some_and(|rest| rest.ends_with('.'))
            }
            _ => name == pattern,
        },
    }
}

proptest! {
    /// SE-3, SE-4, SE-9, SE-12, SE-36, SE-41, SE-55: both say the same about the request and about
    /// each address that its name may have, and both grant the same.
    #[test]
    fn the_engine_agrees_with_a_naive_matcher(
        lines in vec(line(), 0..7),
        safe in any::<bool>(),
        questions in vec(question(), 1..9),
    ) {
        let text = toml(&lines, safe);
        let rules = rules(&text);
        for question in questions {
            let now = question.now();
            let acl = Acl::with_clock(rules.clone(), move || now);
            // The destination of an association says where the client is.
            let udp = question.command == Command::UdpAssociate;
            let asked = ask(&acl, question.request());
            let ip: IpAddr = question.ip.parse().unwrap();
            if udp {
                let Ok(permit) = asked else {
                    // Then no datagram may be allowed.
                    prop_assert_eq!(question.granted_at(&lines, safe, ip), None, "{}", text);
                    continue;
                };
                let (addr, route) = ((ip, question.port).into(), permit.route.as_deref());
                let allowed = match question.name {
                    Some(name) => {
                        let to = Address::domain(name, question.port).unwrap();
                        permit.permits_for(&to, addr)
                    }
                    None => permit.permits(addr),
                };
                let granted = question.granted_at(&lines, safe, ip);
                prop_assert_eq!(allowed, granted == Some(route), "{}", text);
                continue;
            }
            let granted = match question.name {
                Some(_) => question.granted(&lines, safe, None),
                None => question.granted_at(&lines, safe, ip),
            };
            prop_assert_eq!(asked.is_ok(), granted.is_some(), "{}", text);
            let explained = acl.explain(&question.request(), None);
            prop_assert_eq!(explained.allowed, asked.is_ok());
            let (Ok(permit), Some(granted)) = (asked, granted) else { continue };
            prop_assert_eq!(permit.route.as_deref(), granted, "{}", text);
            if let Some(name) = question.name {
                let to = Address::domain(name, question.port).unwrap();
                for ip in ADDRESSES.map(|ip| ip.parse::<IpAddr>().unwrap()) {
                    let allowed = permit.permits_for(&to, (ip, question.port).into());
                    let at = question.granted_at(&lines, safe, ip);
                    prop_assert_eq!(allowed, at == Some(granted), "{} at {}", text, ip);
                    prop_assert_eq!(allowed, acl.judge(&question.request(), Some(ip)).allowed);
                }
            }
        }
    }
}
