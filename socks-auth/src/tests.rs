use std::{
    io,
    sync::{Arc, Mutex},
    time::Duration,
};

use socks_core::{
    Method, Secret, UserId, UserName,
    chap::{Algorithm, Challenge},
    message::{
        AuthRequest, Authentication, ConnInfo, Credentials, Endpoint, Identity, SessionId, Version,
    },
};
use tower::{Service, ServiceExt, timeout::Timeout};

use crate::{
    Authenticate, AuthenticateService, BoxError, NoAuth, StaticUsers, async_trait, tag::work,
};

pub(crate) fn password(username: impl Into<UserName>, password: impl Into<Secret>) -> Credentials {
    Credentials::Password {
        username: username.into(),
        password: password.into(),
    }
}

fn octets(octets: &[u8]) -> Secret {
    Secret::new(octets)
}

pub(crate) fn request(credentials: Credentials) -> AuthRequest {
    request_from(Endpoint::Unnamed, credentials)
}

pub(crate) fn request_from(peer: impl Into<Endpoint>, credentials: Credentials) -> AuthRequest {
    let method = match credentials {
        Credentials::Password { .. } => Method::USERNAME_PASSWORD,
        Credentials::Chap { .. } => Method::CHAP,
        Credentials::Gssapi { .. } => Method::GSSAPI,
        _ => Method::NO_AUTHENTICATION,
    };
    let local = Endpoint::Unnamed;
    let conn = ConnInfo::new(SessionId(7), Version::Socks5, peer.into(), local);
    AuthRequest::new(Arc::new(conn), method, credentials)
}

/// The user that was let in, or `None` for a rejection.
async fn ask<S>(service: &S, credentials: Credentials) -> Option<Identity>
where
    S: Service<AuthRequest, Response = Authentication, Error: std::fmt::Debug> + Clone,
{
    match service.clone().oneshot(request(credentials)).await.unwrap() {
        Authentication::Accepted(identity) => Some(identity),
        Authentication::Rejected(_) => None,
    }
}

/// Everything that is not a user name with a password.
pub(crate) fn other_credentials() -> [Credentials; 5] {
    [
        Credentials::None,
        Credentials::UserId(UserId::new(b"alice").unwrap()),
        Credentials::Chap {
            username: "alice".into(),
            challenge: Challenge::new(Algorithm::HMAC_MD5, 0, "1234".into()),
            response: "secret".into(),
            mutual: None,
        },
        Credentials::Gssapi {
            principal: "alice".into(),
        },
        Credentials::Other {
            method: Method(0x80),
            proof: Arc::new(()),
        },
    ]
}

/// S4-2: a user id is kept as a claim and makes nobody a user.
#[tokio::test]
async fn no_auth_keeps_the_claim() {
    for credentials in other_credentials() {
        let claim = credentials.username().map(UserName::from);
        let identity = ask(&NoAuth::new(), credentials).await.unwrap();
        assert_eq!(identity.user, None);
        assert_eq!(identity.claimed, claim);
        assert_eq!(identity.method, Method::NO_AUTHENTICATION);
    }
}

/// UP-24: the name stays with the session, as octets.
#[tokio::test]
async fn a_listed_user_is_let_in() {
    let users = StaticUsers::from_iter([("alice", "secret"), ("bob", "word")]);
    for (name, word) in [("alice", "secret"), ("bob", "word")] {
        let identity = ask(&users, password(name, word)).await.unwrap();
        assert_eq!(identity.user, Some(name.into()));
        assert_eq!(identity.method, Method::USERNAME_PASSWORD);
    }
}

/// UP-13: whatever is wrong, the answer is the same.
#[tokio::test]
async fn wrong_credentials_are_rejected_alike() {
    let users = StaticUsers::from_iter([("alice", "secret"), ("bob", "word")]);
    for (name, word) in [
        ("alice", "word"),
        ("alice", "secre"),
        ("alice", "secret\0"),
        ("alice", ""),
        ("Alice", "secret"),
        ("carol", "secret"),
        ("", ""),
        ("", "secret"),
        ("alices", "ecret"),
        ("alic", "esecret"),
    ] {
        let answer = users.clone().oneshot(request(password(name, word))).await;
        let rejected = format!("{:?}", Authentication::rejected());
        assert_eq!(format!("{:?}", answer.unwrap()), rejected, "{name} {word}");
    }
}

/// UP-15, UP-16: octets count, whatever they are; NUL and colon are ordinary.
#[tokio::test]
async fn names_and_passwords_are_octets() {
    let name: &[u8] = b"caf\xe9:x";
    let users = StaticUsers::from_iter([(name, octets(b"pa\0ss"))]);
    assert!(
        ask(&users, password(name, octets(b"pa\0ss")))
            .await
            .is_some()
    );
    for (name, word) in [
        (name, &b"pa"[..]),
        (name, b"pa\0sS"),
        (b"caf\xe9", b"x:pa\0ss"),
        ("caf\u{e9}:x".as_bytes(), b"pa\0ss"),
    ] {
        assert!(ask(&users, password(name, octets(word))).await.is_none());
    }
}

/// UP-21: what looks like parameters is part of the name.
#[tokio::test]
async fn names_are_not_read_for_parameters() {
    let users = StaticUsers::from_iter([("alice", "secret"), ("bob-session-1", "word")]);
    let bob = ask(&users, password("bob-session-1", "word"))
        .await
        .unwrap();
    assert_eq!(bob.user, Some("bob-session-1".into()));
    for name in [
        "alice-session-1",
        "alice+x",
        "alice@example.com",
        "<torS0X>0alice",
        "bob",
    ] {
        for word in ["secret", "word"] {
            assert!(ask(&users, password(name, word)).await.is_none(), "{name}");
        }
    }
}

/// UP-7: an empty password counts only where the configuration wants it.
#[tokio::test]
async fn empty_passwords_need_a_setting() {
    let users = StaticUsers::from_iter([("guest", ""), ("alice", "secret")]);
    assert!(ask(&users, password("guest", "")).await.is_none());
    let users = users.allow_empty_passwords(true);
    assert!(ask(&users, password("guest", "")).await.is_some());
    assert!(ask(&users, password("alice", "")).await.is_none());
    assert!(ask(&users, password("nobody", "")).await.is_none());
}

/// UP-6: an empty user name fails by default.
#[tokio::test]
async fn an_empty_name_is_nobody() {
    let users = StaticUsers::from_iter([("alice", "pass")]);
    assert!(ask(&users, password("", "pass")).await.is_none());
}

/// S4-2, SE-36: a table of passwords lets no anonymous client and no SOCKS4 client in.
#[tokio::test]
async fn only_passwords_count() {
    let users = StaticUsers::from_iter([("alice", "secret")]);
    for credentials in other_credentials() {
        let shown = format!("{credentials:?}");
        assert!(ask(&users, credentials).await.is_none(), "{shown}");
    }
}

#[tokio::test]
async fn an_empty_table_rejects_everybody() {
    let nobody: [(&str, &str); 0] = [];
    let users = StaticUsers::from_iter(nobody).allow_empty_passwords(true);
    assert!(users.is_empty());
    for (name, word) in [("", ""), ("alice", ""), ("alice", "secret")] {
        assert!(ask(&users, password(name, word)).await.is_none());
    }
    assert!(ask(&users, Credentials::None).await.is_none());
}

#[tokio::test]
async fn the_later_of_two_entries_counts() {
    let users = StaticUsers::from_iter([("alice", "old"), ("alice", "new")]);
    assert_eq!(users.len(), 1);
    assert!(ask(&users, password("alice", "old")).await.is_none());
    assert!(ask(&users, password("alice", "new")).await.is_some());
}

/// SE-32: an unknown user costs what a known one costs, counted in digests.
#[tokio::test]
async fn unknown_users_cost_the_same() {
    let users = StaticUsers::from_iter([("alice", "secret"), ("guest", "")]);
    work::take();
    for (name, word) in [
        ("alice", "secret"),
        ("alice", "wrong"),
        ("carol", "secret"),
        ("guest", ""),
        ("carol", ""),
        ("", ""),
    ] {
        ask(&users, password(name, word)).await;
        assert_eq!(work::take(), 1, "{name} {word}");
    }
}

/// SE-34, UP-23: no debug output shows a password.
#[tokio::test]
async fn debug_shows_no_password() {
    let users = StaticUsers::from_iter([("alice", "hunter2")]);
    let question = request(password("alice", "hunter2"));
    let store = AuthenticateService::new(Store::default());
    let future = store.clone().call(question.clone());
    let answer = users.clone().oneshot(question.clone()).await;
    let shown = format!("{users:?} {question:?} {store:?} {future:?} {answer:?} {NoAuth:?}");
    assert!(!shown.contains("hunter2"), "{shown}");
    assert!(shown.contains("StaticUsers { users: 1 }"), "{shown}");
    assert!(!format!("{users:?}").contains("alice"));
}

/// A store that knows alice, breaks for bob and is stuck for carol.
#[derive(Default)]
struct Store {
    asked: Mutex<Vec<UserName>>,
}

#[async_trait]
impl Authenticate for Store {
    async fn password(
        &self,
        username: &UserName,
        password: &Secret,
        conn: &ConnInfo,
    ) -> Result<Authentication, BoxError> {
        assert_eq!(conn.id, SessionId(7));
        self.asked.lock().unwrap().push(username.clone());
        match username.as_bytes() {
            b"alice" if password.expose() == b"secret" => Ok(Authentication::Accepted(
                Identity::user(username.clone(), Method::USERNAME_PASSWORD).group("staff"),
            )),
            b"bob" => Err(io::Error::from(io::ErrorKind::ConnectionRefused).into()),
            b"carol" => std::future::pending().await,
            _ => Ok(Authentication::rejected()),
        }
    }
}

#[tokio::test]
async fn an_own_store_needs_one_method() {
    let service = AuthenticateService::new(Store::default());
    let identity = ask(&service, password("alice", "secret")).await.unwrap();
    assert_eq!(identity.user, Some("alice".into()));
    assert_eq!(identity.groups, ["staff".into()]);
    assert!(ask(&service, password("alice", "wrong")).await.is_none());
}

/// S4-2, SE-36: what is not a password never reaches a store that judges passwords.
#[tokio::test]
async fn an_own_store_rejects_the_rest_by_default() {
    let store = Arc::new(Store::default());
    let service = AuthenticateService::new(Arc::clone(&store));
    for credentials in other_credentials() {
        assert!(ask(&service, credentials).await.is_none());
    }
    assert!(store.asked.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_store_behind_a_pointer_works() {
    let store: Arc<dyn Authenticate> = Arc::new(Store::default());
    let service = AuthenticateService::new(store);
    assert!(ask(&service, password("alice", "secret")).await.is_some());
    let store: Arc<dyn Authenticate> = Arc::new(Claims);
    let service = AuthenticateService::new(store);
    assert!(ask(&service, Credentials::None).await.is_some());
}

/// Judges every kind itself.
struct Claims;

#[async_trait]
impl Authenticate for Claims {
    async fn password(
        &self,
        _: &UserName,
        _: &Secret,
        _: &ConnInfo,
    ) -> Result<Authentication, BoxError> {
        Ok(Authentication::rejected())
    }

    async fn authenticate(&self, request: AuthRequest) -> Result<Authentication, BoxError> {
        let identity = Identity::claimed(&request.credentials);
        Ok(Authentication::Accepted(identity))
    }
}

/// UP-17: a broken store is an error, never an acceptance.
#[tokio::test]
async fn a_broken_store_is_an_error() {
    let service = AuthenticateService::new(Store::default());
    let error = service.oneshot(request(password("bob", "secret"))).await;
    assert!(error.unwrap_err().is::<io::Error>());
}

/// UP-17: a layer bounds a store that does not answer.
#[tokio::test(start_paused = true)]
async fn a_stuck_store_times_out() {
    let service = AuthenticateService::new(Store::default());
    let service = Timeout::new(service, Duration::from_secs(5));
    let error = service.oneshot(request(password("carol", "secret"))).await;
    assert!(error.unwrap_err().is::<tower::timeout::error::Elapsed>());
}
