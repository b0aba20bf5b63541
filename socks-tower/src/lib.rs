#![doc = include_str!("../README.md")]

mod bind;
mod clients;
mod connect;
mod error;
mod incoming;
mod phase;
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

pub mod client;
pub mod ident;
pub mod map_incoming;
pub mod trace;
pub mod udp;

#[cfg(feature = "hickory")]
pub use self::resolve::HickoryResolver;
pub use self::{
    bind::{Advertise, BindError, BindErrorKind, Strangers, TcpBindFuture, TcpBinder},
    connect::{ConnectError, ConnectErrorKind, TcpConnectFuture, TcpConnector},
    error::BoxError,
    ident::{IdentLayer, IdentPolicy},
    incoming::Incoming,
    map_incoming::MapIncomingLayer,
    phase::{
        Accepted, AccessController, Addrs, Association, Authenticator, Binder, Bound, Connected,
        Connector, Name, Resolver, UdpRelayer,
    },
    relay::{AdaptiveRelay, AdaptiveRelayFuture, Relay, RelayEnd, Tunnel},
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
    stream::ClientStream,
    trace::TraceLayer,
    traffic::Traffic,
    udp::UdpRelay,
};
