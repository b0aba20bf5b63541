use std::{
    net::{IpAddr, SocketAddr},
    str,
};

use socks_acl::{Acl, Explanation};
use socks_core::{
    Address, Command, Escaped, Method,
    message::{
        AcceptRequest, AccessPoint, AccessRequest, ConnInfo, Endpoint, Identity, SessionId, Version,
    },
};

/// What is asked about something, `NAME=VALUE` each. Values are octets: names of users need not be text.
///
/// Whoever asks for a pair takes it, and what is left at the [`end`](Self::end) is a mistake.
#[derive(Debug, Default)]
pub struct Pairs(pub Vec<(Vec<u8>, Vec<u8>)>);

impl Pairs {
    /// Of the command line.
    pub fn of_arguments<'a>(
        arguments: impl IntoIterator<Item = &'a String>,
    ) -> Result<Self, String> {
        let pairs = arguments.into_iter().map(|argument| {
            let (name, value) = argument
                .split_once('=')
                .ok_or_else(|| format!("{argument}: expected NAME=VALUE"))?;
            Ok((name.into(), value.into()))
        });
        pairs.collect::<Result<_, String>>().map(Self)
    }

    pub fn octets(&mut self, name: &str) -> Option<Vec<u8>> {
        let index = self.0.iter().position(|(own, _)| own == name.as_bytes())?;
        Some(self.0.remove(index).1)
    }

    pub fn text(&mut self, name: &str) -> Result<Option<String>, String> {
        self.octets(name)
            .map(String::from_utf8)
            .transpose()
            .map_err(|_| format!("{name}: expected UTF-8"))
    }

    pub fn end(self) -> Result<(), String> {
        match self.0.first() {
            None => Ok(()),
            Some((name, _)) => Err(format!("{}: unknown, or there twice", Escaped(name))),
        }
    }
}

/// A question to the rules that no client has asked.
#[derive(Debug)]
pub enum Asked {
    Accept(AcceptRequest),
    /// And the address that the destination resolves to.
    Access(AccessRequest, Option<IpAddr>),
}

impl Asked {
    /// `destination` (HOST:PORT) of a client at `peer` (IP or IP:PORT), which came to `local` by `listener`,
    /// spoke `version` (socks4, socks5) and asked for `command` (connect, bind, udp-associate) as `user`
    /// by `method` (none, gssapi, username-password, chap), in each `group`. With `remote` the address that
    /// the destination resolves to is judged, too. At `point`: request, bind-peer, udp-reply,
    /// inspection, or accept, where there is no more than a client yet.
    pub fn new(mut pairs: Pairs) -> Result<Self, String> {
        let points = [
            ("request", Some(AccessPoint::Request)),
            ("bind-peer", Some(AccessPoint::BindPeer)),
            ("udp-reply", Some(AccessPoint::UdpReply)),
            ("inspection", Some(AccessPoint::Inspection)),
            ("accept", None),
        ];
        let point = chosen(&mut pairs, "point", &points)?;
        let peer = endpoint(&mut pairs, "peer")?;
        let local = endpoint(&mut pairs, "local")?;
        let listener = pairs.text("listener")?.map(Into::into);
        let asked = match point {
            None => {
                let mut request = AcceptRequest::new(SessionId(0), peer, local);
                request.listener = listener;
                Self::Accept(request)
            }
            Some(point) => {
                let versions = [("socks5", Version::Socks5), ("socks4", Version::Socks4)];
                let version = chosen(&mut pairs, "version", &versions)?;
                let mut conn = ConnInfo::new(SessionId(0), version, peer, local);
                conn.listener = listener;
                let commands = [
                    ("connect", Command::Connect),
                    ("bind", Command::Bind),
                    ("udp-associate", Command::UdpAssociate),
                ];
                let command = chosen(&mut pairs, "command", &commands)?;
                let destination = pairs
                    .text("destination")?
                    .and_then(|text| address(&text))
                    .ok_or("destination: expected HOST:PORT or [IPv6]:PORT")?;
                let resolved = pairs.text("remote")?;
                let resolved = resolved
                    .map(|text| text.parse().map_err(|_| "remote: expected an IP address"))
                    .transpose()?;
                let identity = identity(&mut pairs)?;
                let request =
                    AccessRequest::new(conn.into(), identity.into(), command, destination);
                Self::Access(request.at(point), resolved)
            }
        };
        pairs.end()?;
        Ok(asked)
    }

    /// What the rules in force say. It counts as no hit.
    pub fn explain(&self, acl: &Acl) -> Explanation {
        match self {
            Self::Accept(request) => acl.explain_accept(request),
            Self::Access(request, resolved) => acl.explain(request, *resolved),
        }
    }
}

fn endpoint(pairs: &mut Pairs, name: &str) -> Result<Endpoint, String> {
    let text = pairs.text(name)?;
    text.map_or(Ok(Endpoint::Unnamed), |text| {
        socket(&text)
            .map(Endpoint::from)
            .ok_or_else(|| format!("{name}: expected an IP address, and a port if it matters"))
    })
}

fn identity(pairs: &mut Pairs) -> Result<Identity, String> {
    let user = pairs.octets("user").filter(|user| !user.is_empty());
    let mut methods = [
        ("none", Method::NO_AUTHENTICATION),
        ("username-password", Method::USERNAME_PASSWORD),
        ("gssapi", Method::GSSAPI),
        ("chap", Method::CHAP),
    ];
    if user.is_some() {
        // A user has proved to be one.
        methods.swap(0, 1);
    }
    let method = chosen(pairs, "method", &methods)?;
    let mut identity = match user {
        Some(user) => Identity::user(&*user, method),
        None => Identity::anonymous(),
    };
    identity.method = method;
    while let Some(group) = pairs.text("group")? {
        identity.groups.push(group.into());
    }
    Ok(identity)
}

/// What `name` says, by its words; the first of `choices` if it is not there.
fn chosen<T: Copy>(pairs: &mut Pairs, name: &str, choices: &[(&str, T)]) -> Result<T, String> {
    let text = pairs.text(name)?;
    let choice = match &text {
        None => choices.first(),
        Some(text) => choices.iter().find(|(word, _)| word == text),
    };
    choice.map(|(_, choice)| *choice).ok_or_else(|| {
        let words: Vec<_> = choices.iter().map(|(word, _)| *word).collect();
        format!("{name}: expected one of {}", words.join(", "))
    })
}

/// As a handshake hands it over: in its canonical form.
fn address(text: &str) -> Option<Address> {
    let address = match text.parse::<SocketAddr>() {
        Ok(addr) => Address::Socket(addr),
        Err(_) => {
            let (host, port) = text.rsplit_once(':')?;
            Address::domain(host, port.parse().ok()?).ok()?
        }
    };
    address.canonical().ok()
}

fn socket(text: &str) -> Option<SocketAddr> {
    let ip = |text: &str| text.parse::<IpAddr>().ok();
    text.parse()
        .ok()
        .or_else(|| Some(SocketAddr::new(ip(text)?, 0)))
}
