//! GSSAPI (RFC 1961) with real sockets: our client with our server, over a stand-in for a
//! mechanism, and raw octets where it matters what is on the wire.

mod blocking;
mod datagrams;
mod raw;
mod refusals;
mod tap;
mod tunnels;

use std::net::SocketAddr;

use e2e::open;
use mechanism::Mechanism;
use socks_auth::Principals;
use socks_core::{Method, client, gssapi::Levels, subnegotiation};
use socks_tower::SocksService;

const ALICE: &str = "alice@EXAMPLE.ORG";

const ONE: Levels = Levels::INTEGRITY;
const TWO: Levels = Levels::CONFIDENTIALITY;

/// A server that lets the principals of EXAMPLE.ORG in, at these levels, and every name lead to
/// `target`.
fn served(target: SocketAddr, mechanism: &Mechanism, levels: Levels) -> SocksService {
    let acceptor = mechanism.clone();
    let make = move || subnegotiation::Gssapi::new(acceptor.acceptor()).levels(levels);
    open(target)
        .method((Method::GSSAPI, make))
        .authenticator(Principals::new().realm("EXAMPLE.ORG").strip_realm(true))
}

/// A client's method that takes these levels.
fn method(mechanism: &Mechanism, levels: Levels) -> client::Gssapi {
    named(mechanism, levels, ALICE)
}

fn named(mechanism: &Mechanism, levels: Levels, name: &'static str) -> client::Gssapi {
    let initiator = mechanism.clone();
    client::Gssapi::new(move || initiator.initiator(name)).levels(levels)
}

/// Whether `part` is somewhere in `octets`.
fn holds(octets: &[u8], part: &[u8]) -> bool {
    octets.windows(part.len()).any(|window| window == part)
}
