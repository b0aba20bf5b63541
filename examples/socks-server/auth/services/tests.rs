use std::{
    future::pending,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering::Relaxed},
    },
    time::Duration,
};

use socks_auth::{AttemptLimitLayer, BoxError, SuccessCacheLayer};
use socks_core::{
    Method,
    message::{
        AuthRequest, Authentication, ConnInfo, Credentials, Endpoint, Extensions, Identity,
        SessionId, Version,
    },
};
use tower::{ServiceExt, service_fn};

use super::limited;
use crate::auth::{cache::Cache, tests::prepare};

/// A right login of alice's.
pub fn login(password: &str) -> AuthRequest {
    let peer = Endpoint::Socket("192.0.2.1:40000".parse().unwrap());
    let mut conn = ConnInfo::new(SessionId(1), Version::Socks5, peer, Endpoint::Unnamed);
    // As the ident layer around the service leaves it.
    conn.extensions = Extensions::new();
    conn.extensions.insert("a lookup");
    let credentials = Credentials::Password {
        username: "alice".into(),
        password: password.into(),
    };
    AuthRequest::new(conn.into(), Method::USERNAME_PASSWORD, credentials)
}

/// UP-17, UP-22: a judge who hangs is an error before the client's time is over, and no number of
/// those locks the client out.
#[tokio::test(start_paused = true)]
async fn a_judge_who_hangs_is_no_wrong_password() {
    let attempts = AttemptLimitLayer::new();
    let hangs = service_fn(|_: AuthRequest| pending::<Result<Authentication, BoxError>>());
    let service = limited(hangs, &attempts, Duration::from_secs(15), None);
    for _ in 0..30 {
        let answer = service.clone().oneshot(login("secret"));
        let answer = tokio::time::timeout(Duration::from_secs(30), answer).await;
        let error = answer
            .expect("before the handshake's deadline")
            .unwrap_err();
        assert!(error.is::<tower::timeout::error::Elapsed>(), "{error}");
    }
    let counts = attempts.counts();
    assert_eq!((counts.failed, counts.refused), (0, 0));
}

/// A login is remembered where ident is asked as well, and its time is the configured one.
#[tokio::test(start_paused = true)]
async fn the_cache_works_beside_ident() {
    let asked = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&asked);
    let judge = service_fn(move |request: AuthRequest| {
        count.fetch_add(1, Relaxed);
        let identity = Identity::user("alice", request.method);
        async { Ok::<_, BoxError>(Authentication::Accepted(identity)) }
    });
    let cache: SuccessCacheLayer = toml::from_str::<Cache>("ttl = 60").unwrap().layer();
    let attempts = AttemptLimitLayer::new();
    let service = limited(judge, &attempts, Duration::from_secs(15), Some(cache));
    for expected in [1, 1, 2] {
        let answer = service.clone().oneshot(login("secret")).await.unwrap();
        assert!(matches!(answer, Authentication::Accepted(_)));
        assert_eq!(asked.load(Relaxed), expected);
        tokio::time::advance(Duration::from_secs(31)).await;
    }
}

/// UP-22: what is configured limits who fails, by whatever store.
#[tokio::test(start_paused = true)]
async fn failures_are_limited() {
    let text = "[[user]]\nname = 'alice'\npassword = 'secret'\n\
                [auth.attempts]\nclient = { failures = 2, every = 60 }\n[auth.cache]\nttl = 60\n";
    let service = prepare(text).unwrap().services().authenticator;
    let accepted = async |password| {
        let answer = service.clone().oneshot(login(password)).await.unwrap();
        matches!(answer, Authentication::Accepted(_))
    };
    assert!(accepted("secret").await);
    assert!(!accepted("guess").await && !accepted("guess").await);
    assert!(!accepted("secret").await, "a cached login is no way around");
    tokio::time::advance(Duration::from_secs(60)).await;
    assert!(accepted("secret").await);
}
