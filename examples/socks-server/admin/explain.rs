//! `/rules/explain`: which rule decides about a request that nobody has made.

use std::{
    fmt,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use axum::{
    Json,
    body::{Body, to_bytes},
    extract::State,
    http::StatusCode,
};
use serde::Serialize;
use socks_core::{
    Address, Command, Method,
    message::{
        AcceptRequest, AccessPoint, AccessRequest, ConnInfo, Endpoint, Identity, SessionId, Version,
    },
};
use tokio::time::timeout;

use super::{query::Query, refusal::Refusal, state::Admin};

/// Explains what the rules in force say of a request, without counting it. It is called on the admin address's own
/// thread, and must not wait for anything.
pub type Explain = Arc<dyn Fn(&Question) -> Explanation + Send + Sync>;

/// What the rules are asked about.
#[derive(Debug)]
#[allow(dead_code, reason = "for whoever has rules to explain")]
pub enum Question {
    /// A client that has said nothing yet.
    Accept(AcceptRequest),
    /// A request, and the address that it is about if that is known.
    Access(AccessRequest, Option<IpAddr>),
}

/// Which rule decides, and why those before it do not.
#[derive(Debug, Serialize)]
pub struct Explanation {
    /// In lines for people.
    text: String,
    /// The same for programs, as the rules describe it.
    explanation: serde_json::Value,
}

impl Explanation {
    #[allow(dead_code, reason = "for whoever has rules to explain")]
    pub fn new(explanation: &(impl fmt::Display + Serialize)) -> Self {
        Self {
            text: explanation.to_string(),
            // Null if it is nothing that JSON has; the text is there in any case.
            explanation: serde_json::to_value(explanation).unwrap_or_default(),
        }
    }
}

/// Octets of a form.
const MAX: usize = 64 * 1024;
const FORM: Duration = Duration::from_secs(10);

pub async fn by_query(
    State(admin): State<Admin>,
    query: Query,
) -> Result<Json<Explanation>, Refusal> {
    explain(&admin, query)
}

/// The parameters as a form in place of the query, which ends up in logs of whatever is between.
pub async fn by_body(State(admin): State<Admin>, body: Body) -> Result<Json<Explanation>, Refusal> {
    let form = timeout(FORM, to_bytes(body, MAX)).await;
    let form = form.map_err(|_| Refusal::new(StatusCode::REQUEST_TIMEOUT, "no form came"))?;
    let form = form.map_err(|_| {
        let why = format!("expected a form of at most {MAX} octets");
        Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, why)
    })?;
    let form = str::from_utf8(&form).map_err(|_| Refusal::bad("expected a form"))?;
    explain(&admin, Query::parse(form))
}

fn explain(admin: &Admin, query: Query) -> Result<Json<Explanation>, Refusal> {
    let Some(explain) = &admin.explain else {
        let why = "there are no rules: nothing is configured but the safe default";
        return Err(Refusal::new(StatusCode::NOT_FOUND, why));
    };
    Ok(Json(explain(&question(query)?)))
}

/// `destination` (HOST:PORT), at the address `remote`, of a client at `peer` (IP or IP:PORT), which came to `local` by
/// `listener`, spoke `version` (socks5, socks4) and asked for `command` (connect, bind, udp-associate) as `user` by
/// `method` (username-password, none, gssapi, chap), in each `group`. At `point`: request, bind-peer, udp-reply,
/// inspection; or accept, where a client has but its addresses.
fn question(mut query: Query) -> Result<Question, Refusal> {
    let peer = endpoint(&mut query, "peer")?;
    let local = endpoint(&mut query, "local")?;
    let listener = query.text("listener")?.map(Into::into);
    let points = [
        ("request", Some(AccessPoint::Request)),
        ("bind-peer", Some(AccessPoint::BindPeer)),
        ("udp-reply", Some(AccessPoint::UdpReply)),
        ("inspection", Some(AccessPoint::Inspection)),
        ("accept", None),
    ];
    let Some(point) = chosen(&mut query, "point", &points)? else {
        let mut request = AcceptRequest::new(SessionId(0), peer, local);
        request.listener = listener;
        query.end()?;
        return Ok(Question::Accept(request));
    };
    let version = chosen(
        &mut query,
        "version",
        &[("socks5", Version::Socks5), ("socks4", Version::Socks4)],
    )?;
    let mut conn = ConnInfo::new(SessionId(0), version, peer, local);
    conn.listener = listener;
    let command = chosen(
        &mut query,
        "command",
        &[
            ("connect", Command::Connect),
            ("bind", Command::Bind),
            ("udp-associate", Command::UdpAssociate),
        ],
    )?;
    let identity = identity(&mut query)?;
    let destination = query.text("destination")?;
    let destination = destination
        .as_deref()
        .and_then(address)
        .ok_or_else(|| Refusal::bad("destination: expected HOST:PORT or [IPv6]:PORT"))?;
    let remote = query.value("remote", "an IP address")?;
    query.end()?;
    let request = AccessRequest::new(conn.into(), identity.into(), command, destination);
    Ok(Question::Access(request.at(point), remote))
}

fn endpoint(query: &mut Query, name: &str) -> Result<Endpoint, Refusal> {
    let Some(text) = query.text(name)? else {
        return Ok(Endpoint::Unnamed);
    };
    let expected = || format!("{name}: expected an IP address, and a port if it matters");
    let addr = socket(&text).ok_or_else(|| Refusal::bad(expected()))?;
    Ok(addr.into())
}

fn identity(query: &mut Query) -> Result<Identity, Refusal> {
    let user = query.octets("user").filter(|user| !user.is_empty());
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
    let method = chosen(query, "method", &methods)?;
    let mut identity = match user {
        Some(user) => Identity::user(&*user, method),
        None => Identity::anonymous(),
    };
    identity.method = method;
    while let Some(group) = query.text("group")? {
        identity.groups.push(group.into());
    }
    Ok(identity)
}

/// What `name` says, by its words; the first of `choices` if it is not there.
fn chosen<T: Copy>(query: &mut Query, name: &str, choices: &[(&str, T)]) -> Result<T, Refusal> {
    let text = query.text(name)?;
    let choice = match &text {
        None => choices.first(),
        Some(text) => choices.iter().find(|(word, _)| word == text),
    };
    choice.map(|(_, choice)| *choice).ok_or_else(|| {
        let words: Vec<_> = choices.iter().map(|(word, _)| *word).collect();
        Refusal::bad(format!("{name}: expected one of {}", words.join(", ")))
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
