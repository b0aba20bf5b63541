use std::sync::Mutex;

use socks_core::{
    ReplyCode,
    message::{AccessPoint, Terms, UsedUp},
};
use tower::service_fn;
use tower_test::mock;

use super::*;
use crate::BoxError;

/// SE-20: caps of sessions for each user and client are refused with `02` and those in total with
/// `01`, and what is given back is there for the next one.
#[tokio::test(start_paused = true)]
async fn sessions_at_once() {
    for (per, code) in [
        (Per::Server, ReplyCode::GENERAL_FAILURE),
        (Per::Listener, ReplyCode::GENERAL_FAILURE),
        (Per::NETWORK, ReplyCode::NOT_ALLOWED),
        (Per::Group, ReplyCode::NOT_ALLOWED),
        (Per::User, ReplyCode::NOT_ALLOWED),
    ] {
        let limits = Limits::new([Limit::new("cap", per).sessions(2)]).unwrap();
        let alice = client(1).user("alice").groups(&["staff", "staff"]);
        let first = ask(&limits, &alice).await.unwrap();
        let second = ask(&limits, &alice).await.unwrap();
        let denial = ask(&limits, &alice).await.unwrap_err();
        assert_eq!((denial.code, denial.limit.as_deref()), (code, Some("cap")));
        assert_eq!(limits.status()[0].refused, 1, "{per:?}");
        assert_eq!(limits.status()[0].sessions, 2, "{per:?}");
        drop(first);
        let third = ask(&limits, &alice).await.unwrap();
        drop((second, third));
        assert_eq!(limits.status()[0].sessions, 0, "{per:?}");
    }
}

/// SE-20: each user, client and group has places of its own; one IPv6 host is its network of 64 bits.
#[tokio::test(start_paused = true)]
async fn whose_sessions_count() {
    let others = |per| match per {
        Per::User => client(2).user("bob"),
        Per::Group => client(2).user("bob").groups(&["guests"]),
        _ => client(2).user("alice").at("[2001:db8:0:1::1]:1"),
    };
    for per in [Per::User, Per::Group, Per::NETWORK] {
        let limits = Limits::new([Limit::new("cap", per).sessions(1)]).unwrap();
        let alice = client(1)
            .user("alice")
            .groups(&["staff"])
            .at("[2001:db8::1]:1");
        let _held = ask(&limits, &alice).await.unwrap();
        let neighbour = alice.clone().at("[2001:db8::ffff]:2");
        assert!(ask(&limits, &neighbour).await.is_err(), "{per:?}");
        assert!(ask(&limits, &others(per)).await.is_ok(), "{per:?}");
    }
    // Clients without a user are told apart by their addresses, and not taken for a user.
    let limits = Limits::new([Limit::new("cap", Per::User).sessions(1)]).unwrap();
    let _anonymous = ask(&limits, &client(1)).await.unwrap();
    assert!(ask(&limits, &client(2)).await.is_err());
    assert!(ask(&limits, &client(3).at("192.0.2.2:1")).await.is_ok());
    assert!(ask(&limits, &client(4).user("alice")).await.is_ok());
    // Who is in two groups takes a place of both.
    let limits = Limits::new([Limit::new("cap", Per::Group).sessions(1)]).unwrap();
    let _both = ask(&limits, &client(1).groups(&["a", "b"])).await.unwrap();
    assert!(ask(&limits, &client(2).groups(&["b", "c"])).await.is_err());
    assert!(ask(&limits, &client(3).groups(&["c"])).await.is_ok());
    assert!(ask(&limits, &client(4)).await.is_ok());
}

/// SE-20: all places or none. One that is refused by a later limit leaves those before as they were.
#[tokio::test(start_paused = true)]
async fn all_or_none() {
    let connects = Rate::new(NonZeroU64::new(2).unwrap(), Duration::from_secs(60));
    let limits = Limits::new([
        Limit::new("all", Per::Server)
            .sessions(3)
            .connects(connects),
        Limit::new("user", Per::User).sessions(1),
    ])
    .unwrap();
    let _alice = ask(&limits, &client(1).user("alice")).await.unwrap();
    for _ in 0..5 {
        let denial = ask(&limits, &client(1).user("alice")).await.unwrap_err();
        assert_eq!(denial.limit.as_deref(), Some("user"));
    }
    let _bob = ask(&limits, &client(2).user("bob")).await.unwrap();
    let denial = ask(&limits, &client(3).user("carol")).await.unwrap_err();
    assert_eq!(denial.limit.as_deref(), Some("all"));
    later(30).await;
    assert!(ask(&limits, &client(3).user("carol")).await.is_ok());
    let refused = |index: usize| limits.status()[index].refused;
    assert_eq!((refused(0), refused(1)), (1, 5));
}

/// New sessions in a while: a burst, and then as the rate brings them.
#[tokio::test(start_paused = true)]
async fn connects_in_a_while() {
    let connects = rate(2).burst(NonZeroU64::new(5).unwrap());
    let limits = Limits::new([Limit::new("new", Per::NETWORK).connects(connects)]).unwrap();
    let allowed = async |many: usize| {
        let mut allowed = 0;
        for _ in 0..many {
            allowed += usize::from(ask(&limits, &client(1)).await.is_ok());
        }
        allowed
    };
    assert_eq!(allowed(20).await, 5);
    later(3).await;
    assert_eq!(allowed(20).await, 5);
    tokio::time::advance(Duration::from_millis(499)).await;
    assert_eq!(allowed(1).await, 0);
    tokio::time::advance(Duration::from_millis(1)).await;
    assert_eq!(allowed(2).await, 1);
}

/// A limit that applies only when a rule names it, and a refusal that names the rule as well.
#[tokio::test(start_paused = true)]
async fn named_by_a_rule() {
    let limits = Limits::new([Limit::new("few", Per::User).when_named().sessions(1)]).unwrap();
    let free: Vec<_> = [
        ask(&limits, &client(1)).await,
        ask(&limits, &client(1)).await,
    ]
    .into();
    assert!(free.iter().all(Result::is_ok));
    let rules = service_fn(|_: AccessRequest| async {
        let mut terms = Terms::new("guests");
        terms.limits.push("few".into());
        terms.limits.push("unknown".into());
        Ok::<_, BoxError>(Verdict::Allow(Permit::new().terms(Arc::new(terms))))
    });
    let access = limits.layer().layer(rules);
    let ask = async || answer(access.clone().oneshot(client(1).request()).await.unwrap());
    let first = ask().await.unwrap();
    let denial = ask().await.unwrap_err();
    assert_eq!(denial.limit.as_deref(), Some("few"));
    assert_eq!(
        denial.terms.map(|terms| Arc::clone(&terms.rule)).as_deref(),
        Some("guests")
    );
    drop(first);
    assert!(ask().await.is_ok());
}

/// What the access controller refuses or fails takes nothing, and its guard is held beside the place.
#[tokio::test(start_paused = true)]
async fn around_the_access_controller() {
    let (mock, mut handle) = mock::pair::<AccessRequest, Verdict>();
    let limits = Limits::new([Limit::new("one", Per::Server).sessions(1)]).unwrap();
    let access = limits.layer().layer(mock);
    handle.allow(4);
    let ask = || tokio::spawn(access.clone().oneshot(client(1).request()));

    let asked = ask();
    let (request, respond) = handle.next_request().await.unwrap();
    assert!(request.extensions.get::<UsedUp>().is_none());
    respond.send_response(Verdict::deny());
    let denial = answer(asked.await.unwrap().unwrap()).unwrap_err();
    assert_eq!((denial.code, denial.limit), (ReplyCode::NOT_ALLOWED, None));

    let asked = ask();
    let (_, respond) = handle.next_request().await.unwrap();
    respond.send_error("broken");
    assert!(asked.await.unwrap().is_err());

    // Dropped while it waits, it takes nothing either.
    let asked = ask();
    let (_, respond) = handle.next_request().await.unwrap();
    asked.abort();
    assert!(asked.await.unwrap_err().is_cancelled());
    drop(respond);

    let asked = ask();
    let (_, respond) = handle.next_request().await.unwrap();
    let slot = Arc::new(());
    let mut permit = Permit::new();
    permit.guard = Some(slot.clone());
    respond.send_response(Verdict::Allow(permit));
    let permit = answer(asked.await.unwrap().unwrap()).unwrap();
    assert_eq!(
        (Arc::strong_count(&slot), limits.status()[0].sessions),
        (2, 1)
    );
    let clone = permit.clone();
    drop(permit);
    assert_eq!(limits.status()[0].sessions, 1);
    drop(clone);
    assert_eq!(
        (Arc::strong_count(&slot), limits.status()[0].sessions),
        (1, 0)
    );
}

/// Other questions about a session than its request take nothing.
#[tokio::test(start_paused = true)]
async fn other_points() {
    let limits = Limits::new([Limit::new("one", Per::Server).sessions(1)]).unwrap();
    let _held = ask(&limits, &client(1)).await.unwrap();
    for point in [
        AccessPoint::BindPeer,
        AccessPoint::UdpReply,
        AccessPoint::Inspection,
    ] {
        let access = limits.layer().layer(AllowAll::new());
        let verdict = access.oneshot(client(1).request().at(point)).await.unwrap();
        assert!(answer(verdict).is_ok());
    }
    assert_eq!(limits.status()[0].sessions, 1);
}

/// SE-20: a connection takes its places when it is accepted, and its session does not take them
/// again.
#[tokio::test(start_paused = true)]
async fn at_accept() {
    let limits = Limits::new([
        Limit::new("client", Per::NETWORK)
            .sessions(2)
            .connects(rate(2)),
        Limit::new("user", Per::User).sessions(1),
    ])
    .unwrap();
    let admit = async |client: &Client| {
        let verdict = limits.clone().oneshot(client.accept()).await.unwrap();
        answer(verdict)
    };
    let first = admit(&client(1)).await.unwrap();
    let mut session = client(1).user("alice");
    session.extensions = first.extensions.clone();
    let permit = ask(&limits, &session).await.unwrap();
    assert_eq!(limits.status()[0].sessions, 1);
    assert_eq!(limits.status()[1].sessions, 1);
    let second = admit(&client(2)).await.unwrap();
    let denial = admit(&client(3)).await.unwrap_err();
    assert_eq!(denial.limit.as_deref(), Some("client"));
    // Another limit of the session refuses it all the same.
    session.extensions = second.extensions.clone();
    let denial = ask(&limits, &session).await.unwrap_err();
    assert_eq!(denial.limit.as_deref(), Some("user"));
    drop((permit, first));
    later(1).await;
    assert!(admit(&client(3)).await.is_ok());
    drop(second);
    assert!(limits.status().iter().all(|status| status.sessions == 0));
}

/// Those who come when there are too many share places: they get no more than the limit, do not lock
/// out whoever has an entry, and not each other by filling one.
#[tokio::test(start_paused = true)]
async fn more_keys_than_are_counted() {
    let limit = Limit::new("client", Per::NETWORK).sessions(2).max_keys(100);
    let limits = Limits::new([limit]).unwrap();
    let address = |number: u32| {
        let [a, b, c, d] = number.to_be_bytes();
        Box::leak(format!("[2001:db8:{a:x}{b:02x}:{c:x}{d:02x}::1]:1").into_boxed_str())
    };
    let held = Mutex::new(Vec::new());
    let flood = async |number: u32| {
        let permit = ask(&limits, &client(number.into()).at(address(number))).await;
        let admitted = permit.is_ok();
        held.lock().unwrap().extend(permit);
        admitted
    };
    for number in 0..100 {
        assert!(flood(number).await);
    }
    let mut admitted = 0;
    for number in 100..5_000 {
        admitted += u32::from(flood(number).await);
    }
    // 64 places of 2.
    assert_eq!(admitted, 128);
    assert!(limits.status()[0].keys <= 164);
    // Who was there before has its second place.
    assert!(flood(7).await && !flood(7).await);
    held.lock().unwrap().clear();
    later(60).await;
    assert!(flood(9_999).await);
    assert!(limits.status()[0].keys < 10, "idle ones are forgotten");
}

/// Whoever comes as the last one that is counted by itself is counted.
#[tokio::test(start_paused = true)]
async fn the_last_key() {
    let limit = Limit::new("client", Per::NETWORK).sessions(1).max_keys(1);
    let limits = Limits::new([limit]).unwrap();
    later(30).await;
    let _held = ask(&limits, &client(1)).await.unwrap();
    assert_eq!(limits.status()[0].sessions, 1);
    assert!(ask(&limits, &client(2)).await.is_err());
}

/// Faulty definitions change nothing.
#[tokio::test(start_paused = true)]
async fn faulty_definitions() {
    let limits = Limits::new([Limit::new("a", Per::Server).sessions(1)]).unwrap();
    let same = [Limit::new("b", Per::Server), Limit::new("b", Per::User)];
    let error = limits.replace(same).unwrap_err();
    assert_eq!(*error.kind(), LimitsErrorKind::Duplicate("b".into()));
    let error = limits.replace([Limit::new("", Per::Server)]).unwrap_err();
    assert_eq!(*error.kind(), LimitsErrorKind::Name);
    let many = (0..=Limits::MAX).map(|number| Limit::new(number.to_string(), Per::User));
    let error = limits.replace(many).unwrap_err();
    assert_eq!(*error.kind(), LimitsErrorKind::TooMany);
    assert_eq!(&*limits.status()[0].name, "a");
    assert_eq!(limits.status().len(), 1);
}
