//! `/rules/explain`: which rule decides about a request that nobody has made.

use std::{net::IpAddr, net::SocketAddr, sync::Arc, time::Duration};

use axum::{
    Json,
    body::{Body, to_bytes},
    extract::State,
    http::StatusCode,
};
use serde::Serialize;
use socks_core::{
    Address, Command, Method,
    message::{AccessPoint, AccessRequest, ConnInfo, Endpoint, Identity, SessionId, Version},
};
use tokio::time::timeout;

use super::{query::Query, refusal::Refusal, state::Admin};

/// Explains what the rules in force say of a request, without counting it. It is called on the admin address's own
/// thread, and must not wait for anything.
pub type Explain = Arc<dyn Fn(&AccessRequest) -> Explanation + Send + Sync>;

/// Which rule decides, and why those before it do not.
#[derive(Debug, Serialize)]
pub struct Explanation {
    /// In lines for people.
    pub text: String,
    /// The same for programs, as the rules describe it.
    pub explanation: serde_json::Value,
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
    Ok(Json(explain(&request(query)?)))
}

/// `destination` (HOST:PORT) of a client at `peer` (IP or IP:PORT), which came to `local` by `listener`, spoke `version`
/// (socks4, socks5) and asked for `command` (connect, bind, udp-associate) as `user` by `method` (none, gssapi,
/// username-password, chap), in each `group`. At `point`: request, bind-peer, udp-reply or inspection.
fn request(mut query: Query) -> Result<AccessRequest, Refusal> {
    let destination = query.text("destination")?;
    let destination = destination
        .as_deref()
        .and_then(address)
        .ok_or_else(|| Refusal::bad("destination: expected HOST:PORT or [IPv6]:PORT"))?;
    let endpoint = |query: &mut Query, name: &str| -> Result<Endpoint, Refusal> {
        let text = query.text(name)?;
        let bad = || {
            Refusal::bad(format!(
                "{name}: expected an IP address, and a port if it matters"
            ))
        };
        text.map_or(Ok(Endpoint::Unnamed), |text| {
            socket(&text).map(Endpoint::from).ok_or_else(bad)
        })
    };
    let peer = endpoint(&mut query, "peer")?;
    let local = endpoint(&mut query, "local")?;
    let version = chosen(
        &mut query,
        "version",
        &[("socks5", Version::Socks5), ("socks4", Version::Socks4)],
    )?;
    let mut conn = ConnInfo::new(SessionId(0), version, peer, local);
    conn.listener = query.text("listener")?.map(Into::into);
    let command = chosen(
        &mut query,
        "command",
        &[
            ("connect", Command::Connect),
            ("bind", Command::Bind),
            ("udp-associate", Command::UdpAssociate),
        ],
    )?;
    let point = chosen(
        &mut query,
        "point",
        &[
            ("request", AccessPoint::Request),
            ("bind-peer", AccessPoint::BindPeer),
            ("udp-reply", AccessPoint::UdpReply),
            ("inspection", AccessPoint::Inspection),
        ],
    )?;
    let identity = identity(&mut query)?;
    query.end()?;
    Ok(AccessRequest::new(conn.into(), identity.into(), command, destination).at(point))
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
