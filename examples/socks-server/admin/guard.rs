//! Who may ask.
//!
//! A browser on this machine runs scripts of whatever site it shows, and those can send requests to loopback. So a request
//! that a browser says is another site's is refused, one whose `Host` is a name that anybody could have pointed here
//! (DNS rebinding), and nothing is ever allowed to other origins (CORS).

use std::net::IpAddr;

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header, uri::Authority},
    middleware::Next,
    response::{IntoResponse, Response},
};
use socks_core::message::Endpoint;
use tracing::info;

use super::{refusal::Refusal, state::Admin};

/// What every answer says, refusals too: scripts, styles and connections are this server's own, nobody frames the page
/// (or its buttons could be clicked by mistake), and nothing is kept.
const HEADERS: [(HeaderName, HeaderValue); 7] = [
    (
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
             base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        ),
    ),
    (
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    ),
    (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (
        header::REFERRER_POLICY,
        HeaderValue::from_static("no-referrer"),
    ),
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        HeaderValue::from_static("same-origin"),
    ),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        HeaderValue::from_static("same-origin"),
    ),
];

pub async fn headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    response.headers_mut().extend(HEADERS);
    response
}

/// Refuses what another site's script has sent.
pub async fn browser(State(admin): State<Admin>, request: Request, next: Next) -> Response {
    match check(&request, admin.token.is_some()) {
        Ok(()) => next.run(request).await,
        Err(refusal) => refusal.into_response(),
    }
}

fn check(request: &Request, token: bool) -> Result<(), Refusal> {
    let headers = request.headers();
    let host = host(request)?;
    // With a token it is the token that a rebound name lacks, and the server may have a name of its own.
    if !token && !is_own(&host) {
        return Err(misdirected("Host: expected localhost or an IP address"));
    }
    let site = one(headers, "sec-fetch-site")?;
    // Links from elsewhere lead to the page, and to nothing else.
    let visit = request.uri().path() == "/"
        && request.method() == Method::GET
        && one(headers, "sec-fetch-mode")? == Some("navigate");
    if !matches!(site, None | Some("same-origin" | "none")) && !visit {
        return Err(forbidden("another site's request"));
    }
    let safe = matches!(*request.method(), Method::GET | Method::HEAD);
    match one(headers, "origin")? {
        Some(origin) if !safe && !is_origin(origin, host.as_str()) => {
            Err(forbidden("another origin's request"))
        }
        _ => Ok(()),
    }
}

/// The only `Host`.
fn host(request: &Request) -> Result<Authority, Refusal> {
    // A target in absolute form names a host of its own (RFC 9112 §3.2.2), which only proxies are sent.
    if request.uri().authority().is_some() {
        return Err(misdirected("expected a path"));
    }
    let host = one(request.headers(), "host")?.filter(|host| !host.contains('@'));
    host.and_then(|host| host.parse().ok())
        .ok_or_else(|| Refusal::bad("Host: expected one"))
}

/// Whether it is no name, or the only one that cannot be pointed elsewhere.
fn is_own(host: &Authority) -> bool {
    let host = host.host();
    let ip = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
        .unwrap_or(host);
    host.eq_ignore_ascii_case("localhost") || ip.parse::<IpAddr>().is_ok()
}

/// Whether a page from `host` has this origin; somebody may have put TLS in front.
fn is_origin(origin: &str, host: &str) -> bool {
    let origin = origin
        .strip_prefix("http://")
        .or_else(|| origin.strip_prefix("https://"));
    origin.is_some_and(|origin| origin.eq_ignore_ascii_case(host))
}

/// A header that is there once, if at all.
fn one<'a>(headers: &'a HeaderMap, name: &str) -> Result<Option<&'a str>, Refusal> {
    let mut values = headers.get_all(name).iter();
    let value = values.next();
    let value = value.map(|value| value.to_str()).transpose();
    match (value, values.next()) {
        (Ok(value), None) => Ok(value),
        _ => Err(Refusal::bad(format!("{name}: expected one at most"))),
    }
}

fn forbidden(why: &str) -> Refusal {
    Refusal::new(StatusCode::FORBIDDEN, why)
}

fn misdirected(why: &str) -> Refusal {
    Refusal::new(StatusCode::MISDIRECTED_REQUEST, why)
}

/// Refuses who does not have the token, if there is one.
pub async fn token(State(admin): State<Admin>, request: Request, next: Next) -> Response {
    let Some(token) = &admin.token else {
        return next.run(request).await;
    };
    let offered = request.headers().get(header::AUTHORIZATION);
    let offered = offered.and_then(|value| bearer(value.as_bytes()));
    if offered.is_some_and(|offered| token.is(offered)) {
        return next.run(request).await;
    }
    if offered.is_some() {
        let peer = request.extensions().get::<Endpoint>();
        info!(peer = %peer.unwrap_or(&Endpoint::Unnamed), "a wrong token for the admin address");
    }
    let refusal = Refusal::new(
        StatusCode::UNAUTHORIZED,
        "Authorization: expected Bearer TOKEN",
    );
    let challenge = [(header::WWW_AUTHENTICATE, "Bearer")];
    (challenge, refusal).into_response()
}

/// The token of `Bearer TOKEN` (RFC 6750 §2.1); the scheme's case does not count.
fn bearer(value: &[u8]) -> Option<&[u8]> {
    let (scheme, token) = value.split_at_checked(7)?;
    scheme
        .eq_ignore_ascii_case(b"bearer ")
        .then(|| token.trim_ascii())
}
