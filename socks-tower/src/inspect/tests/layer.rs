use std::task::Poll;

use socks_core::Command;
use tower::Service;
use tower_test::mock;

use super::*;
use crate::Tunnel;

type Inspected = Tunnel<InspectedStream<DuplexStream>, InspectedStream<DuplexStream>>;

/// The relay behind decides when there is room, and gets the tunnel as it was, around streams that are plain where
/// nobody looks. The inspector is made of all that is known of it.
#[tokio::test]
async fn the_tunnel_goes_on_as_it_was() {
    for (wanted, made) in [
        (None, true),
        (Some(Direction::ToTarget), true),
        (None, false),
    ] {
        let (relay, mut handle) = mock::pair::<Inspected, RelayEnd>();
        handle.allow(0);
        let make = move |subject: &Subject<'_>| -> Option<Box<dyn Inspector>> {
            assert_eq!(subject.command, Command::Bind);
            assert_eq!(subject.remote, Some(([192, 0, 2, 1], 7).into()));
            assert_eq!(subject.destination.port(), 80);
            assert!(subject.identity.is_anonymous() && !subject.permit.is_filtered());
            made.then(|| Box::new(Wants(wanted)) as Box<dyn Inspector>)
        };
        let mut service = InspectLayer::new(make).layer(relay);
        let mut waiting = tokio_test::task::spawn(());
        let polled = waiting.enter(|cx, _| Service::<Tunnel<_, _>>::poll_ready(&mut service, cx));
        assert!(matches!(polled, Poll::Pending));
        handle.allow(1);
        poll_fn(|cx| Service::<Tunnel<_, _>>::poll_ready(&mut service, cx))
            .await
            .unwrap();
        let mut before = tunnel(duplex(1).0, duplex(1).0);
        before.command = Command::Bind;
        before.remote = Some(([192, 0, 2, 1], 7).into());
        let (conn, traffic) = (Arc::clone(&before.conn), Arc::clone(&before.traffic));
        let relayed = tokio::spawn(service.call(before));
        let (after, respond) = handle.next_request().await.unwrap();
        assert_eq!(after.client.get_plain().is_none(), wanted.is_some());
        assert!(after.target.get_plain().is_some());
        assert!(Arc::ptr_eq(&after.conn, &conn) && Arc::ptr_eq(&after.traffic, &traffic));
        assert_eq!(
            (after.command, after.remote.is_some()),
            (Command::Bind, true)
        );
        respond.send_response(RelayEnd::Idle);
        assert_eq!(relayed.await.unwrap().unwrap(), RelayEnd::Idle);
    }
}

struct Wants(Option<Direction>);

impl Inspector for Wants {
    fn inspect(&mut self, _: &Chunk<'_>) -> Inspection {
        Inspection::Pass
    }

    fn wants(&self, direction: Direction) -> bool {
        self.0 == Some(direction)
    }
}
