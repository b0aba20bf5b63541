//! The client: against octets that a test wrote, against this project's own server, and as the
//! connector of a server that chains.

mod bind;
mod chain;
mod optimistic;
mod scripted;
mod served;
mod socks4;
mod udp;

use socks_core::Address;
use socks_tower::client::ClientError;
use tokio_test::io::{Builder, Mock};

const GREETING: &[u8] = b"\x05\x01\x00";
const LOGIN_GREETING: &[u8] = b"\x05\x01\x02";
const LOGIN: &[u8] = b"\x01\x04user\x04pass";
/// CONNECT to `example.com:80`.
const REQUEST: &[u8] = b"\x05\x01\x00\x03\x0bexample.com\x00\x50";
const GRANTED: &[u8] = b"\x05\x00\x00\x01\xc0\x00\x02\x01\xc0\x00";

fn destination() -> Address {
    Address::domain("example.com", 80).unwrap()
}

/// A server that hears and says exactly these, in turn, and then ends.
fn server(turns: &[(&[u8], &[u8])]) -> Mock {
    let mut builder = Builder::new();
    for (hears, says) in turns {
        builder.write(hears);
        if !says.is_empty() {
            builder.read(says);
        }
    }
    builder.build()
}

fn reads(builder: &mut Builder, segments: &[&[u8]]) {
    for says in segments {
        builder.read(says);
    }
}

/// Every way in which octets can be cut in two, and octet by octet.
fn segmentations(octets: &[u8]) -> impl Iterator<Item = Vec<&[u8]>> {
    let in_two = (1..octets.len()).map(|at| vec![&octets[..at], &octets[at..]]);
    in_two.chain([octets.chunks(1).collect()])
}

/// The octets of a reply with any code.
fn reply(code: u8) -> Vec<u8> {
    [5, code, 0, 1, 0, 0, 0, 0, 0, 0].to_vec()
}

fn io_kind(error: ClientError) -> std::io::ErrorKind {
    std::io::Error::from(error).kind()
}
