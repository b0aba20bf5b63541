use super::*;

fn cut(user: &'static [u8]) -> impl Fn(&Live) -> Judgement {
    move |live| match live.is_user(user) {
        true => Judgement::Cut,
        false => Judgement::Keep,
    }
}

/// After a change of the rules the sessions that they refuse are cut, and the others go on.
#[tokio::test(start_paused = true)]
async fn refused_sessions_are_cut() {
    let socks = Socks::new();
    let (sessions, service) = listed(&socks);
    let mut kept = Client::connect(&service).await;
    assert_eq!(kept.ask(b"alice", 1, b"good.example").await, 0);
    let mut target = socks.target();
    let mut refused = Client::connect(&service).await;
    assert_eq!(refused.ask(b"mallory", 1, b"target.example").await, 0);
    let mut udp = Client::connect(&service).await;
    assert_eq!(udp.ask(b"mallory", 3, b"target.example").await, 0);
    let waiting = Client::connect(&service).await;
    settle().await;

    let judged = sessions.judge_again(cut(b"mallory"));
    let expected = Judged {
        kept: 2,
        cut: 2,
        drained: 0,
    };
    assert_eq!(judged, expected);
    for client in [&mut refused, &mut udp] {
        let report = client.ended().await;
        assert_eq!(report.end.reason(), Some(&EndReason::Rules));
    }
    kept.send(b"still there").await;
    let mut heard = [0; 11];
    target.read_exact(&mut heard).await.unwrap();
    assert_eq!(&heard, b"still there");
    assert_eq!(sessions.len(), 2);
    drop(waiting);
}

/// A target that is being dialled by the old rules is judged once its address is known, or once
/// there is a tunnel without one, so that no connection outlives the rule that forbids it.
#[tokio::test(start_paused = true)]
async fn a_dial_under_way_is_judged_at_its_end() {
    let socks = Socks::new();
    let (sessions, service) = listed(&socks);
    let remote = crate::testing::remote();
    for (request, known) in [
        (
            &b"\x05\x01\x00\x03\x0cslow.example\x00\x50"[..],
            Some(remote),
        ),
        (b"\x05\x01\x00\x03\x0funknown.example\x00\x50", None),
    ] {
        let mut client = Client::connect(&service).await;
        client.log_in(b"alice", crate::testing::PASSWORD).await;
        client.send(request).await;
        settle().await;
        assert!(!only(&sessions).is_open());
        let judged = sessions.judge_again(move |live| {
            match live.snapshot().remote == Some(remote) || live.is_open() {
                true => Judgement::Cut,
                false => Judgement::Keep,
            }
        });
        assert_eq!((judged.kept, judged.cut), (1, 0));
        socks.connect.notify_one();
        let report = client.ended().await;
        assert_eq!(report.end.reason(), Some(&EndReason::Rules), "{report:?}");
        assert_eq!(report.remote, known);
    }
}

/// A session that is to drain goes on for as long as octets pass, and for no longer than that is
/// allowed.
#[tokio::test(start_paused = true)]
async fn draining_sessions_end_when_they_pause() {
    let socks = Socks::new();
    let (sessions, service) = listed(&socks);
    let start = || async {
        let mut client = Client::connect(&service).await;
        assert_eq!(client.ask(b"alice", 1, b"target.example").await, 0);
        client
    };
    let (mut pausing, mut busy) = (start().await, start().await);
    let drain = Drain::new(Duration::from_secs(10), Duration::from_secs(60));
    let judged = sessions.judge_again(move |_| Judgement::Drain(drain));
    assert_eq!(judged.drained, 2);
    let began = tokio::time::Instant::now();
    let keep_busy = async {
        loop {
            busy.send(b"more").await;
            tokio::time::sleep(Duration::from_secs(3)).await;
            if sessions.is_empty() {
                break;
            }
        }
    };
    let pause = async {
        let report = pausing.ended().await;
        assert_eq!(report.end.reason(), Some(&EndReason::Drained));
        assert_eq!(began.elapsed().as_secs(), 10);
        assert_eq!(sessions.len(), 1);
    };
    tokio::select! {
        () = async { tokio::join!(pause, std::future::pending::<()>()); } => {}
        () = keep_busy => {}
    }
    let report = busy.ended().await;
    assert_eq!(report.end.reason(), Some(&EndReason::Drained));
    assert_eq!(report.duration.as_secs(), 60);
}

/// An end is stronger than a drain that was asked for before, and not the other way round.
#[tokio::test(start_paused = true)]
async fn a_draining_session_can_be_ended() {
    let socks = Socks::new();
    let (sessions, service) = listed(&socks);
    let mut client = Client::connect(&service).await;
    settle().await;
    let live = only(&sessions);
    live.drain(Drain::default());
    settle().await;
    assert!(live.end(EndReason::Administrator));
    live.drain(Drain::default());
    let report = client.ended().await;
    assert_eq!(report.end.reason(), Some(&EndReason::Administrator));
}
