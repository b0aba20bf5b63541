#![doc = include_str!("../README.md")]

mod bind;
mod clients;
mod connect;
mod error;
mod incoming;
mod phase;
mod random;
mod relay;
mod reply_code;
mod report;
mod resolve;
mod server;
mod service;
mod stream;
#[cfg(test)]
mod testing;
mod time;
mod traffic;
mod yield_now;

#[cfg(feature = "access-log")]
pub mod access_log;
#[cfg(feature = "accounting")]
pub mod accounting;
pub mod admission;
pub mod client;
pub mod half_open;
pub mod ident;
pub mod inspect;
#[cfg(any(feature = "access-log", feature = "accounting"))]
pub mod lines;
pub mod map_incoming;
#[cfg(feature = "metrics")]
pub mod metrics;
#[cfg(feature = "proxy-protocol")]
pub mod proxy_protocol;
pub mod record;
pub mod sessions;
pub mod trace;
pub mod udp;

#[cfg(feature = "access-log")]
pub use self::access_log::{AccessLog, AccessLogLayer};
#[cfg(feature = "accounting")]
pub use self::accounting::{Accounting, AccountingLayer};
#[cfg(feature = "metrics")]
pub use self::metrics::{Metrics, MetricsLayer};
#[cfg(feature = "proxy-protocol")]
pub use self::proxy_protocol::ProxyProtocolLayer;
#[cfg(feature = "hickory")]
pub use self::resolve::HickoryResolver;
pub use self::{
    admission::AdmissionLayer,
    bind::{Advertise, BindError, BindErrorKind, Strangers, TcpBindFuture, TcpBinder},
    connect::{ConnectError, ConnectErrorKind, TcpConnectFuture, TcpConnector},
    error::BoxError,
    half_open::{HalfOpenLayer, Throttle},
    ident::{IdentLayer, IdentPolicy},
    incoming::Incoming,
    inspect::InspectLayer,
    map_incoming::MapIncomingLayer,
    phase::{
        Accepted, AccessController, Addrs, Association, Authenticator, Binder, Bound, Connected,
        Connector, Name, Resolver, UdpRelayer,
    },
    relay::{AdaptiveRelay, AdaptiveRelayFuture, Cut, Relay, RelayEnd, Tunnel},
    reply_code::{CodedError, reply_code},
    report::{SessionEnd, SessionReport, Side},
    resolve::{
        LookupLimit, LookupLimitFuture, LookupLimitLayer, ResolveError, ResolveErrorKind,
        ResolveFuture, SystemResolver,
    },
    server::{
        Listener, ListenerExt, MapIo, NamedListener, Serve, ServeFuture, TcpListenerOptions,
        Worker, Workers, serve,
    },
    service::{Deadlines, MakeSubnegotiation, SocksFuture, SocksService},
    sessions::{Sessions, SessionsLayer},
    stream::ClientStream,
    trace::TraceLayer,
    traffic::Traffic,
    udp::UdpRelay,
};
