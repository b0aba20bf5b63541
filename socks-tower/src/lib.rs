#![doc = include_str!("../README.md")]

mod error;
mod incoming;
mod phase;
mod traffic;

pub use self::{
    error::BoxError,
    incoming::Incoming,
    phase::{
        Accepted, AccessController, Addrs, Association, Authenticator, Binder, Bound, Connected,
        Connector, Name, Resolver, UdpRelayer,
    },
    traffic::Traffic,
};
