use std::{fmt, num::NonZeroUsize, sync::Arc, time::Duration};

use hyper::{Uri, header::HeaderValue};
use socks_core::Secret;
use zeroize::Zeroizing;

use super::{Http, HttpError, client::Client, error::Kind};
use crate::gate::Gate;

/// Settings of an [`Http`].
#[derive(Clone)]
#[must_use = "a builder does nothing until it builds"]
pub struct HttpBuilder {
    url: String,
    token: Option<Secret>,
    timeout: Duration,
    running: NonZeroUsize,
    waiting: usize,
    allow_empty_passwords: bool,
}

const HTTPS: bool = cfg!(feature = "http-tls");
const URL: &str = match HTTPS {
    true => "expected a URL http://HOST/… or https://HOST/… without a login in it",
    false => "expected a URL http://HOST/… without a login in it; https needs the feature http-tls",
};

impl HttpBuilder {
    pub(super) fn new(url: String) -> Self {
        Self {
            url,
            token: None,
            timeout: Duration::from_secs(5),
            running: NonZeroUsize::MIN.saturating_add(31),
            waiting: 256,
            allow_empty_passwords: false,
        }
    }

    /// Sent as `Authorization: Bearer TOKEN`.
    pub fn token(mut self, token: Secret) -> Self {
        self.token = Some(token);
        self
    }

    /// For one login, waiting in line included. 5 s by default.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// So many questions at once, 32 by default, and so many in line, 256. Beyond that logins fail
    /// at once.
    pub fn concurrency(mut self, running: NonZeroUsize, waiting: usize) -> Self {
        self.running = running;
        self.waiting = waiting;
        self
    }

    /// Asks about logins with an empty password too, which are refused unasked by default
    /// (`UP-7`).
    pub fn allow_empty_passwords(mut self, allow: bool) -> Self {
        self.allow_empty_passwords = allow;
        self
    }

    /// # Errors
    ///
    /// If the URL or the token is none that can be used, or the system's certificates cannot be
    /// read (`http-tls`). Nothing is asked yet.
    pub fn build(self) -> Result<Http, HttpError> {
        let url: Uri = self.url.parse().map_err(|_| Kind::Url(URL))?;
        let scheme = url.scheme_str();
        let scheme = scheme == Some("http") || (HTTPS && scheme == Some("https"));
        let authority = url.authority().map(|authority| authority.as_str());
        if !scheme || authority.is_none_or(|authority| authority.contains('@')) {
            return Err(Kind::Url(URL).into());
        }
        let authorization = self.token.as_ref().map(bearer).transpose()?;
        let client = Client::new(url, authorization, self.timeout)?;
        Ok(Http {
            client: Arc::new(client),
            gate: Arc::new(Gate::new(self.running, self.waiting)),
            timeout: self.timeout,
            allow_empty_passwords: self.allow_empty_passwords,
        })
    }
}

fn bearer(token: &Secret) -> Result<HeaderValue, HttpError> {
    let token = token.expose();
    if token.is_empty() || !token.iter().all(u8::is_ascii_graphic) {
        return Err(Kind::Token.into());
    }
    let value = Zeroizing::new([b"Bearer ", token].concat());
    let mut value = HeaderValue::from_bytes(&value).map_err(|_| Kind::Token)?;
    value.set_sensitive(true);
    Ok(value)
}

// Without the URL, which may hold what should not be there.
impl fmt::Debug for HttpBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpBuilder")
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}
