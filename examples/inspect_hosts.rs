//! Finds the host that a tunnel is for, in TLS's server name or HTTP's request, and enforces a rule on it, by
//! whatever address the client has asked for.
//!
//! `inspect_hosts [LISTEN] [DENIED]...`: the domains `DENIED` and those below them cannot be reached.
//!
//! It sees what is in clear: not an encrypted ClientHello, no second request on the same HTTP connection, no QUIC. What
//! is neither TLS nor HTTP/1, or names no host, passes; what begins as one of them and cannot be read is cut.

use std::error::Error;

use http::{Uri, uri::Authority};
use socks_acl::{Acl, Condition, DomainPattern, DomainSet, Point, Rule, Rules};
use socks_core::{
    Address,
    message::{AccessRequest, Verdict},
};
use socks_tower::{
    AccessController, AdaptiveRelay, Cut, SessionEnd, SessionReport, SocksService, TcpConnector,
    inspect::{Chunk, InspectLayer, Inspection, Inspector, Subject},
    serve,
    udp::Direction,
};
use tokio::net::TcpListener;
use tokio_rustls::rustls::server::Acceptor;
use tower::{Layer, ServiceBuilder, ServiceExt};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let listen = args.next();
    let rules = rules(args.collect())?;

    let asked = rules.clone();
    let relay = InspectLayer::new(move |subject: &Subject<'_>| -> Option<Box<dyn Inspector>> {
        Some(Box::new(Hosts {
            rules: asked.clone(),
            question: subject.question(subject.destination.clone()),
            reading: Reading::Nothing,
            found: false,
        }))
    })
    .layer(AdaptiveRelay::new());
    let socks = SocksService::new(TcpConnector::new())
        .access(rules)
        .relay(relay);
    let log = |report: SessionReport| {
        if let SessionEnd::Cut(reason) = report.end {
            let rule = report.terms.map(|terms| terms.rule.to_string());
            eprintln!("cut {}: {reason} {}", report.peer, rule.unwrap_or_default());
        }
    };
    let service = ServiceBuilder::new().map_response(log).service(socks);

    let listener = TcpListener::bind(listen.as_deref().unwrap_or("127.0.0.1:1080")).await?;
    eprintln!("listening on {}", listener.local_addr()?);
    serve(listener, service).await?;
    Ok(())
}

/// Any access controller will do. These rules refuse domains, at the request and when they are found in a
/// tunnel, and leave addresses to the safe default, which is a rule about requests.
fn rules(denied: Vec<String>) -> Result<Acl, Box<dyn Error>> {
    let mut rules = Rules::builder();
    for domain in denied {
        let domains: DomainSet = [format!(".{domain}").parse::<DomainPattern>()?]
            .into_iter()
            .collect();
        let rule = Rule::deny(domain).when(Condition::Destination(domains.into()));
        rules = rules
            .rule(Point::Request, rule.clone())
            .rule(Point::Inspection, rule);
    }
    let rest = Rule::allow("the rest");
    let rules = rules
        .rule(Point::Request, rest.clone())
        .rule(Point::Inspection, rest);
    Ok(Acl::new(rules.build()?))
}

/// Looks at what the client says until the host is known, and then no more.
struct Hosts<A> {
    rules: A,
    question: AccessRequest,
    reading: Reading,
    found: bool,
}

enum Reading {
    Nothing,
    /// So much of what is held is known to it.
    Tls(Box<Acceptor>, usize),
    /// So much of what is held was looked at.
    Http(usize),
}

/// What the client's first octets tell.
enum Found {
    /// Not enough yet.
    More,
    /// These hosts, with ports if they have any.
    Hosts(Vec<Authority>),
    /// It looks like a protocol that names hosts, and is not quite.
    Unreadable,
}

impl<A: AccessController> Inspector for Hosts<A> {
    fn inspect(&mut self, chunk: &Chunk<'_>) -> Inspection {
        let hosts = match self.look(chunk.data) {
            // Held for too long, too much or to the end it is cut: an incomplete hello that passed could be completed
            // later.
            Found::More => return Inspection::Hold,
            Found::Unreadable => return Inspection::Cut(Cut::new("unreadable")),
            Found::Hosts(hosts) => hosts,
        };
        self.found = true;
        let mut questions = Vec::new();
        for host in hosts {
            let port = host.port_u16().unwrap_or(self.question.destination.port());
            let name = host.host().trim_start_matches('[').trim_end_matches(']');
            // A literal inside a name is judged as the address that it is.
            let destination = Address::domain(name, port).map(|address| address.canonical());
            let Ok(Ok(destination)) = destination else {
                return Inspection::Cut(Cut::new("unreadable"));
            };
            let mut question = self.question.clone();
            question.destination = destination;
            questions.push(self.rules.clone().oneshot(question));
        }
        if questions.is_empty() {
            return Inspection::Pass;
        }
        Inspection::later(async move {
            for question in questions {
                match question.await {
                    Ok(Verdict::Allow(_)) => {}
                    Ok(Verdict::Deny(denial)) => return Inspection::Cut(denial.into()),
                    Err(_) => return Inspection::Cut(Cut::new("rules_failed")),
                }
            }
            Inspection::Pass
        })
    }

    fn wants(&self, direction: Direction) -> bool {
        direction == Direction::ToTarget && !self.found
    }
}

impl<A> Hosts<A> {
    /// `data` is all that the client has said until now, and only what is new in it is gone through.
    fn look(&mut self, data: &[u8]) -> Found {
        if let Reading::Nothing = self.reading {
            self.reading = match data.first() {
                // A TLS record of the handshake (RFC 8446 §5.1).
                Some(0x16) => Reading::Tls(Box::default(), 0),
                // A method (RFC 9112 §3), or empty lines in front of it, which servers skip (§2.2).
                Some(b'A'..=b'Z' | b'\r' | b'\n') => Reading::Http(0),
                _ => return Found::Hosts(Vec::new()),
            };
        }
        match &mut self.reading {
            Reading::Nothing => Found::More,
            Reading::Tls(acceptor, known) => {
                let new = data.get(*known..).unwrap_or_default();
                *known = data.len();
                server_name(acceptor, new)
            }
            Reading::Http(known) => {
                let new = data.get(*known..).unwrap_or_default();
                *known = data.len();
                match new.contains(&b'\n') {
                    true => request_hosts(data),
                    false => Found::More,
                }
            }
        }
    }
}

/// However the hello is cut into records and segments.
fn server_name(acceptor: &mut Acceptor, mut new: &[u8]) -> Found {
    while !new.is_empty() {
        if acceptor.read_tls(&mut new).is_err() {
            return Found::Unreadable;
        }
        match acceptor.accept() {
            Ok(None) => {}
            Ok(Some(accepted)) => {
                let hello = accepted.client_hello();
                let name = hello.server_name().map(str::parse).transpose();
                return name.map_or(Found::Unreadable, |name| Found::Hosts(Vec::from_iter(name)));
            }
            Err(_) => return Found::Unreadable,
        }
    }
    Found::More
}

/// The target of the request, if it is a URI, and the Host field. They should agree (RFC 9112 §3.2.2), but a server
/// may go by either.
fn request_hosts(data: &[u8]) -> Found {
    let mut headers = [httparse::EMPTY_HEADER; 100];
    let mut request = httparse::Request::new(&mut headers);
    match request.parse(data) {
        Ok(httparse::Status::Partial) => return Found::More,
        Ok(httparse::Status::Complete(_)) => {}
        // HTTP/2 begins with a line that is none of HTTP/1, and servers put up with lines that are none.
        Err(_) if request.version.is_some() || says_http(data) => return Found::Unreadable,
        // Without even a request line it is something else.
        Err(_) => return Found::Hosts(Vec::new()),
    }
    let Ok(uri) = request.path.unwrap_or_default().parse::<Uri>() else {
        return Found::Unreadable;
    };
    let fields = request.headers.iter();
    let fields: Vec<_> = fields
        .filter(|field| field.name.eq_ignore_ascii_case("host"))
        .collect();
    let mut hosts = Vec::from_iter(uri.into_parts().authority);
    match fields[..] {
        [] => {}
        [field] => match Authority::try_from(field.value.trim_ascii()) {
            Ok(host) => hosts.push(host),
            Err(_) => return Found::Unreadable,
        },
        _ => return Found::Unreadable,
    }
    Found::Hosts(hosts)
}

/// Whether the first line that is not empty has the protocol's name in it.
fn says_http(data: &[u8]) -> bool {
    let mut lines = data.trim_ascii_start().split(|octet| *octet == b'\n');
    let line = lines.next().unwrap_or_default();
    line.windows(5)
        .any(|name| name.eq_ignore_ascii_case(b"http/"))
}
