use std::sync::Mutex;

use tokio::io::duplex;
use tower_layer::Layer;
use tower_service::Service;
use tower_test::mock;

use super::*;
use crate::{
    Incoming, SessionEnd,
    testing::{Client, PASSWORD, Socks, settle},
};

/// Writes down what it hears.
#[derive(Clone, Default)]
struct Heard(Arc<Mutex<Vec<String>>>);

impl Heard {
    fn say(&self, what: impl Into<String>) {
        self.0.lock().unwrap().push(what.into());
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

impl Record for Heard {
    type Entry = u64;

    fn begin(&self, live: &Arc<Live>) -> u64 {
        self.say("begin");
        live.id().0
    }

    fn open(&self, entry: &mut u64, live: &Arc<Live>) {
        assert_eq!(*entry, live.id().0);
        self.say("open");
    }

    fn end(&self, entry: u64, report: &SessionReport) {
        assert_eq!(entry, report.id.0);
        self.say(report.end.name());
    }
}

/// One begin, one end, and an opening between them if the client got what it asked for: however far
/// the session came, and also if it was dropped there.
#[tokio::test(start_paused = true)]
async fn every_session_ends_once() {
    let socks = Socks::new();
    let heard = Heard::default();
    let service = RecordLayer::new(heard.clone()).layer(socks.service.clone());
    for aborted in [false, true] {
        let end = |otherwise: &'static str| if aborted { "aborted" } else { otherwise };
        for stage in 0..6 {
            let mut client = Client::connect(&service).await;
            let expected = match stage {
                0 => vec!["begin", end("disconnected")],
                1 => {
                    client.log_in(b"alice", PASSWORD).await;
                    vec!["begin", end("disconnected")]
                }
                2 => {
                    assert_eq!(client.ask(b"alice", 1, b"denied.example").await, 2);
                    vec!["begin", end("refused")]
                }
                _ => {
                    let command = stage - 2;
                    assert_eq!(client.ask(b"alice", command, b"target.example").await, 0);
                    vec!["begin", "open", end("closed")]
                }
            };
            settle().await;
            if let 3 | 4 = stage {
                drop(socks.target());
            }
            match aborted {
                true => client.abort().await,
                false => drop(client.leave().await),
            }
            assert_eq!(heard.take(), expected, "{stage} {aborted}");
        }
    }
}

/// A session is open and over in one poll if its tunnel is at its end at once.
#[tokio::test]
async fn nothing_is_left_out_in_a_hurry() {
    let heard = Heard::default();
    let service = tower::service_fn(|mut incoming: Incoming<()>| async move {
        let live = incoming.live();
        live.opened(None);
        Ok::<_, crate::BoxError>(live.report(SessionEnd::Closed))
    });
    let mut service = RecordLayer::new(heard.clone()).layer(service);
    service.call(Incoming::unnamed(())).await.unwrap();
    assert_eq!(heard.take(), ["begin", "open", "closed"]);
}

/// What a layer between fails is an end as well, and a call that is never polled.
#[tokio::test]
async fn a_failed_service_ends_its_sessions() {
    let heard = Heard::default();
    let (mock, mut handle) = mock::pair::<Incoming<tokio::io::DuplexStream>, SessionReport>();
    let mut service = RecordLayer::new(heard.clone()).layer(mock);
    handle.allow(2);
    std::future::poll_fn(|cx| service.poll_ready(cx))
        .await
        .unwrap();
    let call = service.call(Incoming::unnamed(duplex(16).1));
    let (_, respond) = handle.next_request().await.unwrap();
    respond.send_error("overloaded");
    call.await.unwrap_err();
    assert_eq!(heard.take(), ["begin", "aborted"]);

    std::future::poll_fn(|cx| service.poll_ready(cx))
        .await
        .unwrap();
    drop(service.call(Incoming::unnamed(duplex(16).1)));
    assert_eq!(heard.take(), ["begin", "aborted"]);
}
