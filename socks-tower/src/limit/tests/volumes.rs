use std::{
    future::poll_fn,
    task::{Context, Poll, Waker},
};

use socks_core::{
    ReplyCode,
    message::{Terms, UsedUp},
};
use tower::service_fn;

use super::*;
use crate::{BoxError, udp::Direction};

const DAY: u64 = 86_400;

fn limits(volume: Volume) -> Limits {
    Limits::with_clock([Limit::new("quota", Per::User).volume(volume)], clock()).unwrap()
}

async fn moves(permit: &Permit, direction: Direction, octets: usize) -> Result<(), VolumeUsedUp> {
    let mut flow = meter(permit).flow(direction);
    poll_fn(|cx| flow.poll_grant(cx)).await?;
    flow.used(octets);
    Ok(())
}

/// A volume that is used up refuses with `02` until its period ends, and each user has one.
#[tokio::test(start_paused = true)]
async fn refuses_until_the_period_ends() {
    let limits = limits(Volume::new(Period::Day).total(1000));
    let alice = client(1).user("alice");
    let permit = ask(&limits, &alice).await.unwrap();
    moves(&permit, Direction::ToTarget, 600).await.unwrap();
    assert!(ask(&limits, &alice).await.is_ok());
    moves(&permit, Direction::ToClient, 399).await.unwrap();
    assert!(ask(&limits, &alice).await.is_ok());
    moves(&permit, Direction::ToClient, 1).await.unwrap();
    let denial = ask(&limits, &alice).await.unwrap_err();
    assert_eq!(denial.code, ReplyCode::NOT_ALLOWED);
    assert_eq!(denial.limit.as_deref(), Some("quota"));
    assert!(ask(&limits, &client(2).user("bob")).await.is_ok());
    // It was noon.
    later(DAY / 2 - 1).await;
    assert!(ask(&limits, &alice).await.is_err());
    later(1).await;
    assert!(ask(&limits, &alice).await.is_ok());
}

/// A session that uses its volume up while it runs is cut, the other sessions of the user too.
#[tokio::test(start_paused = true)]
async fn cuts_sessions_that_run() {
    let limits = limits(Volume::new(Period::Month).down(1000));
    let permit = ask(&limits, &client(1)).await.unwrap();
    let other = ask(&limits, &client(1)).await.unwrap();
    let stranger = ask(&limits, &client(1).user("bob")).await.unwrap();
    assert_eq!(meter(&other).used_up(), None);
    moves(&permit, Direction::ToTarget, 5000).await.unwrap();
    moves(&permit, Direction::ToClient, 1001).await.unwrap();
    for permit in [&permit, &other] {
        for direction in [Direction::ToTarget, Direction::ToClient] {
            let cut = moves(permit, direction, 1).await.unwrap_err();
            assert_eq!(&**cut.limit(), "quota");
        }
    }
    assert_eq!(meter(&other).used_up().unwrap().limit().as_ref(), "quota");
    moves(&stranger, Direction::ToClient, 1).await.unwrap();
    // More of it is there again for those who run.
    limits
        .replace([Limit::new("quota", Per::User).volume(Volume::new(Period::Month).down(2000))])
        .unwrap();
    moves(&other, Direction::ToClient, 999).await.unwrap();
    assert!(moves(&other, Direction::ToClient, 1).await.is_err());
}

/// A rule hears which volumes are used up, and may name a slower limit in place of a refusal.
#[tokio::test(start_paused = true)]
async fn rules_hear_of_it() {
    let volume = Volume::new(Period::Week).up(1000).tell_only();
    let limits = limits(volume);
    let rules = service_fn(|request: AccessRequest| async move {
        let UsedUp(used_up) = request.extensions.get().cloned().unwrap();
        let mut terms = Terms::new("rule");
        terms.limits = used_up;
        Ok::<_, BoxError>(Verdict::Allow(Permit::new().terms(Arc::new(terms))))
    });
    let access = limits.layer().layer(rules);
    let ask = async |user| {
        let client = client(1).user(user);
        let permit = answer(access.clone().oneshot(client.request()).await.unwrap()).unwrap();
        let used_up = permit.terms.as_ref().map(|terms| terms.limits.len());
        (permit, used_up)
    };
    let (permit, used_up) = ask("alice").await;
    assert_eq!(used_up, Some(0));
    moves(&permit, Direction::ToTarget, 1000).await.unwrap();
    moves(&permit, Direction::ToTarget, 1000).await.unwrap();
    assert_eq!(ask("alice").await.1, Some(1));
    assert_eq!(ask("bob").await.1, Some(0));
    // Whoever asks the rules without the layer can tell them.
    for (user, used_up) in [("alice", 1), ("bob", 0)] {
        let mut request = client(2).user(user).request();
        limits.tell_used_up(&mut request);
        let UsedUp(told) = request.extensions.get().unwrap();
        assert_eq!(told.len(), used_up, "{user}");
    }
    // Monday is the fifth.
    later(3 * DAY + DAY / 2 - 1).await;
    assert_eq!(ask("alice").await.1, Some(1));
    later(1).await;
    assert_eq!(ask("alice").await.1, Some(0));
}

/// SE-3: so do the rules on accept, about the limits that are known by then; a condition that is never
/// true would let in whom it is to keep out.
#[tokio::test(start_paused = true)]
async fn rules_on_accept_hear_of_it() {
    let host =
        Limit::new("host", Per::NETWORK).volume(Volume::new(Period::Day).up(1000).tell_only());
    let limits = Limits::new([host]).unwrap();
    let rules = service_fn(|request: AcceptRequest| async move {
        let used_up: &UsedUp = request.extensions.get().unwrap();
        Ok::<_, BoxError>(match used_up.0.is_empty() {
            true => Verdict::allow(),
            false => Verdict::deny(),
        })
    });
    let accept = limits.layer().layer(rules);
    let ask = async |client: Client| answer(accept.clone().oneshot(client.accept()).await.unwrap());
    assert!(ask(client(1)).await.is_ok());
    let access = limits.layer().layer(AllowAll);
    let permit = access.oneshot(client(2).request()).await.unwrap();
    let permit = answer(permit).unwrap();
    moves(&permit, Direction::ToTarget, 1000).await.unwrap();
    assert!(ask(client(3)).await.is_err());
    assert!(ask(client(4).at("192.0.2.2:1")).await.is_ok());
}

fn at(text: &str) -> SystemTime {
    text.parse::<jiff::Timestamp>().unwrap().try_into().unwrap()
}

/// Days, weeks and months begin at midnight of the zone, on days of 23 and 25 hours too.
#[test]
fn periods() {
    let bounds = |period, zone: &str, now: &str| {
        let volume = Volume::new(period).time_zone(zone).unwrap();
        let (start, end) = volume.bounds(at(now));
        let text = |second| jiff::Timestamp::from_second(second).unwrap().to_string();
        (text(start), text(end))
    };
    let expect = |period, zone, now, start: &str, end: &str| {
        assert_eq!(
            bounds(period, zone, now),
            (start.into(), end.into()),
            "{zone} {now}"
        );
    };
    let noon = "2026-03-29T12:00:00Z";
    expect(
        Period::Day,
        "UTC",
        noon,
        "2026-03-29T00:00:00Z",
        "2026-03-30T00:00:00Z",
    );
    let berlin = "Europe/Berlin";
    expect(
        Period::Day,
        berlin,
        noon,
        "2026-03-28T23:00:00Z",
        "2026-03-29T22:00:00Z",
    );
    expect(
        Period::Week,
        berlin,
        noon,
        "2026-03-22T23:00:00Z",
        "2026-03-29T22:00:00Z",
    );
    expect(
        Period::Month,
        berlin,
        noon,
        "2026-02-28T23:00:00Z",
        "2026-03-31T22:00:00Z",
    );
    let late = "2026-12-31T23:30:00Z";
    expect(
        Period::Month,
        berlin,
        late,
        "2026-12-31T23:00:00Z",
        "2027-01-31T23:00:00Z",
    );
    expect(
        Period::Month,
        "UTC",
        late,
        "2026-12-01T00:00:00Z",
        "2027-01-01T00:00:00Z",
    );
    // In Beirut clocks go forward at midnight.
    let beirut = "2026-03-29T12:00:00Z";
    expect(
        Period::Day,
        "Asia/Beirut",
        beirut,
        "2026-03-28T22:00:00Z",
        "2026-03-29T21:00:00Z",
    );
    let error = Volume::new(Period::Day)
        .time_zone("Atlantis/Capital")
        .unwrap_err();
    assert!(matches!(error.kind(), LimitsErrorKind::TimeZone(_)));
}

/// A clock that is set back opens nothing, and one that is set forward begins the next period.
#[tokio::test(start_paused = true)]
async fn clocks_that_are_set() {
    let now = Arc::new(std::sync::Mutex::new(at("2026-06-10T12:00:00Z")));
    let clock = {
        let now = Arc::clone(&now);
        move || *now.lock().unwrap()
    };
    let limit = Limit::new("quota", Per::Server).volume(Volume::new(Period::Day).up(10));
    let limits = Limits::with_clock([limit], clock).unwrap();
    let permit = ask(&limits, &client(1)).await.unwrap();
    moves(&permit, Direction::ToTarget, 10).await.unwrap();
    for (time, open) in [
        ("2026-06-10T23:59:59Z", false),
        ("2026-06-09T12:00:00Z", false),
        ("2026-06-11T00:00:00Z", true),
    ] {
        *now.lock().unwrap() = at(time);
        assert_eq!(ask(&limits, &client(1)).await.is_ok(), open, "{time}");
    }
}

/// Limits that are put in force again right behind the end of a period, before anybody has used
/// anything, do not carry its usage over.
#[tokio::test(start_paused = true)]
async fn periods_that_end_before_a_reload() {
    let limits = limits(Volume::new(Period::Day).total(1000));
    let alice = client(1).user("alice");
    let permit = ask(&limits, &alice).await.unwrap();
    moves(&permit, Direction::ToTarget, 1000).await.unwrap();
    later(DAY / 2).await;
    let volume = Volume::new(Period::Day).total(1000);
    let limit = Limit::new("quota", Per::User).volume(volume);
    limits.replace([limit]).unwrap();
    assert!(ask(&limits, &alice).await.is_ok());
}

/// No more is granted at once than a volume leaves: else what one reads would be as much as a pipe holds
/// beyond it.
#[tokio::test(start_paused = true)]
async fn grants_end_with_the_volume() {
    let volume = Volume::new(Period::Day).up(700).down(2000).total(1000);
    let limits = limits(volume);
    let permit = ask(&limits, &client(1)).await.unwrap();
    let mut cx = Context::from_waker(Waker::noop());
    let mut granted = |direction| match meter(&permit).flow(direction).poll_grant(&mut cx) {
        Poll::Ready(granted) => granted.unwrap(),
        Poll::Pending => 0,
    };
    assert_eq!(granted(Direction::ToTarget), 700);
    assert_eq!(granted(Direction::ToClient), 1000);
    moves(&permit, Direction::ToClient, 400).await.unwrap();
    assert_eq!(granted(Direction::ToTarget), 600);
    let volume = Volume::new(Period::Day).total(500).tell_only();
    let limit = Limit::new("quota", Per::User).volume(volume);
    limits.replace([limit]).unwrap();
    assert_eq!(granted(Direction::ToTarget), usize::MAX);
}

/// A flow that waited for its turn when the volume was used up waits no longer.
#[tokio::test(start_paused = true)]
async fn nobody_waits_without_a_volume() {
    let limit = Limit::new("quota", Per::User)
        .up(rate(4096))
        .volume(Volume::new(Period::Day).total(100_000));
    let limits = Limits::with_clock([limit], clock()).unwrap();
    let permit = ask(&limits, &client(1)).await.unwrap();
    let (mut first, mut second) = (
        meter(&permit).flow(Direction::ToTarget),
        meter(&permit).flow(Direction::ToTarget),
    );
    let mut cx = Context::from_waker(Waker::noop());
    while let Poll::Ready(granted) = first.poll_grant(&mut cx) {
        first.used(granted.unwrap());
    }
    assert!(first.is_waiting());
    second.used(100_000);
    assert!(matches!(first.poll_grant(&mut cx), Poll::Ready(Err(_))));
    assert!(!first.is_waiting());
    // The next period brings both, the volume and the turn.
    later(DAY).await;
    assert!(matches!(first.poll_grant(&mut cx), Poll::Ready(Ok(_))));
}
