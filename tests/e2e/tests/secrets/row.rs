use std::{
    convert::Infallible,
    error::Error,
    fmt::{Debug, Write},
    net::SocketAddr,
    pin::Pin,
};

use e2e::open;
use socks_tower::{
    AccessLog, Accounting, Authenticator, Incoming, SessionEnd, SessionReport, TraceLayer,
    accounting::FileAccount,
    lines::{Format, LineWriter},
};
use support::{Peer, Script};
use tokio::io::{DuplexStream, duplex};
use tower::{Layer, Service, ServiceBuilder, ServiceExt};

pub(crate) const PASSWORD: &str = "correct-horse-battery-staple";
pub(crate) const WRONG: &str = "Tr0ub4dor&3-is-wrong";

type Run = dyn for<'a> FnOnce(&'a mut Shown) -> Pin<Box<dyn Future<Output = ()> + 'a>>;

/// A way to authenticate, or to fail at it.
pub(crate) struct Row {
    pub(crate) name: &'static str,
    /// What nothing may show, whatever the form.
    pub(crate) secrets: Vec<Vec<u8>>,
    /// What the log has to say.
    pub(crate) logged: Vec<&'static str>,
    /// Goes that way, and shows all that it comes by.
    pub(crate) run: Box<Run>,
}

impl Row {
    /// A way on which the passwords above are sent.
    pub(crate) fn new(name: &'static str, run: impl AsyncFnOnce(&mut Shown) + 'static) -> Self {
        Self {
            name,
            secrets: [PASSWORD, WRONG]
                .map(|word| word.as_bytes().to_vec())
                .into(),
            logged: Vec::new(),
            run: Box::new(|shown| Box::pin(run(shown))),
        }
    }

    /// One more secret.
    pub(crate) fn secret(mut self, secret: impl Into<Vec<u8>>) -> Self {
        self.secrets.push(secret.into());
        self
    }

    pub(crate) fn logs(mut self, part: &'static str) -> Self {
        self.logged.push(part);
        self
    }
}

/// How the values that a row came by look.
#[derive(Default)]
pub(crate) struct Shown(pub(crate) String);

impl Shown {
    pub(crate) fn debug(&mut self, value: &dyn Debug) {
        writeln!(self.0, "{value:?}").expect("a string");
        writeln!(self.0, "{value:#?}").expect("a string");
    }

    /// An error with all its sources.
    pub(crate) fn error(&mut self, error: &(dyn Error + 'static)) {
        let mut next = Some(error);
        while let Some(error) = next {
            self.debug(&error);
            writeln!(self.0, "{error}").expect("a string");
            next = error.source();
        }
    }

    /// A logged session over a stream in memory, between `script` and `service`.
    pub(crate) async fn session<S>(&mut self, service: &S, script: Script) -> SessionReport
    where
        S: Service<Incoming<DuplexStream>, Response = SessionReport, Error = Infallible>
            + Clone
            + Debug
            + Send
            + 'static,
        S::Future: Send,
    {
        let (client, server) = duplex(64 * 1024);
        let session = self.serve(service, server);
        drop(script.run_over(client).await);
        let report = session.await.expect("no panic");
        self.report(&report);
        report
    }

    /// Alice's login with `password` at a server that asks `users`, and if it is `right` a request.
    pub(crate) async fn log_in(&mut self, users: impl Authenticator, password: &str, right: bool) {
        let server = open(([127, 0, 0, 1], 1).into()).authenticator(users);
        let script = Peer::script().greet([2]).expect_method(2);
        let script = script.login("alice", password).expect_login(right);
        let script = match right {
            true => script.bind("127.0.0.1:1").expect_reply(7),
            false => script,
        };
        self.session(&server, script).await;
    }

    /// Serves one stream.
    pub(crate) fn serve<S>(
        &mut self,
        service: &S,
        stream: DuplexStream,
    ) -> tokio::task::JoinHandle<SessionReport>
    where
        S: Service<Incoming<DuplexStream>, Response = SessionReport, Error = Infallible>
            + Clone
            + Debug
            + Send
            + 'static,
        S::Future: Send,
    {
        self.debug(service);
        let ends = [[10, 0, 0, 1], [10, 0, 0, 2]].map(|ip| SocketAddr::from((ip, 1080)));
        let traced = TraceLayer::new().layer(service.clone());
        let (writer, mut lines) = LineWriter::channel(8);
        let json = AccessLog::new(Format::Json, writer.clone());
        let text = AccessLog::new(Format::Text, writer.clone());
        let accounting = Accounting::new(FileAccount::new(writer));
        let recorded = ServiceBuilder::new()
            .layer(json.layer())
            .layer(text.layer())
            .layer(accounting.layer())
            .service(traced);
        let session = recorded.oneshot(Incoming::new(stream, ends[0], ends[1]));
        tokio::spawn(async move {
            let report = session.await.expect("it is infallible");
            while let Ok(line) = lines.try_recv() {
                let line = String::from_utf8(line).expect("lines are text");
                tracing::info!("{}", line.trim_end_matches('\n'));
            }
            report
        })
    }

    pub(crate) fn report(&mut self, report: &SessionReport) {
        self.debug(report);
        match &report.end {
            SessionEnd::Failed { error, .. }
            | SessionEnd::Authenticator(error)
            | SessionEnd::Relay(error) => self.error(&**error),
            SessionEnd::Malformed(error) => self.error(error),
            SessionEnd::Io(error) => self.error(error),
            _ => {}
        }
    }
}
