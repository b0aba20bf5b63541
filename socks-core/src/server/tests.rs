use alloc::{boxed::Box, string::ToString, vec::Vec};
use core::net::SocketAddr;

use super::*;
use crate::{
    Command, DecodeError, Method, Progress, ReplyCode,
    message::{Authentication, Credentials, Identity, Rejection, Version},
    subnegotiation::UsernamePassword,
};

fn opening(handshake: Handshake, mut input: &[u8]) -> (Result<Opening, HandshakeError>, Vec<u8>) {
    let mut output = Vec::new();
    let opening = handshake.receive(&mut input, &mut output);
    (
        opening.map(|progress| progress.next().expect("a whole message")),
        output,
    )
}

fn offered(input: &[u8]) -> Offered {
    match opening(Handshake::new(), input).0 {
        Ok(Opening::Socks5(offered)) => offered,
        other => panic!("{other:?}"),
    }
}

fn awaiting() -> AwaitingRequest {
    offered(b"\x05\x01\x00")
        .no_authentication(&mut Vec::new())
        .unwrap()
}

fn request(mut input: &[u8]) -> (Result<Requested, HandshakeError>, Vec<u8>) {
    let mut output = Vec::new();
    let requested = awaiting().receive(&mut input, &mut output);
    (
        requested.map(|progress| progress.next().expect("a whole message")),
        output,
    )
}

const FAILURE_TAIL: [u8; 8] = [0, 1, 0, 0, 0, 0, 0, 0];

fn failure(code: u8) -> Vec<u8> {
    [&[5, code][..], &FAILURE_TAIL].concat()
}

/// R5-5, R5-64: what is not SOCKS is answered with nothing.
#[test]
fn foreign_protocols_get_no_answer() {
    for input in [
        &b"\x16\x03\x01"[..],
        b"GET / HTTP/1.1\r\n",
        b"SSH-2.0",
        b"\x06",
        b"\x00",
    ] {
        let (result, output) = opening(Handshake::new(), input);
        assert_eq!(
            result.unwrap_err(),
            HandshakeError::UnknownProtocol(input[0])
        );
        assert!(output.is_empty());
    }
}

/// TO-16, TO-17: the HTTP hint is off by default, fixed, and echoes nothing.
#[test]
fn http_hint() {
    let hinting = Handshake::new().http_hint(true);
    let (_, get) = opening(hinting, b"GET /<script> HTTP/1.1\r\n");
    let (_, connect) = opening(hinting, b"CONNECT evil:80 HTTP/1.1\r\n");
    assert!(get.starts_with(b"HTTP/1.0 501 "));
    assert_eq!(get, connect);
    assert!(opening(hinting, b"SSH-2.0").1.is_empty());
}

/// R5-10, R5-11, R5-12, R5-14: only what the client offers is selected, FF never, else FF.
#[test]
fn selection() {
    let mut output = Vec::new();
    let offered = offered(b"\x05\x02\xff\x00");
    let offered = offered
        .select(Box::new(UsernamePassword::new()), &mut output)
        .unwrap_err();
    assert!(output.is_empty());
    offered.no_authentication(&mut output).unwrap();
    assert_eq!(output, [5, 0]);

    output.clear();
    let empty = super::tests::offered(b"\x05\x00");
    let empty = empty.no_authentication(&mut output).unwrap_err();
    empty.select_none(&mut output);
    assert_eq!(output, [5, 0xff]);
}

/// UP-1, UP-8, R5-16, R5-18: the request is reachable only through an accepted login.
#[test]
fn login_leads_to_the_request() {
    let mut output = Vec::new();
    let mut input: &[u8] = b"\x01\x04user\x04pass\x05";
    let negotiating = offered(b"\x05\x01\x02")
        .select(Box::new(UsernamePassword::new()), &mut output)
        .unwrap();
    let Negotiation::Verify(verifying, credentials) =
        negotiating.step(&mut input, &mut output).unwrap()
    else {
        panic!("credentials are there")
    };
    assert!(matches!(credentials, Credentials::Password { .. }));
    let accepted = Authentication::Accepted(Identity::anonymous());
    let negotiating = verifying.decided(&accepted, &mut output).unwrap();
    assert!(matches!(
        negotiating.step(&mut input, &mut output),
        Ok(Negotiation::Done(_, None))
    ));
    assert_eq!(output, [5, 2, 1, 0]);
    assert_eq!(input, [5]);
}

/// UP-9, UP-13, UP-14: a rejection is 01 01, whatever the reason, and there is no way on.
#[test]
fn rejected_login_ends() {
    for rejection in [Rejection::Credentials, Rejection::IdentMismatch] {
        let mut output = Vec::new();
        let negotiating = offered(b"\x05\x01\x02")
            .select(Box::new(UsernamePassword::new()), &mut output)
            .unwrap();
        let Negotiation::Verify(verifying, _) = negotiating
            .step(&mut &b"\x01\x01a\x01b"[..], &mut output)
            .unwrap()
        else {
            panic!("credentials are there")
        };
        assert!(
            verifying
                .decided(&Authentication::Rejected(rejection), &mut output)
                .is_none()
        );
        assert_eq!(output, [5, 2, 1, 1]);
    }
}

/// UP-6, UP-12, R5-64: an empty name and a wrong version are answered 01 01.
#[test]
fn bad_logins_are_answered() {
    for login in [&b"\x01\x00\x04pass"[..], b"\x05\x04user\x04pass"] {
        let mut output = Vec::new();
        let negotiating = offered(b"\x05\x01\x02")
            .select(Box::new(UsernamePassword::new()), &mut output)
            .unwrap();
        assert!(negotiating.step(&mut &login[..], &mut output).is_err());
        assert_eq!(output, [5, 2, 1, 1]);
    }
}

/// R5-23, R5-24, R5-25, R5-26, R5-32, R5-34, R5-36, R5-40, R5-64: each malformed request has its
/// own code, in a complete reply (R5-44).
#[test]
fn malformed_requests_are_answered() {
    for (input, code) in [
        (&b"\x04\x01\x00\x01\x42\x66\x07\x63\x00\x50"[..], 1),
        (b"\x05\x04\x00\x01\xc0\x00\x02\x01\x00\x50", 7),
        (b"\x05\x09\x00\x02", 7),
        (b"\x05\x01\x00\x02", 8),
        (b"\x05\x01\x00\x03\x00\x00\x50", 1),
        (b"\x05\x01\x00\x03\x03a\0b\x00\x50", 1),
        (b"\x05\x01\x00\x03\x060x7f.1\x00\x50", 1),
        (b"\x05\x01\x00\x01\xc0\x00\x02\x01\x00\x00", 1),
        (b"\x05\xf0\x00\x03\x01a\x00\x00", 7),
    ] {
        let (result, output) = request(input);
        assert!(result.is_err(), "{input:02x?}");
        assert_eq!(output, failure(code), "{input:02x?}");
    }
}

/// R5-22, R5-36, R5-37, SE-9: phases see one form of a destination.
#[test]
fn destinations_are_canonical() {
    for (input, destination) in [
        (
            &b"\x05\x01\xff\x01\xc0\x00\x02\x01\x00\x50"[..],
            "192.0.2.1:80",
        ),
        (
            b"\x05\x01\x00\x03\x0cEXAMPLE.com.\x00\x50",
            "example.com:80",
        ),
        (b"\x05\x01\x00\x03\x09127.0.0.1\x00\x50", "127.0.0.1:80"),
        (
            b"\x05\x01\x00\x04\0\0\0\0\0\0\0\0\0\0\xff\xff\x7f\0\0\x01\x00\x50",
            "127.0.0.1:80",
        ),
    ] {
        assert_eq!(
            request(input).0.unwrap().destination().to_string(),
            destination
        );
    }
}

/// UD-8: a name in UDP ASSOCIATE counts as unspecified.
#[test]
fn udp_associate_ignores_names() {
    let (requested, _) = request(b"\x05\x03\x00\x03\x03a b\x13\x88");
    let requested = requested.unwrap();
    assert_eq!(requested.command(), Command::UdpAssociate);
    assert_eq!(requested.destination().to_string(), "0.0.0.0:5000");
}

/// R5-41, R5-45, R5-49: replies are whole, never shorter than ten octets, and a refusal is never
/// a success.
#[test]
fn replies() {
    let input = b"\x05\x01\x00\x01\xc0\x00\x02\x01\x00\x50";
    let mut output = Vec::new();
    let bound: SocketAddr = "198.51.100.5:49152".parse().unwrap();
    request(input).0.unwrap().succeed(bound, &mut output);
    assert_eq!(output, b"\x05\x00\x00\x01\xc6\x33\x64\x05\xc0\x00");
    output.clear();
    request(input)
        .0
        .unwrap()
        .refuse(ReplyCode::SUCCEEDED, &mut output);
    assert_eq!(output, failure(1));
    output.clear();
    request(input)
        .0
        .unwrap()
        .reject(Rejection::Credentials, &mut output);
    assert_eq!(output, failure(2));
}

fn requested4(input: &[u8]) -> Requested {
    match opening(Handshake::new(), input).0 {
        Ok(Opening::Socks4(requested)) => requested,
        other => panic!("{other:?}"),
    }
}

/// S4-4, S4-5, S4-7, S4A-3, S4A-6, S4A-7, S4A-8: what SOCKS4 refuses is answered 5B.
#[test]
fn socks4_refusals() {
    let long_user = [&b"\x04\x01\x00\x50\xc0\x00\x02\x01"[..], &[b'u'; 513]].concat();
    let long_name = [&b"\x04\x01\x00\x50\x00\x00\x00\x01\x00"[..], &[b'd'; 256]].concat();
    for input in [
        &b"\x04\x03\x00\x50\xc0\x00\x02\x01\x00"[..],
        b"\x04\x01\x00\x00\xc0\x00\x02\x01\x00",
        b"\x04\x01\x00\x50\x00\x00\x00\x00\x00",
        b"\x04\x01\x00\x50\x00\x00\x00\x01\x00\x00",
        b"\x04\x01\x00\x50\x00\x00\x00\x01\x00a b\x00",
        b"\x04\xf0\x00\x00\x00\x00\x00\x01\x00a\x00",
        &long_user,
        &long_name,
    ] {
        let (result, output) = opening(Handshake::new(), input);
        assert!(result.is_err());
        assert_eq!(output, [0, 0x5b, 0, 0, 0, 0, 0, 0]);
    }
}

/// S4-11, S4-12, S4-24, S4A-11: each outcome has its code; 4A is granted with zeros.
#[test]
fn socks4_replies() {
    let plain = b"\x04\x01\x00\x50\x42\x66\x07\x63Fred\x00";
    let named = b"\x04\x01\x01\xbb\x00\x00\x00\x01Fred\x00example.com\x00";
    let bound: SocketAddr = "198.51.100.5:49152".parse().unwrap();
    let reply = |input: &[u8], answer: &dyn Fn(Requested, &mut Vec<u8>)| {
        let mut output = Vec::new();
        answer(requested4(input), &mut output);
        output
    };
    assert_eq!(requested4(plain).user_id().unwrap().as_bytes(), b"Fred");
    assert_eq!(
        requested4(named).destination().to_string(),
        "example.com:443"
    );
    assert_eq!(requested4(named).version(), Version::Socks4);
    assert_eq!(
        reply(plain, &|r, out| r.succeed(bound, out)),
        b"\0\x5a\xc0\x00\xc6\x33\x64\x05"
    );
    assert_eq!(
        reply(named, &|r, out| r.succeed(bound, out)),
        b"\0\x5a\0\0\0\0\0\0"
    );
    assert_eq!(
        reply(plain, &|r, out| r.refuse(ReplyCode::TTL_EXPIRED, out)),
        b"\0\x5b\0\0\0\0\0\0"
    );
    for (rejection, code) in [
        (Rejection::Credentials, 0x5b),
        (Rejection::IdentUnreachable, 0x5c),
        (Rejection::IdentMismatch, 0x5d),
    ] {
        assert_eq!(
            reply(plain, &|r, out| r.reject(rejection, out)),
            [0, code, 0, 0, 0, 0, 0, 0]
        );
    }
}

/// S4-14, S4-16, S4-17, BI-8, BI-10, BI-12, R5-51: the two replies of BIND.
#[test]
fn bind_has_two_replies() {
    let bound: SocketAddr = "198.51.100.5:20001".parse().unwrap();
    let peer: SocketAddr = "192.0.2.20:20".parse().unwrap();
    let four = b"\x04\x02\x00\x15\xc0\x00\x02\x14Fred\x00";
    let five = b"\x05\x02\x00\x01\xc0\x00\x02\x14\x00\x15";

    let mut output = Vec::new();
    requested4(four)
        .listening(bound, &mut output)
        .succeed(peer, &mut output);
    assert_eq!(
        output,
        b"\0\x5a\x4e\x21\xc6\x33\x64\x05\0\x5a\x00\x14\xc0\x00\x02\x14"
    );
    output.clear();
    let awaiting = request(five).0.unwrap().listening(bound, &mut output);
    awaiting.refuse(ReplyCode::NOT_ALLOWED, Some(peer), &mut output);
    assert_eq!(output[10..], *b"\x05\x02\x00\x01\xc0\x00\x02\x14\x00\x14");
    output.clear();
    let awaiting = requested4(four).listening(bound, &mut Vec::new());
    awaiting.refuse(ReplyCode::NOT_ALLOWED, Some(peer), &mut output);
    assert_eq!(output, b"\0\x5b\0\0\0\0\0\0");
}

/// TO-1, TO-3, TO-6: Tor's lookups are commands only when switched on.
#[test]
fn tor_lookups() {
    let tor = |mut input: &[u8]| {
        let (opening, _) = opening(Handshake::new().tor_resolve(true), b"\x05\x01\x00");
        let Ok(Opening::Socks5(offered)) = opening else {
            panic!("a greeting")
        };
        let mut output = Vec::new();
        let awaiting = offered.no_authentication(&mut Vec::new()).unwrap();
        let requested = awaiting.receive(&mut input, &mut output);
        (
            requested.map(|progress| progress.next().unwrap().command()),
            output,
        )
    };
    assert_eq!(
        tor(b"\x05\xf0\x00\x03\x01a\x00\x00").0,
        Ok(Command::Resolve)
    );
    assert_eq!(
        tor(b"\x05\xf1\x00\x01\xc0\x00\x02\x01\x00\x00").0,
        Ok(Command::ResolvePtr)
    );
    let (name, output) = tor(b"\x05\xf1\x00\x03\x01a\x00\x00");
    assert_eq!(name, Err(HandshakeError::NotAnAddress));
    assert_eq!(output, failure(8));
    let (withdrawn, output) = tor(b"\x05\xf2\x00\x01\xc0\x00\x02\x01\x00\x00");
    assert_eq!(
        withdrawn,
        Err(HandshakeError::Malformed(DecodeError::UnknownCommand(0xf2)))
    );
    assert_eq!(output, failure(7));
}

/// R5-14, S4-24: a version that is switched off is refused in its own words.
#[test]
fn disabled_versions() {
    let (result, output) = opening(Handshake::new().socks5(false), b"\x05\x01\x00");
    assert_eq!(result.unwrap_err(), HandshakeError::VersionDisabled);
    assert_eq!(output, [5, 0xff]);
    let only5 = Handshake::new().socks4(false);
    let (result, output) = opening(only5, b"\x04\x01\x00\x50\xc0\x00\x02\x01\x00");
    assert_eq!(result.unwrap_err(), HandshakeError::VersionDisabled);
    assert_eq!(output, [0, 0x5b, 0, 0, 0, 0, 0, 0]);
}

/// R5-3, R5-4, R5-6, S4-9: a session cut at every octet goes through the same states.
#[test]
fn every_split_gives_the_same_session() {
    let session =
        b"\x05\x02\x00\x02\x01\x04user\x04pass\x05\x01\x00\x03\x0bexample.com\x01\xbbpayload";
    for split in 0..session.len() {
        let mut client = Driver::default();
        client.feed(&session[..split]);
        client.feed(&session[split..]);
        assert_eq!(
            client.destination.as_deref(),
            Some("example.com:443"),
            "split at {split}"
        );
        assert_eq!(client.input, b"payload");
        assert_eq!(client.output, [5, 2, 1, 0]);
    }
    let mut client = Driver::default();
    session.iter().for_each(|octet| client.feed(&[*octet]));
    assert_eq!(client.input, b"payload");
}

#[derive(Default)]
struct Driver {
    state: State,
    input: Vec<u8>,
    output: Vec<u8>,
    destination: Option<alloc::string::String>,
}

#[derive(Default)]
enum State {
    #[default]
    Start,
    Negotiating(Negotiating),
    Awaiting(AwaitingRequest),
    Done,
}

impl Driver {
    fn feed(&mut self, octets: &[u8]) {
        self.input.extend(octets);
        let buffer = core::mem::take(&mut self.input);
        let mut input = &buffer[..];
        loop {
            let (state, again) = match core::mem::take(&mut self.state) {
                State::Start => match Handshake::new()
                    .receive(&mut input, &mut self.output)
                    .unwrap()
                {
                    Progress::NeedInput(_) => (State::Start, false),
                    Progress::Next(Opening::Socks5(offered)) => {
                        let login = Box::new(UsernamePassword::new());
                        (
                            State::Negotiating(offered.select(login, &mut self.output).unwrap()),
                            true,
                        )
                    }
                    Progress::Next(other) => panic!("{other:?}"),
                },
                State::Negotiating(state) => {
                    match state.step(&mut input, &mut self.output).unwrap() {
                        Negotiation::NeedInput(state) => (State::Negotiating(state), false),
                        Negotiation::Verify(verifying, _) => {
                            let accepted = Authentication::Accepted(Identity::user(
                                "user",
                                Method::USERNAME_PASSWORD,
                            ));
                            let state = verifying.decided(&accepted, &mut self.output).unwrap();
                            (State::Negotiating(state), true)
                        }
                        Negotiation::Blocking(blocking) => {
                            (State::Negotiating(blocking.block()), true)
                        }
                        Negotiation::Done(state, _) => (State::Awaiting(state), true),
                    }
                }
                State::Awaiting(state) => {
                    match state.receive(&mut input, &mut self.output).unwrap() {
                        Progress::NeedInput(state) => (State::Awaiting(state), false),
                        Progress::Next(requested) => {
                            self.destination = Some(requested.destination().to_string());
                            (State::Done, false)
                        }
                    }
                }
                State::Done => (State::Done, false),
            };
            self.state = state;
            if !again {
                break;
            }
        }
        self.input = input.to_vec();
    }
}
