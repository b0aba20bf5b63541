use socks_core::{
    UserId,
    ident::{self, Token},
    message::{IdentHint, TlsPeer, UsedUp},
};

use super::*;
use crate::{Condition, DomainPattern, DomainSet, Point, Rule};

/// Everything that conditions ask about.
#[derive(Clone)]
struct Probe {
    client: &'static str,
    listener: &'static str,
    tls: Option<&'static str>,
    version: Version,
    user: &'static str,
    group: &'static str,
    method: Method,
    ident: &'static str,
    command: Command,
    destination: &'static str,
    used_up: &'static str,
    now: &'static str,
}

const PROBE: Probe = Probe {
    client: "198.41.0.4:50000",
    listener: "inside",
    tls: Some("alice.staff.example.com"),
    version: Version::Socks5,
    user: "alice",
    group: "staff",
    method: Method::USERNAME_PASSWORD,
    ident: "fred",
    command: Command::Connect,
    destination: "192.33.14.30:443",
    used_up: "monthly",
    now: "2026-03-30T06:30:00Z",
};

impl Probe {
    fn conn(&self) -> ConnInfo {
        let (peer, local) = (endpoint(self.client), endpoint(PUBLIC));
        let mut conn = ConnInfo::new(SessionId(1), self.version, peer, local);
        conn.listener = Some(self.listener.into());
        if let Some(name) = self.tls {
            let mut tls = TlsPeer::new();
            tls.names.push(name.into());
            conn.extensions.insert(tls);
        }
        conn
    }

    fn identity(&self) -> Identity {
        let system = Token::new("UNIX").unwrap();
        let ident = UserId::new(self.ident.as_bytes()).unwrap();
        let ident = ident::Identity::new(system, None, ident).unwrap();
        let mut identity = Identity::user(self.user, self.method).group(self.group);
        identity.ident = Some(IdentHint::new(ident));
        identity
    }

    fn used_up(&self) -> UsedUp {
        UsedUp(vec![self.used_up.into()])
    }

    /// Whether `text` allows it at `point`.
    fn is_allowed(&self, text: &str, point: Point) -> bool {
        let now = self.now.parse().unwrap();
        let acl = Acl::with_clock(rules(text), move || now);
        let conn = self.conn();
        let point = match point {
            Point::Accept => {
                let mut request = AcceptRequest::new(conn.id, conn.peer, conn.local);
                request.listener = conn.listener;
                request.extensions = conn.extensions;
                request.extensions.insert(self.used_up());
                return ask_accept(&acl, request).is_ok();
            }
            Point::Request => AccessPoint::Request,
            Point::BindPeer => AccessPoint::BindPeer,
            Point::UdpReply => AccessPoint::UdpReply,
            Point::Inspection => AccessPoint::Inspection,
        };
        let identity = Arc::new(self.identity());
        let to = address(self.destination);
        let mut request = AccessRequest::new(Arc::new(conn), identity, self.command, to).at(point);
        request.extensions.insert(self.used_up());
        ask(&acl, request).is_ok()
    }
}

type Change = fn(&mut Probe);

/// A condition that holds for `PROBE`, changes after which it does not, and the points where it is an
/// error.
const CONDITIONS: &[(&str, &[Change], &[Point])] = &[
    (
        "client = [\"198.41.0.0/24\", \"2001:db8::/32\"]",
        &[
            |it| it.client = "198.41.1.4:50000",
            |it| it.client = "[2001:db9::1]:50000",
        ],
        &[],
    ),
    (
        "listener = \"inside\"",
        &[|it| it.listener = "outside"],
        &[],
    ),
    ("tls = true", &[|it| it.tls = None], &[]),
    (
        "certificate = \"*.staff.example.com\"",
        &[|it| it.tls = Some("staff.example.com"), |it| it.tls = None],
        &[],
    ),
    (
        "time = \"mon 08:00-09:00\"",
        &[|it| it.now = "2026-03-31T06:30:00Z"],
        &[],
    ),
    (
        "used_up = [\"daily\", \"monthly\"]",
        &[|it| it.used_up = "weekly"],
        &[],
    ),
    (
        "version = \"socks5\"",
        &[|it| it.version = Version::Socks4],
        &[Point::Accept],
    ),
    (
        "user = [\"alice\", \"$users\"]",
        // A name that the client merely claims is nobody's (SE-36).
        &[
            |it| it.user = "Alice",
            |it| it.method = Method::NO_AUTHENTICATION,
        ],
        &[Point::Accept],
    ),
    (
        "group = \"staff\"",
        &[
            |it| it.group = "guests",
            |it| it.method = Method::NO_AUTHENTICATION,
        ],
        &[Point::Accept],
    ),
    (
        "method = [\"username-password\", 128]",
        &[|it| it.method = Method::NO_AUTHENTICATION],
        &[Point::Accept],
    ),
    (
        "ident = \"fred\"",
        &[|it| it.ident = "Fred"],
        &[Point::Accept],
    ),
    (
        "command = [\"connect\", \"udp-associate\"]",
        &[|it| it.command = Command::Resolve],
        &[Point::Accept, Point::BindPeer, Point::UdpReply],
    ),
    (
        "destination = [\"192.33.14.0/24\", \"$hosts\"]",
        &[
            |it| it.destination = "192.33.15.30:443",
            |it| it.destination = "[2001:db9::1]:443",
        ],
        &[Point::Accept],
    ),
    (
        "destination = [\"192.33.14.0/24\", \".example.com\"]",
        &[|it| it.destination = "192.33.15.30:443"],
        &[Point::Accept, Point::BindPeer, Point::UdpReply],
    ),
    (
        "address = \"192.33.14.30\"",
        &[|it| it.destination = "192.33.14.31:443"],
        &[Point::Accept],
    ),
    (
        "not.range = [\"private\", \"cloud-metadata\"]",
        &[
            |it| it.destination = "10.0.0.1:443",
            |it| it.destination = "169.254.169.254:443",
        ],
        &[Point::Accept],
    ),
    (
        "port = [80, \"400-499\"]",
        &[
            |it| it.destination = "192.33.14.30:399",
            |it| it.destination = "192.33.14.30:81",
        ],
        &[Point::Accept],
    ),
];

/// SE-1, SE-3, SE-36: every condition at every point: it holds or not, its opposite is the opposite,
/// and where nothing is known about it the rules are refused.
#[test]
fn every_condition_at_every_point() {
    let sets = "time_zone = \"Europe/Berlin\"\n[networks]\nhosts = \"192.33.16.0/24\"\n\
                [users]\nusers = [\"bob\"]\n[safe_default]\nenabled = false\n";
    for (line, changes, impossible) in CONDITIONS {
        let inverse = match line.strip_prefix("not.") {
            Some(line) => line.to_owned(),
            None => format!("not.{line}"),
        };
        for point in Point::ALL {
            let text = |line: &str| format!("{sets}[[{point}]]\nverdict = \"allow\"\n{line}");
            if impossible.contains(&point) {
                let file = RuleFile::parse("t", &text(line)).unwrap();
                let error = file.rules().unwrap_err().to_string();
                let key = line.split(" =").next().unwrap();
                let told = format!("{point}[1].{key}: cannot be asked by {point} rules");
                assert!(error.contains(&told), "{error}");
                continue;
            }
            assert!(PROBE.is_allowed(&text(line), point), "{point} {line}");
            assert!(
                !PROBE.is_allowed(&text(&inverse), point),
                "{point} {inverse}"
            );
            let possible = |change: &&Change| {
                let mut probe = PROBE;
                change(&mut probe);
                point != Point::Accept || probe.version == PROBE.version
            };
            for change in changes.iter().filter(possible) {
                let mut probe = PROBE;
                change(&mut probe);
                assert!(!probe.is_allowed(&text(line), point), "{point} {line}");
                assert!(
                    probe.is_allowed(&text(&inverse), point),
                    "{point} {inverse}"
                );
            }
        }
    }
}

/// SE-2, SE-3: the first match decides, all conditions of a rule must hold, and no match refuses.
#[test]
fn the_first_match_decides() {
    let acl = acl(&format!(
        "{OPEN}[[request]]\nname = \"not alice\"\nuser = \"alice\"\nport = 22\nverdict = \"deny\"\n\
         reply = \"host-unreachable\"\n\
         [[request]]\nname = \"staff\"\nuser = [\"alice\", \"bob\"]\nverdict = \"allow\"\n\
         [[request]]\nname = \"never\"\nuser = \"alice\"\nverdict = \"deny\""
    ));
    let refused = ask(&acl, user("alice", "192.33.14.30:22"));
    assert_eq!(rule(&refused), "not alice");
    assert_eq!(
        refused.unwrap_err().code,
        socks_core::ReplyCode::HOST_UNREACHABLE
    );
    assert_eq!(rule(&ask(&acl, user("alice", "192.33.14.30:80"))), "staff");
    assert_eq!(rule(&ask(&acl, user("bob", "192.33.14.30:22"))), "staff");
    let unmatched = ask(&acl, user("mallory", "192.33.14.30:80")).unwrap_err();
    assert_eq!(unmatched, socks_core::ReplyCode::NOT_ALLOWED.into());
    assert!(ask(&super::acl(""), connect("192.33.14.30:80")).is_err());
}

/// SE-36: a rule that needs a login excludes SOCKS4 and method 00.
#[test]
fn a_claimed_name_is_nobody() {
    let acl = acl("[[request]]\nuser = \"alice\"\nverdict = \"allow\"");
    let asked = |identity: Identity| {
        let mut request = connect("192.33.14.30:80");
        request.identity = Arc::new(identity);
        ask(&acl, request)
    };
    assert!(asked(Identity::user("alice", Method::CHAP)).is_ok());
    assert!(asked(Identity::user("alice", Method::NO_AUTHENTICATION)).is_err());
    let mut claimed = Identity::anonymous();
    claimed.claimed = Some("alice".into());
    assert!(asked(claimed).is_err());
}

/// SE-1: without accept rules whoever connects gets further; with them only whom they allow.
#[test]
fn accept_rules_are_for_those_who_have_them() {
    let client =
        || AcceptRequest::new(SessionId(1), endpoint("198.41.0.4:50000"), endpoint(PUBLIC));
    assert!(ask_accept(&acl(""), client()).is_ok());
    let some =
        acl("[[accept]]\nname = \"office\"\nclient = \"198.41.1.0/24\"\nverdict = \"allow\"");
    assert!(ask_accept(&some, client()).is_err());
    let mut inside = client();
    inside.peer = endpoint("[::ffff:198.41.1.7]:50000");
    assert_eq!(rule(&ask_accept(&some, inside)), "office");
}

/// What is tried one by one is bounded, whichever way the set came in.
#[test]
fn globs_are_bounded() {
    let rules = |globs: usize| {
        let patterns = (0..globs).map(|n| format!("a*{n}.example.com").parse().unwrap());
        let set = DomainSet::from_iter(patterns.collect::<Vec<DomainPattern>>());
        let rule = Rule::deny("ads").when(Condition::Destination(set.into()));
        Rules::builder().rule(Point::Request, rule).build()
    };
    assert!(rules(DomainSet::MAX_GLOBS).is_ok());
    let error = rules(DomainSet::MAX_GLOBS + 1).unwrap_err().to_string();
    assert!(
        error.ends_with("destination: expected 10,000 entries with * in them at most"),
        "{error}"
    );
}
