//! A user table of one's own, whose groups an access rule looks at.
//!
//! `custom_auth [LISTEN]`: `alice` with password `wonderland` is staff and goes wherever the safe
//! default lets; `bob` with password `builder` is a guest and goes to port 443 only.

use std::{convert::Infallible, error::Error, future::ready};

use socks_acl::SafeDefault;
use socks_auth::{Authenticate, AuthenticateService, BoxError, async_trait};
use socks_core::{
    Method, Secret, UserName,
    message::{AccessRequest, Authentication, ConnInfo, Identity, Verdict},
};
use socks_tower::{SocksService, TcpConnector, serve};
use subtle::ConstantTimeEq;
use tokio::net::TcpListener;
use tower::service_fn;

/// Name, password, group. A real store keeps slow, salted hashes instead of passwords.
const USERS: [(&str, &str, &str); 2] = [
    ("alice", "wonderland", "staff"),
    ("bob", "builder", "guests"),
];

struct Table;

#[async_trait]
impl Authenticate for Table {
    async fn password(
        &self,
        username: &UserName,
        password: &Secret,
        _conn: &ConnInfo,
    ) -> Result<Authentication, BoxError> {
        // Every row is compared, in constant time, so that time tells nothing about the table.
        let mut group = None;
        for (name, word, its_group) in USERS {
            let name = name.as_bytes().ct_eq(username.as_bytes());
            let word = word.as_bytes().ct_eq(password.expose());
            if bool::from(name & word) {
                group = Some(its_group);
            }
        }
        Ok(match group {
            Some(group) => {
                let user = Identity::user(username.clone(), Method::USERNAME_PASSWORD);
                Authentication::Accepted(user.group(group))
            }
            None => Authentication::rejected(),
        })
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let safe = SafeDefault::new();
    let by_group = service_fn(move |request: AccessRequest| {
        let staff = request
            .identity
            .groups
            .iter()
            .any(|group| **group == *"staff");
        let verdict = match safe.check(&request) {
            Ok(permit) if staff || request.destination.port() == 443 => Verdict::Allow(permit),
            _ => Verdict::deny(),
        };
        ready(Ok::<_, Infallible>(verdict))
    });
    let socks = SocksService::new(TcpConnector::new())
        .authenticator(AuthenticateService::new(Table))
        .access(by_group);

    let listen = std::env::args().nth(1);
    let listener = TcpListener::bind(listen.as_deref().unwrap_or("127.0.0.1:1080")).await?;
    eprintln!("listening on {}", listener.local_addr()?);
    serve(listener, socks).await?;
    Ok(())
}
