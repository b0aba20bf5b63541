use std::{
    cell::Cell,
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    task::{Context, Poll},
    time::Duration,
};

use socks_core::{
    Method,
    message::{AuthRequest, Authentication, ConnInfo, Credentials, Endpoint, Identity},
};
use tokio::{
    sync::Notify,
    time::{advance, sleep, timeout},
};
use tower::{Layer, Service, ServiceExt};

use super::{SuccessCache, SuccessCacheLayer};
use crate::{
    BoxError,
    ask::BoxAnswer,
    tag::work,
    tests::{other_credentials, password, request, request_from},
};

/// A store whose one user's password can change, and that counts.
#[derive(Clone)]
struct Store {
    asked: Arc<AtomicUsize>,
    password: Arc<Mutex<&'static str>>,
    /// Extensions of the identities that it makes.
    attaches: bool,
    /// Waited for before each answer.
    gate: Option<Arc<Notify>>,
}

impl Store {
    fn new() -> Self {
        Self {
            asked: Arc::default(),
            password: Arc::new(Mutex::new("right")),
            attaches: false,
            gate: None,
        }
    }

    fn asked(&self) -> usize {
        self.asked.load(SeqCst)
    }
}

impl Service<AuthRequest> for Store {
    type Response = Authentication;
    type Error = BoxError;
    type Future = BoxAnswer<BoxError>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: AuthRequest) -> Self::Future {
        self.asked.fetch_add(1, SeqCst);
        let right = *self.password.lock().unwrap();
        let (attaches, gate) = (self.attaches, self.gate.clone());
        Box::pin(async move {
            if let Some(gate) = gate {
                gate.notified().await;
            }
            let Credentials::Password { username, password } = request.credentials else {
                return Ok(Authentication::Accepted(Identity::anonymous()));
            };
            if password.expose() == b"broken" {
                return Err("broken".into());
            }
            if username.as_bytes() != b"alice" || password.expose() != right.as_bytes() {
                return Ok(Authentication::rejected());
            }
            let mut user = Identity::user(username, request.method).group("staff");
            if attaches {
                user.extensions.insert(request.conn.id);
            }
            Ok(Authentication::Accepted(user))
        })
    }
}

fn cached() -> (SuccessCacheLayer, SuccessCache<Store>, Store) {
    cache(SuccessCacheLayer::new(), Store::new())
}

fn cache(
    layer: SuccessCacheLayer,
    store: Store,
) -> (SuccessCacheLayer, SuccessCache<Store>, Store) {
    let service = layer.layer(store.clone());
    (layer, service, store)
}

async fn ask(service: &SuccessCache<Store>, request: AuthRequest) -> Option<Identity> {
    match service.clone().oneshot(request).await {
        Ok(Authentication::Accepted(identity)) => Some(identity),
        _ => None,
    }
}

fn right() -> AuthRequest {
    request(password("alice", "right"))
}

#[tokio::test(start_paused = true)]
async fn a_right_login_is_asked_about_once() {
    let (layer, service, store) = cached();
    for _ in 0..100 {
        let identity = ask(&service, right()).await.unwrap();
        assert_eq!(identity.user, Some("alice".into()));
        assert_eq!(identity.method, Method::USERNAME_PASSWORD);
        assert_eq!(identity.groups, ["staff".into()]);
    }
    assert_eq!((store.asked(), layer.len()), (1, 1));
}

/// Time counts from the verification, and use does not prolong it.
#[tokio::test(start_paused = true)]
async fn time_is_over() {
    let (_, service, store) = cached();
    for _ in 0..6 {
        assert!(ask(&service, right()).await.is_some());
        advance(Duration::from_secs(10)).await;
    }
    assert_eq!(store.asked(), 1);
    assert!(ask(&service, right()).await.is_some());
    assert_eq!(store.asked(), 2);
    *store.password.lock().unwrap() = "changed";
    assert!(ask(&service, right()).await.is_some(), "as documented");
    advance(Duration::from_secs(60)).await;
    assert!(ask(&service, right()).await.is_none());
}

/// A changed password is refused at once after the cache was cleared, through any clone.
#[tokio::test(start_paused = true)]
async fn clearing_it() {
    let (layer, service, store) = cached();
    assert!(ask(&service, right()).await.is_some());
    *store.password.lock().unwrap() = "changed";
    layer.clone().clear();
    assert!(layer.is_empty());
    assert!(ask(&service, right()).await.is_none());
    let changed = request(password("alice", "changed"));
    assert!(ask(&service, changed).await.is_some());
}

/// A login that was being verified by the old password when the cache was cleared is not remembered.
#[tokio::test(start_paused = true)]
async fn clearing_it_during_a_verification() {
    let gate = Arc::new(Notify::new());
    let store = Store {
        gate: Some(Arc::clone(&gate)),
        ..Store::new()
    };
    let (layer, service, store) = cache(SuccessCacheLayer::new(), store);
    let under_way = tokio::spawn({
        let service = service.clone();
        async move { ask(&service, right()).await }
    });
    sleep(Duration::from_millis(1)).await;
    assert_eq!(store.asked(), 1);
    *store.password.lock().unwrap() = "changed";
    layer.clear();
    gate.notify_one();
    assert!(
        under_way.await.unwrap().is_some(),
        "it was right when it was asked"
    );
    assert!(layer.is_empty());
    gate.notify_one();
    assert!(ask(&service, right()).await.is_none());
}

/// Failures, errors, abandoned questions and what is no password are asked about each time.
#[tokio::test(start_paused = true)]
async fn only_right_passwords_are_remembered() {
    let (layer, service, store) = cached();
    let mut questions: Vec<_> = other_credentials().into();
    questions.extend(
        [
            ("alice", "wrong"),
            ("bob", "right"),
            ("alice", "broken"),
            ("", ""),
        ]
        .map(|(name, word)| password(name, word)),
    );
    for question in questions {
        let before = store.asked();
        for _ in 0..3 {
            ask(&service, request(question.clone())).await;
        }
        assert_eq!(store.asked() - before, 3, "{question:?}");
    }
    let stuck = Store {
        gate: Some(Arc::default()),
        ..store
    };
    let stuck = layer.layer(stuck);
    let answer = timeout(Duration::from_secs(1), ask(&stuck, right()));
    assert!(answer.await.is_err());
    assert!(layer.is_empty());
}

/// Nothing of a wrong password or another name is taken for the right one.
#[tokio::test(start_paused = true)]
async fn only_the_same_login_counts() {
    let (_, service, store) = cached();
    assert!(ask(&service, right()).await.is_some());
    for (name, word) in [
        ("alice", "righ"),
        ("alice", "right\0"),
        ("alice", ""),
        ("alic", "eright"),
        ("alicer", "ight"),
        ("Alice", "right"),
        ("", "aliceright"),
    ] {
        assert!(ask(&service, request(password(name, word))).await.is_none());
    }
    assert_eq!(store.asked(), 8);
}

/// The answer may depend on where the client is, where it connected to, and how it logs in.
#[tokio::test(start_paused = true)]
async fn only_the_same_circumstances_count() {
    let socket = |ip: [u8; 4], port| Endpoint::from(SocketAddr::from((ip, port)));
    let from = |peer: Endpoint| request_from(peer, password("alice", "right"));
    let change = |change: &dyn Fn(&mut ConnInfo)| {
        let mut request = from(socket([10, 0, 0, 1], 1000));
        change(Arc::make_mut(&mut request.conn));
        request
    };
    let (_, service, store) = cached();
    assert!(ask(&service, change(&|_| ())).await.is_some());
    assert!(
        ask(&service, from(socket([10, 0, 0, 1], 2000)))
            .await
            .is_some()
    );
    assert_eq!(store.asked(), 1, "the client's port does not matter");
    let mut private = change(&|_| ());
    private.method = Method(0x80);
    let others = [
        from(socket([10, 0, 0, 2], 1000)),
        from(Endpoint::Unnamed),
        from(Endpoint::Unix(None)),
        from(Endpoint::Unix(Some("/run/socks".into()))),
        change(&|conn| conn.listener = Some("".into())),
        change(&|conn| conn.listener = Some("inside".into())),
        change(&|conn| conn.local = socket([10, 0, 0, 9], 1080)),
        change(&|conn| conn.local = socket([10, 0, 0, 9], 1081)),
        private,
    ];
    for (number, other) in others.into_iter().enumerate() {
        for _ in 0..2 {
            assert!(ask(&service, other.clone()).await.is_some());
        }
        assert_eq!(store.asked(), number + 2);
    }
}

/// An identity is never that of another session.
#[tokio::test(start_paused = true)]
async fn identities_with_extensions_are_not_remembered() {
    let store = Store {
        attaches: true,
        ..Store::new()
    };
    let (layer, service, store) = cache(SuccessCacheLayer::new(), store);
    for asked in 1..5 {
        let identity = ask(&service, right()).await.unwrap();
        assert!(!identity.extensions.is_empty());
        assert_eq!((store.asked(), layer.len()), (asked, 0));
    }
}

/// What a layer attached may decide, unless somebody says that it does not.
#[tokio::test(start_paused = true)]
async fn questions_with_extensions_are_asked() {
    let mut of_question = right();
    of_question.extensions.insert("attached");
    let mut of_conn = right();
    Arc::make_mut(&mut of_conn.conn)
        .extensions
        .insert("attached");
    for question in [of_question, of_conn] {
        for ignore in [false, true] {
            let layer = SuccessCacheLayer::new().ignore_extensions(ignore);
            let (_, service, store) = cache(layer, Store::new());
            // Nor does an answer without them count for a question with them.
            assert!(ask(&service, right()).await.is_some());
            for _ in 0..4 {
                assert!(ask(&service, question.clone()).await.is_some());
            }
            assert_eq!(store.asked(), if ignore { 1 } else { 5 });
        }
    }
}

/// One layer around two stores: neither answers for the other.
#[tokio::test(start_paused = true)]
async fn stores_are_kept_apart() {
    let (layer, first, _) = cached();
    let other = Store::new();
    *other.password.lock().unwrap() = "another";
    let second = layer.clone().layer(other);
    assert!(ask(&first, right()).await.is_some());
    assert!(ask(&first.clone(), right()).await.is_some());
    assert!(ask(&second, right()).await.is_none());
}

#[tokio::test(start_paused = true)]
async fn settings_have_ranges() {
    let layer = SuccessCacheLayer::new().ttl(Duration::MAX).capacity(0);
    let (layer, service, store) = cache(layer, Store::new());
    for number in 0..100 {
        let peer = SocketAddr::from(([10, 0, 0, number], 1));
        let request = request_from(peer, password("alice", "right"));
        assert!(ask(&service, request).await.is_some());
        assert_eq!(layer.len(), 1);
    }
    assert_eq!(store.asked(), 100);
    let (layer, service, _) = cache(SuccessCacheLayer::new().ttl(Duration::ZERO), Store::new());
    assert!(ask(&service, right()).await.is_some());
    assert!(layer.is_empty());
}

/// SE-32, UP-13: unknown user, wrong password and wrong length cost the same, counted in digests and
/// verifications, whatever is remembered.
#[tokio::test(start_paused = true)]
async fn failures_cost_the_same() {
    let (_, service, store) = cached();
    let asked = Cell::new(0);
    let costs = async |name: &str, word: &str| {
        work::take();
        let failed = ask(&service, request(password(name, word))).await.is_none();
        let verifications = store.asked() - asked.replace(store.asked());
        (failed, work::take(), verifications)
    };
    for remembered in [false, true] {
        for (name, word) in [
            ("alice", "wrong"),
            ("alice", "a longer one that is wrong"),
            ("alice", ""),
            ("nobody", "right"),
            ("", "right"),
        ] {
            assert_eq!(costs(name, word).await, (true, 1, 1), "{name} {word}");
        }
        assert_eq!(
            costs("alice", "right").await,
            (false, 1, usize::from(!remembered))
        );
    }
}

/// SE-34, UP-23: what is remembered is no password, and is not shown.
#[tokio::test(start_paused = true)]
async fn debug_shows_nothing() {
    let (layer, service, _) = cached();
    assert!(ask(&service, right()).await.is_some());
    let future = service.clone().call(right());
    let shown = format!("{layer:?} {service:?} {future:?}");
    assert!(
        !shown.contains("alice") && !shown.contains("right"),
        "{shown}"
    );
    assert!(shown.contains("len: 1"), "{shown}");
}
