use std::io;

use async_trait::async_trait;
use socks_core::{
    Method, UserName,
    chap::{Challenge, Prover},
    message::{
        AuthRequest, Authentication, ConnInfo, Credentials, Endpoint, Identity, SessionId, Version,
    },
};
use tower::ServiceExt;

use super::{JEFE, ask, challenge, credentials, key};
use crate::{
    BoxError,
    chap::{ChapAuthenticator, ChapSecrets, ChapUser, StaticChapSecrets, key::work},
};

fn users() -> ChapAuthenticator<StaticChapSecrets> {
    ChapAuthenticator::new(StaticChapSecrets::from_iter([
        ("alice", "Jefe"),
        ("bob", "secret"),
        ("empty", ""),
    ]))
}

fn response(secret: &str, asked: &Challenge) -> Vec<u8> {
    key(secret).respond(asked).unwrap().expose().to_vec()
}

fn identity(authentication: Authentication) -> Option<Identity> {
    match authentication {
        Authentication::Accepted(identity) => Some(identity),
        Authentication::Rejected(_) => None,
    }
}

/// CH-13: who knows the secret is let in, by that name and method.
#[tokio::test]
async fn the_right_response_is_let_in() {
    for (name, secret) in [("alice", "Jefe"), ("bob", "secret")] {
        let asked = challenge(JEFE);
        let response = response(secret, &asked);
        let answer = ask(&users(), credentials(name, asked, &response)).await;
        let identity = identity(answer).unwrap();
        assert_eq!(identity.user, Some(name.into()));
        assert_eq!(identity.method, Method::CHAP);
        assert!(identity.extensions.is_empty());
    }
}

/// CH-21, CH-22, CH-23: another challenge, another user's secret, a cut response and an unknown
/// name are rejected alike; names and secrets count octet by octet.
#[tokio::test]
async fn everything_else_is_rejected_alike() {
    let right = response("Jefe", &challenge(JEFE));
    let rejected = format!("{:?}", Authentication::rejected());
    for (name, asked, response) in [
        ("alice", challenge(&[7; 16]), &right[..]),
        ("alice", challenge(JEFE), &right[..15]),
        ("alice", challenge(JEFE), b""),
        ("Alice", challenge(JEFE), &right),
        ("bob", challenge(JEFE), &right),
        ("carol", challenge(JEFE), &right),
        ("", challenge(JEFE), &right),
    ] {
        let answer = ask(&users(), credentials(name, asked, response)).await;
        assert_eq!(format!("{answer:?}"), rejected, "{name}");
    }
}

/// CH-23: the secret that stands in for an unknown user's, or for an empty one, lets nobody in.
#[tokio::test]
async fn the_dummy_is_no_way_in() {
    let asked = challenge(JEFE);
    let dummy = crate::chap::ChapKey::dummy().respond(&asked).unwrap();
    for name in ["carol", "empty"] {
        let answer = ask(&users(), credentials(name, asked.clone(), dummy.expose())).await;
        assert!(!answer.is_accepted());
    }
}

/// CH-23, SE-32: an unknown user costs what a known one costs, counted in digests.
#[tokio::test]
async fn unknown_users_cost_the_same() {
    let asked = challenge(JEFE);
    let right = response("Jefe", &asked);
    work::take();
    for (name, response) in [
        ("alice", &right[..]),
        ("alice", b"wrong"),
        ("carol", &right),
        ("empty", &right),
        ("", b""),
    ] {
        ask(&users(), credentials(name, asked.clone(), response)).await;
        assert_eq!(work::take(), 1, "{name}");
    }
}

/// S4-2, SE-36: what is not a response lets nobody in.
#[tokio::test]
async fn only_responses_count() {
    let password = Credentials::Password {
        username: "alice".into(),
        password: "Jefe".into(),
    };
    for credentials in [Credentials::None, password] {
        assert!(!ask(&users(), credentials).await.is_accepted());
    }
}

struct Store;

#[async_trait]
impl ChapSecrets for Store {
    async fn look_up(
        &self,
        username: &UserName,
        conn: &ConnInfo,
    ) -> Result<Option<ChapUser>, BoxError> {
        assert_eq!(conn.id, SessionId(7));
        match username.as_bytes() {
            b"alice" => Ok(Some(ChapUser::new("Jefe").group("staff"))),
            _ => Err(io::Error::from(io::ErrorKind::ConnectionRefused).into()),
        }
    }
}

/// UP-17: a store of one's own knows groups; one that cannot tell is an error, never an acceptance.
#[tokio::test]
async fn an_own_store() {
    let asked = challenge(JEFE);
    let right = response("Jefe", &asked);
    let store: std::sync::Arc<dyn ChapSecrets> = std::sync::Arc::new(Store);
    let store = ChapAuthenticator::new(store);
    let answer = ask(&store, credentials("alice", asked.clone(), &right)).await;
    assert_eq!(identity(answer).unwrap().groups, ["staff".into()]);

    let end = Endpoint::Unnamed;
    let conn = ConnInfo::new(SessionId(7), Version::Socks5, end.clone(), end);
    let request = AuthRequest::new(conn.into(), Method::CHAP, credentials("bob", asked, &right));
    assert!(store.oneshot(request).await.unwrap_err().is::<io::Error>());
}

/// SE-34: neither secrets nor challenges nor responses in debug output.
#[tokio::test]
async fn debug_shows_no_secret() {
    let table = StaticChapSecrets::from_iter([("alice", "hunter2")]);
    let user = ChapUser::new("hunter2");
    let asked = credentials("alice", challenge(JEFE), b"response-octets");
    let shown = format!(
        "{table:?} {user:?} {asked:?} {:?} {:?}",
        key("hunter2"),
        users()
    );
    for hidden in ["hunter2", "what do ya", "response-octets"] {
        assert!(!shown.contains(hidden), "{shown}");
    }
}
