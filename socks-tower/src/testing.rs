//! Sessions in memory of every kind, for tests of layers.

use std::{
    convert::Infallible,
    future::pending,
    io,
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use socks_core::{
    Address, ReplyCode,
    message::{
        AccessPoint, AccessRequest, Associate, AuthRequest, Authentication, Bind, Connect,
        Credentials, Denial, Identity, Permit, Terms, Verdict,
    },
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex},
    sync::{Notify, mpsc},
    task::JoinHandle,
};
use tower::{ServiceExt, service_fn};
use tower_service::Service;

use crate::{
    Accepted, Association, Bound, BoxError, Connected, Incoming, SessionReport, SocksService,
    Traffic, udp::UdpCounters,
};

/// Nothing in a test may show it.
pub(crate) const PASSWORD: &[u8] = b"correct-horse-battery-staple";

/// A server in memory. Everybody with the password is let in; rule `all` lets everybody everywhere.
///
/// | destination | what |
/// |---|---|
/// | `denied.example` | refused by the rule `no` |
/// | `full.example` | refused by the limit `places` |
/// | `refused.example` | cannot be connected to |
/// | `slow.example` | is connected once the server is told to |
/// | `unknown.example` | so is this, and nobody says at which address |
/// | `quiet.example` | is connected, by the rule `quiet` of the class `quiet` |
/// | everything else | is connected |
#[derive(Clone)]
pub(crate) struct Socks {
    pub(crate) service: SocksService<DuplexStream>,
    /// Lets a dial to `slow.example` go on.
    pub(crate) connect: Arc<Notify>,
    targets: Arc<Mutex<mpsc::UnboundedReceiver<DuplexStream>>>,
    /// The counters of the association that was made last.
    pub(crate) association: Arc<Mutex<Option<Counters>>>,
}

/// What an association counts.
type Counters = (Arc<Traffic>, Arc<UdpCounters>);

/// Where targets are.
pub(crate) fn remote() -> SocketAddr {
    ([192, 0, 2, 1], 80).into()
}

impl Socks {
    pub(crate) fn new() -> Self {
        let (sender, targets) = mpsc::unbounded_channel();
        let connect = Arc::<Notify>::default();
        let (go, there) = (Arc::clone(&connect), sender.clone());
        let connector = service_fn(move |request: Connect| {
            let (go, sender) = (Arc::clone(&go), there.clone());
            async move {
                let Address::Domain(name, _) = &request.destination else {
                    return Ok(connected(&sender));
                };
                match name.as_bytes() {
                    b"refused.example" => return Err(io::ErrorKind::ConnectionRefused.into()),
                    b"slow.example" => go.notified().await,
                    b"unknown.example" => {
                        go.notified().await;
                        let stream = connected(&sender).stream;
                        return Ok(Connected::new(stream, remote()));
                    }
                    _ => {}
                }
                io::Result::Ok(connected(&sender))
            }
        });
        let binder = service_fn(move |_: Bind| {
            let accepted = Accepted::new(connected(&sender).stream, remote());
            async { Ok::<_, BoxError>(Bound::new(remote(), async { Ok(accepted) })) }
        });
        let association = Arc::<Mutex<Option<_>>>::default();
        let made = Arc::clone(&association);
        let relayer = service_fn(move |_: Associate| {
            let (traffic, counters) = (Arc::<Traffic>::default(), Arc::<UdpCounters>::default());
            *made.lock().unwrap() = Some((Arc::clone(&traffic), Arc::clone(&counters)));
            let association = Association::new(remote(), traffic, pending()).datagrams(counters);
            async { Ok::<_, BoxError>(association) }
        });
        let service = SocksService::new(connector)
            .authenticator(service_fn(login))
            .access(service_fn(judge))
            .binder(binder)
            .udp_relayer(relayer);
        Self {
            service,
            connect,
            targets: Arc::new(Mutex::new(targets)),
            association,
        }
    }

    /// A target's end of the connection that was made last.
    pub(crate) fn target(&self) -> DuplexStream {
        self.targets.lock().unwrap().try_recv().unwrap()
    }
}

fn connected(sender: &mpsc::UnboundedSender<DuplexStream>) -> Connected<DuplexStream> {
    let (near, far) = duplex(64 * 1024);
    sender.send(far).unwrap();
    Connected::new(near, remote()).remote(remote())
}

async fn login(request: AuthRequest) -> Result<Authentication, BoxError> {
    Ok(match &request.credentials {
        Credentials::Password { username, password } if password.expose() == PASSWORD => {
            let identity = Identity::user(username.clone(), request.method);
            Authentication::Accepted(identity.group("staff"))
        }
        Credentials::UserId(_) => Authentication::Accepted(Identity::claimed(&request.credentials)),
        _ => Authentication::rejected(),
    })
}

async fn judge(request: AccessRequest) -> Result<Verdict, BoxError> {
    let terms = |rule: &str| Arc::new(Terms::new(rule));
    let name = match (&request.destination, request.point) {
        (Address::Domain(name, _), AccessPoint::Request) => name.as_bytes().to_vec(),
        _ => Vec::new(),
    };
    let denial = Denial::new(ReplyCode::NOT_ALLOWED);
    Ok(match &name[..] {
        b"denied.example" => Verdict::Deny(denial.terms(terms("no"))),
        b"full.example" => Verdict::Deny(denial.limit("places")),
        b"quiet.example" => {
            let mut terms = Terms::new("quiet");
            terms.log_class = Some("quiet".into());
            Verdict::Allow(Permit::new().terms(Arc::new(terms)))
        }
        _ => Verdict::Allow(Permit::new().terms(terms("all"))),
    })
}

/// A client of a server in memory.
pub(crate) struct Client {
    pub(crate) stream: DuplexStream,
    session: JoinHandle<SessionReport>,
}

impl Client {
    /// Connects to a service, which has layers around it by now.
    pub(crate) async fn connect<S>(service: &S) -> Self
    where
        S: Service<Incoming<DuplexStream>, Response = SessionReport, Error = Infallible>
            + Clone
            + Send
            + 'static,
        S::Future: Send,
    {
        let (stream, io) = duplex(64 * 1024);
        let ends = [[10, 0, 0, 1], [10, 0, 0, 2]].map(|ip| SocketAddr::from((ip, 1080)));
        let incoming = Incoming::new(io, ends[0], ends[1]).listener("front");
        let session = service.clone().oneshot(incoming);
        let session = tokio::spawn(async move { session.await.unwrap() });
        Self { stream, session }
    }

    /// Logs in and asks; answers the code of the last reply.
    pub(crate) async fn ask(&mut self, user: &[u8], command: u8, name: &[u8]) -> u8 {
        self.log_in(user, PASSWORD).await;
        self.send(&[&[5, command, 0, 3, name.len() as u8], name, &[0, 80]].concat())
            .await;
        let mut code = self.reply().await;
        if (command, code) == (2, 0) {
            code = self.reply().await;
        }
        code
    }

    /// Greets and logs in, in one write with whatever follows.
    pub(crate) async fn log_in(&mut self, user: &[u8], password: &[u8]) {
        let (user_len, password_len) = (user.len() as u8, password.len() as u8);
        let login = [&[5, 1, 2, 1, user_len], user, &[password_len], password].concat();
        self.send(&login).await;
        let mut heard = [0; 4];
        self.stream.read_exact(&mut heard).await.unwrap();
        assert_eq!(heard[..3], [5, 2, 1]);
    }

    pub(crate) async fn send(&mut self, octets: &[u8]) {
        self.stream.write_all(octets).await.unwrap();
    }

    async fn reply(&mut self) -> u8 {
        let mut reply = [0; 10];
        self.stream.read_exact(&mut reply).await.unwrap();
        reply[1]
    }

    /// Closes the connection and waits for the session's end.
    pub(crate) async fn leave(self) -> SessionReport {
        drop(self.stream);
        self.session.await.unwrap()
    }

    /// Waits for the session's end.
    pub(crate) async fn ended(&mut self) -> SessionReport {
        (&mut self.session).await.unwrap()
    }

    /// Drops the session where it stands.
    pub(crate) async fn abort(self) {
        self.session.abort();
        assert!(self.session.await.unwrap_err().is_cancelled());
    }
}

/// Lets all other tasks come to where they wait.
pub(crate) async fn settle() {
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
}
