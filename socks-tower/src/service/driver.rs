use std::{
    future::{Future, poll_fn},
    mem,
    sync::{Arc, LazyLock},
    time::Duration,
};

use super::{
    associate, bind, connect,
    future::{AfterHandshake, Guards, Kept, OpenTunnel},
    negotiate::{authenticate, negotiate, rejected},
    socks_service::Shared,
    wire::Wire,
};
use crate::{
    BoxError, ClientStream, Incoming, Relay, SessionEnd, SessionReport, Traffic, Tunnel,
    half_open::HalfOpenPlace,
    sessions::Live,
    stream::reset_on_close,
    time::{after, from_now},
};
use futures_util::{FutureExt, future::Either};
use socks_core::{
    Address, Command, Method, Progress, ReplyCode,
    message::{
        AccessRequest, AuthRequest, Authentication, ConnInfo, Credentials, Denial, Identity,
        Permit, Rejection, Verdict, Version,
    },
    server::{Opening, Requested},
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    time::{Instant, timeout},
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
                        Ok(mut relay) => {
                            let Some(tunnel) = unopened.0.take() else {
                                return AfterHandshake::Ended(report);
                            };
                            let kept = Kept {
                                guards: mem::take(guards),
                                report,
                                traffic,
                                started,
                            };
                            let relay = relay.call(tunnel);
                            return AfterHandshake::Tunnel(Box::pin(OpenTunnel::new(relay, kept)));
                        }
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

/// Anonymous clients share one identity, which is what most servers keep for most of their tunnels.
fn shared(identity: Identity) -> Arc<Identity> {
    static ANONYMOUS: LazyLock<Arc<Identity>> = LazyLock::new(|| Arc::new(Identity::anonymous()));
    match identity.is_anonymous() {
        true => Arc::clone(&ANONYMOUS),
        false => Arc::new(identity),
    }
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

/// A session up to its tunnel.
pub(super) struct Session<'a, Io, U, R> {
    pub(super) shared: &'a Shared<U, R>,
    /// Where others watch it, if they do.
    live: Option<&'a Live>,
    pub(super) report: &'a mut SessionReport,
    pub(super) traffic: &'a Arc<Traffic>,
    pub(super) wire: &'a mut Wire<Io>,
    /// Where it is counted until its request is answered.
    pub(super) half_open: Option<HalfOpenPlace>,
}

/// A request that was let through, on its way to its phase.
pub(super) struct Admitted {
    pub(super) requested: Requested,
    pub(super) conn: Arc<ConnInfo>,
    pub(super) identity: Arc<Identity>,
    pub(super) destination: Address,
    pub(super) permit: Permit,
}

/// A target that is connected, with the success reply on its way.
pub(super) struct Established<U> {
    pub(super) target: U,
    pub(super) identity: Arc<Identity>,
    pub(super) destination: Address,
    pub(super) permits: Permits,
}

/// What the access controller set for the request, and for the peer of a BIND.
pub(super) type Permits = (Permit, Option<Box<Permit>>);

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

impl<Io, U, R> Session<'_, Io, U, R>
where
    Io: AsyncRead + AsyncWrite + Unpin,
    U: Send + 'static,
{
    async fn establish(
        &mut self,
        conn: &mut Arc<ConnInfo>,
        deadline: Instant,
    ) -> Result<Established<U>, SessionEnd> {
        let (identity, requested) = self.requested(conn, deadline).await?;
        self.report.command = Some(requested.command());
        self.report.destination = Some(requested.destination().clone());
        self.publish();
        self.wire
            .set_deadline(from_now(self.shared.deadlines.request));
        self.wire.allow_input(self.shared.early_data);
        if !self.shared.phases.serve(requested.command()) {
            // Switched off for everybody, so no rule is asked (R5-28).
            return Err(self.refuse(requested, ReplyCode::COMMAND_NOT_SUPPORTED));
        }
        // Whoever does not read its answers holds no place of the phases that come.
        self.wire.flush().await?;
        let admitted = self.admit(Arc::clone(conn), identity, requested).await?;
        self.perform(admitted).await
    }

    /// Hands the request to its phase.
    fn perform(
        &mut self,
        admitted: Admitted,
    ) -> impl Future<Output = Result<Established<U>, SessionEnd>> {
        // Boxed, so that a CONNECT does not make room for the others.
        match admitted.requested.command() {
            Command::Bind => Either::Right(Either::Left(Box::pin(bind::run(self, admitted)))),
            Command::UdpAssociate => {
                let associated = Box::pin(associate::run(self, admitted));
                Either::Right(Either::Right(associated.map(Err)))
            }
            _ => Either::Left(connect::run(self, admitted)),
        }
    }

    /// The client's request, and who it is that asks.
    async fn requested(
        &mut self,
        conn: &mut Arc<ConnInfo>,
        deadline: Instant,
    ) -> Result<(Arc<Identity>, Requested), SessionEnd> {
        let opening = self.opening(deadline).await?;
        match opening {
            Opening::Socks4(requested) => {
                // Nobody else has it yet.
                Arc::make_mut(conn).version = Version::Socks4;
                self.connected(conn);
                let (identity, requested) = self.identify4(conn, requested).await?;
                Ok((self.let_in(identity), requested))
            }
            Opening::Socks5(offered) => {
                self.connected(conn);
                let Shared {
                    phases,
                    methods,
                    slots,
                    ..
                } = self.shared;
                let (identity, mut awaiting) =
                    negotiate(phases, methods, slots, self.wire, conn, offered).await?;
                let identity = self.let_in(identity);
                loop {
                    let step = self
                        .wire
                        .step(|input, output| awaiting.receive(input, output));
                    match step.map_err(SessionEnd::Malformed)? {
                        Progress::Next(requested) => return Ok((identity, requested)),
                        Progress::NeedInput(same) => awaiting = same,
                    }
                    self.wire.receive().await?;
                }
            }
        }
    }

    /// Reads the client's first message.
    async fn opening(&mut self, deadline: Instant) -> Result<Opening, SessionEnd> {
        let mut handshake = self.shared.handshake;
        loop {
            let heard = self.wire.heard();
            self.wire.receive().await?;
            if !heard {
                self.wire.set_deadline(deadline);
            }
            match self
                .wire
                .step(|input, output| handshake.receive(input, output))
            {
                Ok(Progress::NeedInput(same)) => handshake = same,
                Ok(Progress::Next(opening)) => {
                    self.report.version = Some(match opening {
                        Opening::Socks4(_) => Version::Socks4,
                        Opening::Socks5(_) => Version::Socks5,
                    });
                    return Ok(opening);
                }
                Err(error) => return Err(SessionEnd::Malformed(error)),
            }
        }
    }

    /// SOCKS4 has no sub-negotiation: the user id is the only credential, and the reply the only
    /// answer (`S4-2`).
    async fn identify4(
        &mut self,
        conn: &Arc<ConnInfo>,
        requested: Requested,
    ) -> Result<(Identity, Requested), SessionEnd> {
        let Shared {
            phases, methods, ..
        } = self.shared;
        let authenticated = phases.authenticator.is_some();
        if !methods.serve(Method::NO_AUTHENTICATION, conn, authenticated) {
            // SOCKS4 is as good as method 00, so it goes where 00 goes (SE-36).
            requested.reject(Rejection::Credentials, self.wire.output());
            return Err(SessionEnd::Rejected(Rejection::Credentials));
        }
        let user_id = requested.user_id().cloned().unwrap_or_default();
        let method = Method::NO_AUTHENTICATION;
        let request = AuthRequest::new(Arc::clone(conn), method, Credentials::UserId(user_id));
        match authenticate(&self.shared.phases, self.wire, request).await? {
            (Authentication::Accepted(identity), _) => Ok((identity, requested)),
            (refused @ Authentication::Rejected(rejection), error) => {
                requested.reject(rejection, self.wire.output());
                Err(rejected(&refused, error))
            }
        }
    }

    /// Asks the access controller.
    fn admit(
        &mut self,
        conn: Arc<ConnInfo>,
        identity: Arc<Identity>,
        requested: Requested,
    ) -> impl Future<Output = Result<Admitted, SessionEnd>> {
        let mut asked = self.shared.phases.access.ask(AccessRequest::new(
            Arc::clone(&conn),
            Arc::clone(&identity),
            requested.command(),
            requested.destination().clone(),
        ));
        async move {
            match self.wire.phase(&mut asked).await? {
                Ok(Verdict::Allow(permit)) => {
                    self.report.terms = permit.terms.clone();
                    let destination = match &permit.destination {
                        None => Ok(requested.destination().clone()),
                        // A rewritten destination takes the one form that phases see, too.
                        Some(rewritten) => rewritten.canonical().inspect(|destination| {
                            // Before the rule is known: whoever knows that knows where to.
                            self.live
                                .iter()
                                .for_each(|live| live.rewritten(destination));
                        }),
                    };
                    self.publish();
                    let destination = match destination {
                        Ok(destination) => destination,
                        Err(error) => return Err(self.fail(requested, error.into())),
                    };
                    Ok(Admitted {
                        requested,
                        conn,
                        identity,
                        destination,
                        permit,
                    })
                }
                Ok(Verdict::Deny(denial)) => {
                    let code = denial.code;
                    self.denied(denial);
                    Err(self.refuse(requested, code))
                }
                Err(error) => Err(self.fail(requested, error)),
            }
        }
    }

    /// Says that there is a tunnel with `target`. A client that does not hear that may have sent
    /// something early, which is lost then, so the target is reset (`SE-49`).
    pub(super) async fn say(&mut self, target: &mut U) -> Result<(), SessionEnd> {
        self.publish();
        match self.wire.flush().await {
            Ok(()) => {
                self.opened(None);
                self.answered();
                Ok(())
            }
            Err(end) => {
                reset_on_close(target);
                Err(end)
            }
        }
    }

    /// The request has been answered with a success: the client is no half-open one any more
    /// (`SE-15`).
    pub(super) fn answered(&mut self) {
        if let Some(place) = self.half_open.take() {
            place.leave();
        }
    }

    /// The report says who refused it.
    pub(super) fn denied(&mut self, denial: Denial) {
        self.report.denied(denial);
        self.publish();
    }

    /// Whose session it is, which is known from here on even if it never asks for anything.
    fn let_in(&mut self, identity: Identity) -> Arc<Identity> {
        let identity = shared(identity);
        self.report.identity = Some(Arc::clone(&identity));
        self.publish();
        identity
    }

    fn connected(&self, conn: &Arc<ConnInfo>) {
        if let Some(live) = self.live {
            live.connected(conn);
        }
        self.publish();
    }

    /// Tells those who watch the session what the report has learned.
    pub(super) fn publish(&self) {
        if let Some(live) = self.live {
            live.learn(self.report);
        }
    }

    /// Tells them that the client has what it asked for; octets count there, if not where they do
    /// for every session.
    pub(super) fn opened(&self, traffic: Option<&Arc<Traffic>>) {
        if let Some(live) = self.live {
            live.opened(traffic);
        }
    }

    /// The client is told `code`, because somebody decided so.
    pub(super) fn refuse(&mut self, requested: Requested, code: ReplyCode) -> SessionEnd {
        requested.refuse(code, self.wire.output());
        SessionEnd::Refused(code)
    }

    /// The client is told what `error` stands for.
    pub(super) fn fail(&mut self, requested: Requested, error: BoxError) -> SessionEnd {
        let code = self.code(&error);
        requested.refuse(code, self.wire.output());
        SessionEnd::Failed { code, error }
    }

    pub(super) fn code(&self, error: &BoxError) -> ReplyCode {
        let error: &(dyn std::error::Error + 'static) = &**error;
        let overridden = self
            .shared
            .reply_codes
            .as_ref()
            .and_then(|codes| codes(error));
        let code = overridden.unwrap_or_else(|| crate::reply_code(error));
        let terms = self.report.terms.as_ref();
        match terms.is_some_and(|terms| terms.conceal) && tells(code) {
            true => ReplyCode::GENERAL_FAILURE,
            false => code,
        }
    }
}

/// Whether the code tells what exists behind the server (`SE-45`).
fn tells(code: ReplyCode) -> bool {
    matches!(
        code,
        ReplyCode::NETWORK_UNREACHABLE
            | ReplyCode::HOST_UNREACHABLE
            | ReplyCode::CONNECTION_REFUSED
            | ReplyCode::TTL_EXPIRED
    )
}

#[cfg(test)]
mod tests {
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt, DuplexStream},
        net::TcpStream,
        sync::mpsc::{self, error::TryRecvError},
    };
    use tower::{ServiceExt, service_fn};

    use super::*;
    use crate::{AdaptiveRelay, Connected, SocksService};
    use socks_core::message::Connect;

    /// Whoever has connected holds one of these, beside its report, a timer and a buffer of 1 KiB. It is at
    /// 1 KiB; compilers differ.
    #[tokio::test]
    async fn a_handshake_is_small() {
        let connector = service_fn(|_: Connect| async {
            Err::<Connected<TcpStream>, BoxError>("not asked".into())
        });
        let service: SocksService<TcpStream, AdaptiveRelay> = SocksService::new(connector);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let io = TcpStream::connect(listener.local_addr().unwrap())
            .await
            .unwrap();
        let handshake = handshake(service.shared, Incoming::unnamed(io));
        assert!(
            size_of_val(&handshake) <= 1280,
            "{} octets",
            size_of_val(&handshake)
        );
    }

    /// A client that does not read takes no place among those whose login is checked, and none among those whose
    /// request is judged.
    #[tokio::test]
    async fn who_does_not_read_its_answers_is_not_asked_about() {
        let (asked, mut seen) = mpsc::unbounded_channel();
        let connector = service_fn(|_: Connect| async {
            Err::<Connected<DuplexStream>, BoxError>("not reached".into())
        });
        let authenticator = {
            let asked = asked.clone();
            service_fn(move |_: AuthRequest| {
                asked.send("login").unwrap();
                async { Ok::<_, BoxError>(Authentication::Accepted(Identity::anonymous())) }
            })
        };
        let access = service_fn(move |_: AccessRequest| {
            asked.send("request").unwrap();
            async { Ok::<_, BoxError>(Verdict::Deny(ReplyCode::NOT_ALLOWED.into())) }
        });
        let service = SocksService::new(connector)
            .authenticator(authenticator)
            .access(access);
        let (input, mut writer) = tokio::io::simplex(64);
        // Holds one octet that was not read.
        let (mut reader, output) = tokio::io::simplex(1);
        let incoming = Incoming::unnamed(tokio::io::join(input, output));
        let session = tokio::spawn(service.oneshot(incoming));
        let says = b"\x05\x01\x02\x01\x01u\x01p\x05\x01\x00\x01\xc0\x00\x02\x01\x00\x50";
        writer.write_all(says).await.unwrap();
        let mut answers = [0; 2];
        for (answer, asked) in [([5, 2], "login"), ([1, 0], "request")] {
            for _ in 0..100 {
                tokio::task::yield_now().await;
            }
            assert_eq!(seen.try_recv(), Err(TryRecvError::Empty), "{asked}");
            reader.read_exact(&mut answers).await.unwrap();
            assert_eq!(answers, answer);
            assert_eq!(seen.recv().await, Some(asked));
        }
        let mut reply = Vec::new();
        writer.shutdown().await.unwrap();
        reader.read_to_end(&mut reply).await.unwrap();
        assert_eq!(reply[..2], [5, 2]);
        session.await.unwrap().unwrap();
    }
}
