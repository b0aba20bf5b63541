use std::{
    fmt::{self, Write as _},
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex},
};

use jiff::Timestamp;
use socks_acl::{Acl, Decision};
use socks_core::{
    Address, Command, Method, ReplyCode,
    message::{
        AcceptRequest, AccessPoint, AccessRequest, ConnInfo, Identity, Permit, SessionId, Terms,
        TlsPeer, UsedUp, Verdict, Version,
    },
};
use tower_service::Service;

/// A line of a table:
///
/// ```text
/// 10.1.2.3 connect www.example.com:80 at=9.9.9.9 user=alice -> allow "web" route=far
/// ```
///
/// who asks (with `user=` who has logged in, `group=`, `tls`, `time=`, `used_up=`), for what (`accept`,
/// `connect`, `bind`, `associate`, `udp`, a datagram, `resolve`, `bind-peer`, `udp-reply`), at which of the
/// name's addresses, and the answer: the verdict with its code, the rule, and what that grants or logs.
pub(crate) struct Question {
    line: String,
    asked: Asked,
    at: Option<IpAddr>,
    time: Timestamp,
    pub(crate) expected: String,
}

enum Asked {
    Accept(AcceptRequest),
    Access(AccessRequest),
}

/// What time it is for the rules.
#[derive(Clone, Default)]
pub(crate) struct Clock(Arc<Mutex<Timestamp>>);

impl Clock {
    pub(crate) fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}

impl Question {
    pub(crate) fn parse(line: &str, local: &str) -> Self {
        let (asked, expected) = line.split_once(" -> ").unwrap_or_else(|| panic!("{line}"));
        let mut words = asked.split_whitespace();
        let peer: IpAddr = words.next().unwrap().parse().unwrap();
        let peer = SocketAddr::new(peer, 50000).into();
        let local = local.parse::<SocketAddr>().unwrap().into();
        let verb = words.next().unwrap();

        let mut conn = ConnInfo::new(SessionId(1), Version::Socks5, peer, local);
        let mut identity = Identity::anonymous();
        let (mut used_up, mut at, mut time) = (Vec::new(), None, Timestamp::UNIX_EPOCH);
        let mut destination = Address::UNSPECIFIED;
        for word in words {
            match word.split_once('=') {
                Some(("user", name)) => identity = Identity::user(name, Method::USERNAME_PASSWORD),
                Some(("gssapi", name)) => identity = Identity::user(name, Method::GSSAPI),
                Some(("group", group)) => identity = identity.group(group),
                Some(("used_up", limit)) => used_up.push(limit.into()),
                Some(("at", ip)) => at = Some(ip.parse().unwrap()),
                Some(("time", text)) => time = text.parse().unwrap(),
                None if word == "tls" => drop(conn.extensions.insert(TlsPeer::default())),
                None => destination = address(word),
                Some(_) => panic!("{line}: {word}"),
            }
        }
        let (point, command) = match verb {
            "connect" => (AccessPoint::Request, Command::Connect),
            "bind" => (AccessPoint::Request, Command::Bind),
            "associate" | "udp" => (AccessPoint::Request, Command::UdpAssociate),
            "resolve" => (AccessPoint::Request, Command::Resolve),
            "bind-peer" => (AccessPoint::BindPeer, Command::Bind),
            "udp-reply" => (AccessPoint::UdpReply, Command::UdpAssociate),
            "accept" => {
                let accept = AcceptRequest::new(conn.id, conn.peer, conn.local);
                return Self::new(line, Asked::Accept(accept), None, time, expected);
            }
            _ => panic!("{line}: {verb}"),
        };
        if verb == "udp" {
            at = at.or(match &destination {
                Address::Socket(addr) => Some(addr.ip()),
                Address::Domain(..) => panic!("{line}: of a datagram to a name the address, at="),
            });
        }
        let (conn, identity) = (Arc::new(conn), Arc::new(identity));
        let mut request = AccessRequest::new(conn, identity, command, destination).at(point);
        request.extensions.insert(UsedUp(used_up));
        Self::new(line, Asked::Access(request), at, time, expected)
    }

    fn new(line: &str, asked: Asked, at: Option<IpAddr>, time: Timestamp, expected: &str) -> Self {
        Self {
            line: line.to_owned(),
            asked,
            at,
            time,
            expected: expected.trim().to_owned(),
        }
    }

    /// The answer, in the form of the table.
    pub(crate) fn ask(&self, acl: &Acl, clock: &Clock) -> String {
        *clock.0.lock().unwrap() = self.time;
        match &self.asked {
            Asked::Accept(request) => {
                let Ok(verdict) = acl.clone().call(request.clone()).into_inner();
                shown_verdict(&verdict)
            }
            Asked::Access(request) => {
                let Ok(verdict) = acl.clone().call(request.clone()).into_inner();
                let decision = acl.judge(request, self.at);
                self.check(acl, request, &verdict, &decision);
                match (&verdict, decision.allowed) {
                    // Asked about an address the decision is by another rule than the request's.
                    (Verdict::Allow(_), false) => {
                        let mut answer = shown(Some(decision.reply), decision.terms.as_deref());
                        if decision.other_grant {
                            answer += " (grants something else)";
                        }
                        answer
                    }
                    _ => shown_verdict(&verdict),
                }
            }
        }
    }

    /// What a session would run into is what the decision says.
    fn check(&self, acl: &Acl, request: &AccessRequest, verdict: &Verdict, decision: &Decision) {
        let explanation = acl.explain(request, self.at);
        assert_eq!(explanation.allowed, decision.allowed, "{self}");
        let allowed = match (verdict, self.at) {
            (Verdict::Allow(permit), Some(ip)) => {
                let requested = permit.destination.as_ref().unwrap_or(&request.destination);
                permit.permits_for(requested, SocketAddr::new(ip, requested.port()))
            }
            (Verdict::Allow(_), None) => true,
            (Verdict::Deny(_), _) => false,
        };
        assert_eq!(allowed, decision.allowed, "{self}");
    }
}

fn address(text: &str) -> Address {
    match text.parse::<SocketAddr>() {
        Ok(addr) => addr.into(),
        Err(_) => {
            let (name, port) = text.rsplit_once(':').unwrap();
            Address::domain(name, port.parse().unwrap()).unwrap()
        }
    }
}

fn shown_verdict(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Deny(denial) => shown(Some(denial.code), denial.terms.as_deref()),
        Verdict::Allow(permit) => shown(None, permit.terms.as_deref()) + &grant(permit),
    }
}

fn shown(denied: Option<ReplyCode>, terms: Option<&Terms>) -> String {
    let mut text = match denied {
        Some(code) => format!("deny {:02x}", code.0),
        None => "allow".to_owned(),
    };
    let Some(terms) = terms else {
        return text;
    };
    let _ = write!(text, " {:?}", terms.rule);
    if let Some(class) = &terms.log_class {
        let _ = write!(text, " log={class}");
    }
    if !terms.limits.is_empty() {
        let _ = write!(text, " limits={}", terms.limits.join(","));
    }
    if terms.conceal {
        text += " conceal";
    }
    text
}

fn grant(permit: &Permit) -> String {
    let mut text = String::new();
    if let Some(route) = &permit.route {
        let _ = write!(text, " route={route}");
    }
    if let Some(ip) = permit.egress.as_ref().and_then(|egress| egress.ipv4) {
        let _ = write!(text, " egress={ip}");
    }
    if let Some(destination) = &permit.destination {
        let _ = write!(text, " to={destination}");
    }
    text
}

impl fmt::Display for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.line)
    }
}
