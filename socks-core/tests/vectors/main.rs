//! Every vector of `tests/vectors/vectors.json` goes through the decoders.
//!
//! A driver reads one vector: fields, error, length, each prefix, what follows, and the way back
//! by the encoder. `docs/protocol/README.md` explains the format. Vectors of SOCKS6, which is not
//! implemented, are counted and skipped.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod chap;
mod fields;
mod first_octet;
mod gssapi;
mod ident;
mod login;
mod socks4;
mod socks5;
mod stream;
mod udp;
mod vector;

use vector::Vector;

/// Kind, how many vectors there are of it, and what checks one.
type Driver = (&'static str, usize, fn(&Vector));

const DRIVERS: &[Driver] = &[
    ("greeting", 22, socks5::greeting),
    ("method_selection", 11, socks5::method_selection),
    ("request", 94, socks5::request),
    ("reply", 46, socks5::reply),
    ("userpass_request", 21, login::request),
    ("userpass_reply", 6, login::response),
    ("tor_isolation", 9, login::isolation),
    ("socks4_request", 35, socks4::request),
    ("socks4_reply", 15, socks4::reply),
    ("gssapi_frame", 20, gssapi::frame),
    ("gssapi_udp", 4, gssapi::datagram),
    ("chap_message", 30, chap::message),
    ("cram_message", 4, chap::message),
    ("ident_query", 7, ident::query),
    ("ident_reply", 18, ident::response),
    ("udp_datagram", 58, udp::datagram),
    ("first_octet", 10, first_octet::detect),
];

/// Vectors whose kind begins with `socks6_`.
const SKIPPED: usize = 67;

fn drive(kind: &str) -> usize {
    let (_, expected, check) = DRIVERS.iter().find(|driver| driver.0 == kind).unwrap();
    let vectors = vector::load();
    let vectors = vectors.iter().filter(|vector| vector.kind == kind);
    let driven = vectors.inspect(|vector| check(vector)).count();
    assert_eq!(driven, *expected, "number of {kind} vectors");
    driven
}

/// R5-3, R5-4: all 477 vectors but the 67 of SOCKS6 are driven, by name and by number.
#[test]
fn no_vector_is_left_out() {
    let vectors = vector::load();
    assert_eq!(vectors.len(), 477);
    let skipped = vectors.iter().filter(|v| v.kind.starts_with("socks6_"));
    assert_eq!(skipped.count(), SKIPPED);
    let driven: usize = DRIVERS.iter().map(|(kind, ..)| drive(kind)).sum();
    assert_eq!(driven + SKIPPED, vectors.len());
}

/// R5-3, R5-4, R5-6, R5-8, R5-9: greetings, with any offer, and what is pipelined stays.
#[test]
fn greetings() {
    drive("greeting");
}

/// R5-4, R5-20: method selections.
#[test]
fn method_selections() {
    drive("method_selection");
}

/// R5-2, R5-3, R5-4, R5-21, R5-22, R5-25, R5-29, R5-30, R5-31, R5-33, TO-3, TO-9: requests. Which
/// reply a refused one gets is for the tests of the handshake.
#[test]
fn requests() {
    drive("request");
}

/// R5-2, R5-3, R5-4, R5-41, R5-43, R5-46, R5-48: replies.
#[test]
fn replies() {
    drive("reply");
}

/// R5-3, R5-4, UP-3, UP-4, UP-5, UP-15, UP-16: logins.
#[test]
fn logins() {
    drive("userpass_request");
}

/// R5-4, UP-8: answers to logins.
#[test]
fn login_responses() {
    drive("userpass_reply");
}

/// TO-20, TO-21, TO-22: isolation parameters in logins.
#[test]
fn isolation_parameters() {
    drive("tor_isolation");
}

/// R5-2, R5-3, R5-4, S4-3, S4-6, S4-7, S4-8, S4-9, S4A-1, S4A-2, S4A-4, S4A-5, S4A-6, TO-3: SOCKS4
/// and 4A requests.
#[test]
fn socks4_requests() {
    drive("socks4_request");
}

/// R5-2, R5-3, R5-4, S4-9, S4-11, S4-20, S4-21: SOCKS4 replies.
#[test]
fn socks4_replies() {
    drive("socks4_reply");
}

/// R5-3, R5-4, GS-2, GS-3, GS-10: GSSAPI frames.
#[test]
fn gssapi_frames() {
    drive("gssapi_frame");
}

/// GS-24: GSSAPI datagrams.
#[test]
fn gssapi_datagrams() {
    drive("gssapi_udp");
}

/// R5-3, R5-4, CH-3, CH-4, CH-6, CH-7: CHAP messages. The digests of `check` need a hash, which
/// this crate has not; their fields are compared.
#[test]
fn chap_messages() {
    drive("chap_message");
}

/// CH-26: CRAM has the layout of CHAP.
#[test]
fn cram_messages() {
    drive("cram_message");
}

/// ID-5, ID-6, ID-7, ID-8: ident queries.
#[test]
fn ident_queries() {
    drive("ident_query");
}

/// ID-9, ID-10, ID-11, ID-12, ID-15, ID-16: ident responses.
#[test]
fn ident_responses() {
    drive("ident_reply");
}

/// UD-13, UD-14, UD-35: headers of datagrams.
#[test]
fn udp_datagrams() {
    drive("udp_datagram");
}

/// UD-20, UD-21, UD-22, UD-23, UD-24: sequences of fragments.
#[test]
fn udp_sequences() {
    assert_eq!(udp::sequences(&vector::load()), 25);
}

/// R5-5, TO-16: the protocol is known after one octet.
#[test]
fn first_octets() {
    drive("first_octet");
}
