//! What the tests of this workspace share: a scripted SOCKS peer that speaks raw octets, so that
//! no bug of the library can hide behind the same bug in its test; targets to reach through a
//! proxy; and a server on a loopback port whose session reports can be read.

mod identd;
mod peer;
mod script;
mod server;
mod target;
mod udp;

pub use self::{
    identd::{IdentQuery, Identd},
    peer::Peer,
    script::{Pace, Script},
    server::Server,
    target::{Target, has_ipv6},
    udp::{UdpEcho, UdpPeer, udp_datagram},
};
