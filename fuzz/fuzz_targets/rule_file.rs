//! A file of rules: arbitrary text never panics, whatever is wrong with it is said with a place inside
//! the text, and rules that come of it decide about requests as they explain it, never for the
//! proxy's own listener.
//!
//! Run it on a stable toolchain by
//! `RUSTC_BOOTSTRAP=1 cargo fuzz run rule_file -- -max_total_time=60`.
#![no_main]

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use libfuzzer_sys::fuzz_target;
use socks_acl::{Acl, RuleError, RuleFile};
use socks_core::{
    Address, Command, Method,
    message::{AccessPoint, AccessRequest, ConnInfo, Identity, SessionId, Verdict, Version},
};
use tower_service::Service;

/// What an input begins with, by its first octet: so it need not find out how a rule begins.
const BEGINNINGS: [&str; 6] = [
    "",
    "[[request]]\nverdict = \"allow\"\n",
    "[[accept]]\nverdict = \"deny\"\n",
    "[networks]\na = \"192.0.2.0/24\"\n[[request]]\nverdict = \"allow\"\naddress = [\"$a\"]\n",
    "safe_default.enabled = false\n[[request]]\nverdict = \"allow\"\nnot.",
    "[[udp_reply]]\nverdict = \"allow\"\n[[bind_peer]]\nverdict = \"deny\"\n[[request]]\nsafe_default = true\n",
];

const LISTENER: &str = "203.0.113.1:1080";

fn check_place(text: &str, error: &RuleError) {
    assert!(!error.what().is_empty());
    let Some(span) = error.span() else {
        return assert_eq!(error.line(), None);
    };
    assert!(span.start <= span.end && span.end <= text.len(), "{span:?}");
    let line = error.line().expect("a place in the text");
    let column = error.column().expect("a place in the text");
    let line = text.split('\n').nth(line - 1).expect("a line of the text");
    assert!((1..=line.chars().count() + 1).contains(&column), "{error}");
}

fn requests() -> impl Iterator<Item = AccessRequest> {
    let peer: SocketAddr = "198.51.100.7:50000".parse().expect("an address");
    let local: SocketAddr = LISTENER.parse().expect("an address");
    let conn = ConnInfo::new(SessionId(1), Version::Socks5, peer.into(), local.into());
    let conn = Arc::new(conn);
    let identity = Identity::user("alice", Method::USERNAME_PASSWORD).group("staff");
    let identity = Arc::new(identity);
    let asked = [
        (Command::Connect, "example.com", 80, AccessPoint::Request),
        (
            Command::Connect,
            "64:ff9b::192.0.2.1",
            443,
            AccessPoint::Request,
        ),
        (Command::Bind, "0.0.0.0", 0, AccessPoint::Request),
        (Command::Bind, "192.0.2.1", 20, AccessPoint::BindPeer),
        (Command::UdpAssociate, "0.0.0.0", 0, AccessPoint::Request),
        (
            Command::UdpAssociate,
            "192.0.2.1",
            53,
            AccessPoint::UdpReply,
        ),
        (
            Command::Connect,
            "www.example.com",
            443,
            AccessPoint::Inspection,
        ),
    ];
    asked.into_iter().map(move |(command, host, port, point)| {
        let to = match host.parse::<IpAddr>() {
            Ok(ip) => Address::Socket((ip, port).into()),
            Err(_) => Address::domain(host, port).expect("a name"),
        };
        AccessRequest::new(Arc::clone(&conn), Arc::clone(&identity), command, to).at(point)
    })
}

fuzz_target!(|input: (u8, &str)| {
    let (beginning, rest) = input;
    let text = format!(
        "{}{rest}",
        BEGINNINGS[usize::from(beginning) % BEGINNINGS.len()]
    );
    let rules = match RuleFile::parse("rules", &text).and_then(|file| file.rules()) {
        Ok(rules) => rules,
        Err(error) => return check_place(&text, &error),
    };
    let mut acl = Acl::new(rules);
    let own: SocketAddr = LISTENER.parse().expect("an address");
    for request in requests() {
        let explained = acl.explain(&request, None);
        let Ok(verdict) = Service::<AccessRequest>::call(&mut acl, request.clone()).into_inner();
        assert_eq!(
            explained.allowed,
            matches!(verdict, Verdict::Allow(_)),
            "{explained}"
        );
        let Verdict::Allow(permit) = verdict else {
            continue;
        };
        if request.point != AccessPoint::Request {
            continue;
        }
        assert!(!permit.permits(own), "{text}");
        assert!(!permit.permits_for(&Address::domain("example.com", 1080).expect("a name"), own));
        let to = permit
            .destination
            .clone()
            .unwrap_or_else(|| request.destination.clone());
        if request.command == Command::Connect {
            for ip in ["192.0.2.1", "10.0.0.1", "2606:4700::1111"].map(|ip| ip.parse::<IpAddr>()) {
                let ip = ip.expect("an address");
                let permitted = permit.permits_for(&to, (ip, to.port()).into());
                assert_eq!(permitted, acl.judge(&request, Some(ip)).allowed, "{text}");
            }
        }
    }
});
