use std::sync::Arc;

use async_trait::async_trait;
use socks_core::{
    Secret, UserName,
    message::{AuthRequest, Authentication, ConnInfo, Credentials},
};

use crate::BoxError;

/// Asks an application's own store who may log in. Object safe, and one method to write.
///
/// [`AuthenticateService`](crate::AuthenticateService) makes it the `Service` that a server takes.
///
/// ```
/// use socks_auth::{Authenticate, AuthenticateService, BoxError, async_trait};
/// use socks_core::{
///     Method, Secret, UserName,
///     message::{Authentication, ConnInfo, Identity},
/// };
///
/// struct Database;
/// # impl Database {
/// #     async fn verify(&self, _: &[u8], _: &[u8]) -> Result<bool, BoxError> { Ok(true) }
/// # }
///
/// #[async_trait]
/// impl Authenticate for Database {
///     async fn password(
///         &self,
///         username: &UserName,
///         password: &Secret,
///         _conn: &ConnInfo,
///     ) -> Result<Authentication, BoxError> {
///         Ok(if self.verify(username.as_bytes(), password.expose()).await? {
///             let user = Identity::user(username.clone(), Method::USERNAME_PASSWORD);
///             Authentication::Accepted(user.group("staff"))
///         } else {
///             Authentication::rejected()
///         })
///     }
/// }
///
/// let authenticator = AuthenticateService::new(Database);
/// ```
#[async_trait]
pub trait Authenticate: Send + Sync + 'static {
    /// Judges a user name and a password (RFC 1929). Both are octets, and either may be empty
    /// (`UP-6`, `UP-7`, `UP-15`).
    ///
    /// A store that hashes slowly (`SE-31`) does so away from the runtime's own threads, such as
    /// in `spawn_blocking`, and hashes for unknown users too (`SE-32`).
    ///
    /// # Errors
    ///
    /// If the store cannot tell; the client is answered failure (`UP-17`). The error goes to the
    /// log, so it must not hold the password.
    ///
    /// # Cancel safety
    ///
    /// Dropped at any await when a deadline passes or the client leaves.
    async fn password(
        &self,
        username: &UserName,
        password: &Secret,
        conn: &ConnInfo,
    ) -> Result<Authentication, BoxError>;

    /// Judges credentials of every kind. As provided, it asks [`password`](Self::password) about
    /// user names with passwords and rejects the rest: anonymous clients, SOCKS4 user ids,
    /// challenges, principals (`S4-2`, `SE-36`). Write it too if some of these count.
    ///
    /// # Errors
    ///
    /// As [`password`](Self::password).
    ///
    /// # Cancel safety
    ///
    /// As [`password`](Self::password).
    async fn authenticate(&self, request: AuthRequest) -> Result<Authentication, BoxError> {
        match &request.credentials {
            Credentials::Password { username, password } => {
                self.password(username, password, &request.conn).await
            }
            _ => Ok(Authentication::rejected()),
        }
    }
}

#[async_trait]
impl<A: Authenticate + ?Sized> Authenticate for Arc<A> {
    async fn password(
        &self,
        username: &UserName,
        password: &Secret,
        conn: &ConnInfo,
    ) -> Result<Authentication, BoxError> {
        (**self).password(username, password, conn).await
    }

    async fn authenticate(&self, request: AuthRequest) -> Result<Authentication, BoxError> {
        (**self).authenticate(request).await
    }
}
