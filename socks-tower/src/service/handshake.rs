//! From an accepted connection to its tunnel, or to its last words.

use std::{
    future::{Future, poll_fn},
    mem,
    sync::Arc,
    time::Duration,
};

use socks_core::{Command, message::ConnInfo};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    time::timeout,
};

use super::{
    driver::{Established, Session},
    future::{AfterHandshake, Guards, Kept, OpenTunnel},
    socks_service::Shared,
    wire::Wire,
};
use crate::{
    ClientStream, Incoming, Relay, SessionEnd, SessionReport, Traffic, Tunnel,
    stream::reset_on_close, time::after,
};

/// Serves one connection up to its tunnel. A session that ends without one is closed here, with its last
/// words.
// Whoever has connected has one of these futures, so what it needs from the start is put together here:
// what an async function takes by value it has twice.
pub(super) fn handshake<Io, U, R>(
    shared: Arc<Shared<U, R>>,
    incoming: Incoming<Io>,
) -> impl Future<Output = AfterHandshake> + Send
where
    Io: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    U: Send + 'static,
    R: Relay<ClientStream<Io>, U>,
{
    let mut report = Box::new(SessionReport::new(&incoming));
    let traffic = Arc::<Traffic>::default();
    if let Some(live) = &incoming.live {
        live.begin(&incoming, &traffic);
    }
    let started = incoming.accepted;
    let (io, mut conn, live) = incoming.into_conn();
    async move {
        let deadlines = &shared.deadlines;
        let total = deadlines.total(shared.phases.authenticator.is_some());
        let mut wire = Wire::new(io, after(started, deadlines.first_octet.min(total)));
        let mut session = Session {
            shared: &*shared,
            live: live.as_deref(),
            report: &mut report,
            traffic: &traffic,
            wire: &mut wire,
            half_open: conn.extensions.get().cloned(),
        };
        let mut opened = match session.establish(&mut conn, after(started, total)).await {
            Ok(established) => Ok(established.tunnel(wire, conn, &traffic, &report)),
            Err(end) => Err((wire, end)),
        };
        // In the place of the handshake, which is over, and not beside it.
        async move {
            report.end = match &mut opened {
                Ok((unopened, guards)) => {
                    match ready(&shared.relay, shared.deadlines.request).await {
                        Ok(mut relay) => match unopened.0.take() {
                            Some(tunnel) => {
                                let kept = Kept {
                                    guards: mem::take(guards),
                                    report,
                                    traffic,
                                    started,
                                };
                                let open = OpenTunnel::new(relay.call(tunnel), kept);
                                return AfterHandshake::Tunnel(Box::pin(open));
                            }
                            None => SessionEnd::Disconnected,
                        },
                        Err(end) => end,
                    }
                }
                Err((wire, end)) => {
                    // Boxed, since most handshakes end in a tunnel.
                    Box::pin(wire.close(shared.deadlines.close)).await;
                    mem::replace(end, SessionEnd::Closed)
                }
            };
            // The connections are closed before anybody hears of the end.
            drop(opened);
            report.complete(&traffic, started);
            AfterHandshake::Ended(report)
        }
        .await
    }
}

/// A relay that is ready for a tunnel.
async fn ready<C, U, R: Relay<C, U>>(relay: &R, patience: Duration) -> Result<R, SessionEnd> {
    let mut relay = relay.clone();
    let ready = timeout(patience, poll_fn(|cx| relay.poll_ready(cx))).await;
    let ready = ready.map_err(|_| SessionEnd::TimedOut)?;
    ready.map_err(|error| SessionEnd::Relay(error.into()))?;
    Ok(relay)
}

/// A tunnel that no relay has yet. The success reply is out, so if none takes it, neither side may
/// take what it has for all there is (`SE-49`, `SE-53`).
struct Unopened<C: 'static, U: 'static>(Option<Tunnel<C, U>>);

impl<C: 'static, U: 'static> Drop for Unopened<C, U> {
    fn drop(&mut self) {
        if let Some(tunnel) = &self.0 {
            reset_on_close(&tunnel.client);
            reset_on_close(&tunnel.target);
        }
    }
}

impl<U> Established<U> {
    fn tunnel<Io: AsyncRead + AsyncWrite + Unpin>(
        self,
        wire: Wire<Io>,
        conn: Arc<ConnInfo>,
        traffic: &Arc<Traffic>,
        report: &SessionReport,
    ) -> (Unopened<ClientStream<Io>, U>, Guards) {
        let Self {
            target,
            identity,
            destination,
            permits,
        } = self;
        let mut tunnel = Tunnel::new(wire.into_stream(), target, conn, identity, destination);
        tunnel.traffic = Arc::clone(traffic);
        tunnel.command = report.command.unwrap_or(Command::Connect);
        tunnel.remote = report.remote;
        let guards = Guards::new(&permits);
        tunnel.permit = permits.0;
        (Unopened(Some(tunnel)), guards)
    }
}
