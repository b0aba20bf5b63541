#![doc = include_str!("../README.md")]

mod bind;
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
mod time;
mod traffic;
mod yield_now;

pub mod admission;
pub mod client;
pub mod half_open;
pub mod ident;
pub mod inspect;
pub mod map_incoming;
#[cfg(feature = "proxy-protocol")]
pub mod proxy_protocol;
pub mod sessions;
pub mod trace;
pub mod udp;

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
    resolve::{ResolveError, ResolveErrorKind, ResolveFuture, SystemResolver},
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
