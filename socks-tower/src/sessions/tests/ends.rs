use super::*;

/// A session ends where it stands, whatever it is doing, and says so to the layers around it; its
/// connections are closed by then.
#[tokio::test(start_paused = true)]
async fn any_session_can_be_ended() {
    let socks = Socks::new();
    let (sessions, service) = listed(&socks);
    for stage in 0..5 {
        let mut client = Client::connect(&service).await;
        match stage {
            0 => {}
            1 => client.send(&[5]).await,
            2 => client.log_in(b"alice", crate::testing::PASSWORD).await,
            3 => assert_eq!(client.ask(b"alice", 1, b"target.example").await, 0),
            _ => assert_eq!(client.ask(b"alice", 3, b"target.example").await, 0),
        }
        settle().await;
        let live = only(&sessions);
        assert!(sessions.end(live.id(), EndReason::Administrator));
        assert!(
            !sessions.end(live.id(), EndReason::Rules),
            "the first reason stands"
        );
        let report = client.ended().await;
        assert_eq!(
            report.end.reason(),
            Some(&EndReason::Administrator),
            "{stage}: {report:?}"
        );
        assert_eq!(report.end.name(), "ended");
        assert_eq!(report.identity.is_some(), stage > 1, "{stage}");
        assert!(sessions.is_empty());
        assert!(!sessions.end(live.id(), EndReason::Rules), "it is gone");
        let mut heard = Vec::new();
        client.stream.read_to_end(&mut heard).await.unwrap();
        assert_eq!(heard, b"", "{stage}");
    }
    let mut target = socks.target();
    assert_eq!(
        target.read(&mut [0; 1]).await.unwrap(),
        0,
        "its target is closed"
    );
}

/// One user's sessions end and nobody else's; what the octets were by then is reported.
#[tokio::test(start_paused = true)]
async fn all_of_a_user_end() {
    let socks = Socks::new();
    let (sessions, service) = listed(&socks);
    let mut clients = Vec::new();
    for user in [b"alice", b"mally", b"alice", b"mally"] {
        let mut client = Client::connect(&service).await;
        assert_eq!(client.ask(user, 1, b"target.example").await, 0);
        client.send(b"12345").await;
        clients.push(client);
    }
    settle().await;
    let quota = EndReason::Limit("volume".into());
    assert_eq!(sessions.end_user(b"mally", quota.clone()), 2);
    assert_eq!(sessions.end_user(b"mally", quota), 0);
    assert_eq!(sessions.end_user(b"", EndReason::Administrator), 0);
    for index in [1, 3] {
        let report = clients[index].ended().await;
        assert_eq!(report.end.reason().unwrap().to_string(), "limit volume");
        assert_eq!(report.limit.as_deref(), Some("volume"));
        assert_eq!(report.sent, 5);
    }
    assert_eq!(sessions.len(), 2);
    let ended = sessions.end_where(|live| live.octets().sent == 5, EndReason::Rules);
    assert_eq!(ended, 2);
}

/// A claim is no proof, so who claims a user's name is not ended with that user (S4-2).
#[tokio::test(start_paused = true)]
async fn a_claim_is_nobody() {
    let socks = Socks::new();
    let (sessions, service) = listed(&socks);
    let mut client = Client::connect(&service).await;
    client
        .send(b"\x04\x01\x00\x50\xc0\x00\x02\x01alice\0")
        .await;
    let mut reply = [0; 8];
    client.stream.read_exact(&mut reply).await.unwrap();
    assert_eq!(reply[1], 0x5a);
    assert_eq!(sessions.end_user(b"alice", EndReason::Administrator), 0);
    assert_eq!(sessions.len(), 1);
}
