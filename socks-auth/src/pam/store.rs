use std::{num::NonZeroUsize, sync::Arc};

use socks_core::{
    Method, Secret, UserName,
    message::{Authentication, ConnInfo, Identity},
};

use super::{
    PamError,
    groups::groups,
    service,
    transaction::{Login, login},
};
use crate::{Authenticate, BoxError, VerifyPool, async_trait, authenticate_service::impl_service};

/// Users of the system's PAM library: whom a service of `/etc/pam.d` lets in.
///
/// Asks for authentication and then for the account (`auth` and `account` lines); no session is
/// opened. Prompts without echo are answered with the password, prompts of other kinds end the
/// login. PAM learns the client's address (`PAM_RHOST`). The user is who PAM says it is in the end.
///
/// The program must have the rights that the service's modules need; `pam_unix` checks other
/// users' passwords for root alone.
///
/// PAM blocks, and after a failure many modules wait for two seconds, so it is asked in a pool of
/// its own, 16 at once (`SE-31`). What it costs to ask for an unknown user is the modules' affair
/// (`SE-32`). A transaction cannot be broken off: a client that leaves takes up its place until PAM
/// has answered. PAM and C hold copies of the password that they do not all wipe.
#[derive(Clone, Debug)]
pub struct Pam {
    service: Arc<str>,
    pool: VerifyPool,
    nss_groups: bool,
    allow_empty_passwords: bool,
}

impl Pam {
    const RUNNING: NonZeroUsize = NonZeroUsize::MIN.saturating_add(15);

    /// Asks as `service`.
    ///
    /// # Errors
    ///
    /// If there is no such service: PAM would take the service `other` in its place.
    pub fn new(service: &str) -> Result<Self, PamError> {
        service::check(service)?;
        Ok(Self {
            service: service.into(),
            pool: VerifyPool::new(Self::RUNNING, VerifyPool::WAITING),
            nss_groups: false,
            allow_empty_passwords: false,
        })
    }

    /// Puts users into the groups that the system lists for them (NSS). Off by default.
    #[must_use]
    pub fn nss_groups(mut self, add: bool) -> Self {
        self.nss_groups = add;
        self
    }

    /// Where PAM is asked, in place of a pool of its own.
    #[must_use]
    pub fn pool(mut self, pool: VerifyPool) -> Self {
        self.pool = pool;
        self
    }

    /// Lets PAM judge empty passwords, which are refused unasked by default (`UP-7`).
    #[must_use]
    pub fn allow_empty_passwords(mut self, allow: bool) -> Self {
        self.allow_empty_passwords = allow;
        self
    }
}

#[async_trait]
impl Authenticate for Pam {
    async fn password(
        &self,
        username: &UserName,
        password: &Secret,
        conn: &ConnInfo,
    ) -> Result<Authentication, BoxError> {
        if password.expose().is_empty() && !self.allow_empty_passwords {
            return Ok(Authentication::rejected());
        }
        let client = conn.peer.ip();
        let this = self.clone();
        let (username, password) = (username.clone(), password.clone());
        let ask = move || {
            let user = login(&Login {
                service: &this.service,
                username: &username,
                password: &password,
                client,
                allow_empty_passwords: this.allow_empty_passwords,
            })?;
            let Some(user) = user else {
                return Ok::<_, PamError>(Authentication::rejected());
            };
            let mut identity = Identity::user(user.clone(), Method::USERNAME_PASSWORD);
            if this.nss_groups {
                identity.groups = groups(&user)?;
            }
            Ok(Authentication::Accepted(identity))
        };
        Ok(self.pool.run(ask).await??)
    }
}

impl_service!(Pam);
