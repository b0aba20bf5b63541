use std::{fmt, sync::Arc, time::Duration};

use socks_core::{
    Secret, UserName,
    message::{Authentication, ConnInfo},
};
use tokio::time;

use super::{HttpBuilder, HttpError, answer, client::Client, error::Kind, question::question};
use crate::{Authenticate, BoxError, async_trait, authenticate_service::impl_service, gate::Gate};

/// Asks an HTTP service who may log in.
///
/// It is sent a POST with a JSON object:
///
/// | field | |
/// |---|---|
/// | `username`, `password` | text, or null if what the client sent is not UTF-8 |
/// | `username_base64`, `password_base64` | the octets, whatever they are (`UP-15`) |
/// | `client` | the client's end, `192.0.2.7:40000`, `[2001:db8::7]:40000` or `unix:…` |
/// | `client_address` | its IP address, or null |
/// | `local` | the end that the client connected to |
/// | `listener` | the configured name of the listener, or null |
/// | `version` | `socks5` |
/// | `session` | number of the session, within this process |
///
/// It lets the client in with status 200 and `{"allow": true}`; `"groups": ["staff"]` puts the user
/// into groups, and `"user": "alice"` is who it is from then on. It refuses with `{"allow": false}`
/// or with status 401 or 403. Whatever else it answers, late, with another status, with more than
/// 64 KiB or with other JSON, is an error, and the client is refused (`UP-17`). Redirections are
/// not followed.
///
/// A service must say no in one of these ways: what is an error is no failed login, so nothing limits the
/// guesses at one that answers a wrong password with status 400, say.
///
/// Unknown users must cost the service the same work as known ones (`SE-32`). Passwords go to it
/// as they are: use `http` on this machine only. The question is wiped; what hyper copies of it into
/// its own buffers is not (`UP-23`).
///
/// Clones share connections and bounds. Asks within a tokio runtime.
#[derive(Clone)]
pub struct Http {
    pub(super) client: Arc<Client>,
    pub(super) gate: Arc<Gate>,
    pub(super) timeout: Duration,
    pub(super) allow_empty_passwords: bool,
}

impl Http {
    /// Settings first. The URL is `http://HOST…`, or `https://HOST…` with the feature `http-tls`.
    pub fn builder(url: impl Into<String>) -> HttpBuilder {
        HttpBuilder::new(url.into())
    }

    async fn ask(
        &self,
        username: &UserName,
        password: &Secret,
        conn: &ConnInfo,
    ) -> Result<Authentication, HttpError> {
        let _pass = self.gate.enter().await.map_err(|_| Kind::Busy)?;
        let question = question(username, password, conn)?;
        match self.client.post(question).await? {
            Some(body) => answer::decide(&body, username),
            None => Ok(Authentication::rejected()),
        }
    }
}

#[async_trait]
impl Authenticate for Http {
    async fn password(
        &self,
        username: &UserName,
        password: &Secret,
        conn: &ConnInfo,
    ) -> Result<Authentication, BoxError> {
        if password.expose().is_empty() && !self.allow_empty_passwords {
            return Ok(Authentication::rejected());
        }
        let answer = time::timeout(self.timeout, self.ask(username, password, conn));
        Ok(answer.await.map_err(|_| HttpError::from(Kind::Timeout))??)
    }
}

impl_service!(Http);

impl fmt::Debug for Http {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Http")
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}
