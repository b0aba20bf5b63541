use std::{convert::Infallible, net::SocketAddr};

use socks_core::{
    Progress,
    message::{AccessRequest, Connect, Verdict},
    server::{Handshake, Opening},
};
use socks_tower::{BoxError, Connected, Incoming, SessionEnd, SocksService};
use tower::{ServiceExt, service_fn};

use crate::stream::Scripted;

const GREETING: &[u8] = b"\x05\x01\x00";
/// CONNECT to 192.0.2.1, port 80.
const REQUEST: &[u8] = b"\x05\x01\x00\x01\xc0\x00\x02\x01\x00\x50";
const AT_ONCE: &[u8] = b"\x05\x01\x00\x05\x01\x00\x01\xc0\x00\x02\x01\x00\x50";
/// The handshake of one session, message by message.
pub(crate) const MESSAGES: &[&[u8]] = &[GREETING, REQUEST];
/// The same by a client that waits for no answer.
pub(crate) const OPTIMISTIC: &[&[u8]] = &[AT_ONCE];

const REPLIES: usize = 2 + 10;

fn bound() -> SocketAddr {
    SocketAddr::from(([192, 0, 2, 9], 4000))
}

/// Greeting, method selection, request and reply: the states alone.
pub(crate) fn typed_states(times: usize) {
    let mut output = Vec::new();
    for _ in 0..times {
        output.clear();
        let (mut greeting, mut request) = (std::hint::black_box(GREETING), REQUEST);
        let opening = Handshake::new().receive(&mut greeting, &mut output);
        let Ok(Progress::Next(Opening::Socks5(offered))) = opening else {
            panic!("a whole greeting");
        };
        let awaiting = offered
            .no_authentication(&mut output)
            .expect("00 is offered");
        let Ok(Progress::Next(requested)) = awaiting.receive(&mut request, &mut output) else {
            panic!("a whole request");
        };
        requested.succeed(bound(), &mut output);
        assert_eq!(std::hint::black_box(&output).len(), REPLIES);
    }
}

/// Whole sessions of the service, to a target that ends at once: handshake, phases, reply, relay and
/// report.
pub(crate) async fn sessions(times: usize, messages: &'static [&'static [u8]]) {
    let connector = service_fn(|_: Connect| async {
        Ok::<_, BoxError>(Connected::new(Scripted::new(&[]), bound()))
    });
    let everywhere = service_fn(|_: AccessRequest| async { Ok::<_, BoxError>(Verdict::allow()) });
    let service = SocksService::new(connector).access(everywhere);
    for _ in 0..times {
        let incoming = Incoming::unnamed(Scripted::new(messages));
        let report: Result<_, Infallible> = service.clone().oneshot(incoming).await;
        let Ok(report) = report;
        assert!(matches!(report.end, SessionEnd::Closed), "{report:?}");
    }
}
