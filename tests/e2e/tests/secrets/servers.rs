//! What a server does with a user name and a password, and with a SOCKS4 user id.

use std::time::Duration;

use e2e::open;
use socks_auth::{
    AttemptLimitLayer, Authenticate, AuthenticateService, BoxError, ByMethod, NoAuth, StaticUsers,
    SuccessCacheLayer, async_trait,
};
use socks_core::{
    Method, Secret, UserName,
    chap::{Algorithm, Challenge},
    message::{AuthRequest, Authentication, ConnInfo, Credentials, Endpoint, SessionId, Version},
};
use socks_tower::{Authenticator, SocksService};
use support::{Peer, Script};
use tower::{Layer, ServiceBuilder, ServiceExt, service_fn, timeout::TimeoutLayer};

use crate::row::{PASSWORD, Row, Shown, WRONG};

/// A name that would do something to a terminal, or begin a line of its own in a log.
const HOSTILE: &[u8] = b"al\x1b[31mice\r\nlevel=ERROR \x7f\xff\"";

pub(crate) fn rows() -> Vec<Row> {
    vec![
        login("a right password", "alice", PASSWORD, true)
            .logs("user=alice")
            .logs("end=\"refused\"")
            .logs("\"user\":\"alice\""),
        login("a wrong password", "alice", WRONG, false).logs("end=\"rejected\""),
        login("an unknown user", "mallory", PASSWORD, false).logs("end=\"rejected\""),
        login("an empty name", "", PASSWORD, false).logs("end=\"malformed\""),
        Row::new("a limited client", limited).logs("login attempt refused"),
        Row::new("a remembered login", remembered).logs("user=alice"),
        Row::new("a store that fails", failing_store)
            .logs("end=\"authenticator_failed\"")
            .logs("the store is down"),
        Row::new("a store that hangs", hanging_store).logs("end=\"authenticator_failed\""),
        Row::new("malformed logins", malformed).logs("end=\"malformed\""),
        Row::new("a login nobody asked for", unasked).logs("end=\"malformed\""),
        Row::new("a hostile user name", hostile_name)
            .logs(r#"user=al\x1b[31mice\r\nlevel=ERROR \x7f\xff\""#),
        Row::new("a hostile SOCKS4 user id", hostile_user_id)
            .logs(r#"claimed=al\x1b[31mice\r\nlevel=ERROR \x7f\xff\""#),
        Row::new("what phases exchange", messages),
    ]
}

/// Every service there is around a user table.
fn users() -> impl Authenticator + std::fmt::Debug {
    let hostile = UserName::from(HOSTILE);
    let users = [("alice".into(), PASSWORD), (hostile, PASSWORD)];
    let users = ServiceBuilder::new()
        .layer(AttemptLimitLayer::new())
        .layer(SuccessCacheLayer::new())
        .service(StaticUsers::from_iter(users));
    ByMethod::new().method(Method::USERNAME_PASSWORD, users)
}

fn server(authenticator: impl Authenticator) -> SocksService {
    open("127.0.0.1:1".parse().unwrap()).authenticator(authenticator)
}

fn logging_in(name: &[u8], password: &str) -> Script {
    let fields = [&[1, name.len() as u8], name, &[password.len() as u8]];
    let octets = [&fields.concat(), password.as_bytes()].concat();
    Peer::script().greet([0, 2]).expect_method(2).send(octets)
}

/// The same up to its end; who is let in asks for what nobody serves.
fn ending(name: &[u8], password: &str, success: bool) -> Script {
    let script = logging_in(name, password).expect_login(success);
    let script = match success {
        true => script.bind("127.0.0.1:1").expect_reply(7),
        false => script,
    };
    script.expect_end()
}

fn login(row: &'static str, name: &'static str, password: &'static str, success: bool) -> Row {
    Row::new(row, async move |shown| {
        let script = ending(name.as_bytes(), password, success);
        shown.session(&server(users()), script).await;
    })
}

async fn limited(shown: &mut Shown) {
    let layer = AttemptLimitLayer::new();
    let users = layer.layer(StaticUsers::from_iter([("alice", PASSWORD)]));
    let server = server(users.clone());
    for attempt in 0..12 {
        let password = if attempt < 11 { WRONG } else { PASSWORD };
        let script = ending(b"alice", password, false);
        shown.session(&server, script).await;
    }
    assert_eq!(layer.counts().refused, 2);
    shown.debug(&layer);
    shown.debug(&users);
}

async fn remembered(shown: &mut Shown) {
    let layer = SuccessCacheLayer::new();
    let users = layer.layer(StaticUsers::from_iter([("alice", PASSWORD)]));
    let server = server(users.clone());
    for password in [PASSWORD, PASSWORD, WRONG] {
        let script = ending(b"alice", password, password == PASSWORD);
        shown.session(&server, script).await;
    }
    assert_eq!(layer.len(), 1);
    shown.debug(&layer);
    shown.debug(&users);
}

/// An application's store.
struct Store(Option<Duration>);

#[async_trait]
impl Authenticate for Store {
    async fn password(
        &self,
        _: &UserName,
        _: &Secret,
        _: &ConnInfo,
    ) -> Result<Authentication, BoxError> {
        match self.0 {
            Some(takes) => tokio::time::sleep(takes).await,
            None => return Err("the store is down".into()),
        }
        Ok(Authentication::rejected())
    }
}

async fn failing_store(shown: &mut Shown) {
    let store = AuthenticateService::new(Store(None));
    shown.debug(&store);
    let script = ending(b"alice", PASSWORD, false);
    shown.session(&server(store), script).await;
}

/// It is given up by a timeout of its own, or by the handshake's.
async fn hanging_store(shown: &mut Shown) {
    let hour = Duration::from_secs(3600);
    let store = AuthenticateService::new(Store(Some(hour)));
    let impatient = TimeoutLayer::new(Duration::from_secs(1)).layer(store.clone());
    for server in [server(store), server(impatient)] {
        let script = ending(b"alice", PASSWORD, false);
        shown.session(&server, script).await;
    }
}

async fn malformed(shown: &mut Shown) {
    let login = logging_in(b"alice", PASSWORD).client_octets();
    // Behind the greeting and its two methods.
    let (greeting, login) = login.split_at(4);
    let mut other_version = login.to_vec();
    other_version[0] = 5;
    for sent in [&other_version[..], &login[..login.len() - 1], &login[1..]] {
        let script = Peer::script().send(greeting).expect_method(2).send(sent);
        shown.session(&server(users()), script).await;
    }
}

/// A login instead of the request, or of the greeting.
async fn unasked(shown: &mut Shown) {
    let login = logging_in(b"alice", PASSWORD).client_octets().split_off(4);
    let open = server(NoAuth::new());
    let script = Peer::script().greet([0]).expect_method(0).send(&login);
    shown.session(&open, script).await;
    shown.session(&open, Peer::script().send(&login)).await;
}

async fn hostile_name(shown: &mut Shown) {
    let script = ending(HOSTILE, PASSWORD, true);
    shown.session(&server(users()), script).await;
}

async fn hostile_user_id(shown: &mut Shown) {
    let octets = [&[4, 2, 0, 80, 127, 0, 0, 1], HOSTILE, &[0]].concat();
    let script = Peer::script().send(octets).expect_reply4(0x5b).expect_end();
    shown.session(&server(NoAuth::new()), script).await;
}

/// The messages of phases, as an application may log them.
async fn messages(shown: &mut Shown) {
    let ends = Endpoint::Unix(Some("/run/\x1b[31m\n".into()));
    let conn = ConnInfo::new(SessionId(1), Version::Socks5, ends.clone(), ends);
    let name = UserName::from(HOSTILE);
    let secret = Secret::from(PASSWORD);
    let credentials = [
        Credentials::Password {
            username: name.clone(),
            password: secret.clone(),
        },
        Credentials::Chap {
            username: name.clone(),
            challenge: Challenge::new(Algorithm::HMAC_MD5, 1, secret.clone()),
            response: secret.clone(),
            mutual: Some(Challenge::new(Algorithm::HMAC_MD5, 2, secret)),
        },
        Credentials::Gssapi { principal: name },
        Credentials::Other {
            method: Method(0x80),
            proof: std::sync::Arc::new(PASSWORD),
        },
    ];
    let echo = service_fn(async |request: AuthRequest| {
        Ok::<_, BoxError>(Authentication::Accepted(
            socks_core::message::Identity::claimed(&request.credentials),
        ))
    });
    for credentials in credentials {
        let conn = conn.clone().into();
        let request = AuthRequest::new(conn, Method::USERNAME_PASSWORD, credentials);
        shown.debug(&request);
        shown.debug(&echo.oneshot(request).await.unwrap());
    }
}
