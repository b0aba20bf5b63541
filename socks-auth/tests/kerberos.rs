//! The library itself, by a realm: `KRB5_CONFIG`, `KRB5CCNAME` and `KRB5RCACHEDIR` say which, with a
//! ticket in it, and `SOCKS_TEST_KEYTAB` where the keys of `rcmd/localhost` are. The interop suite
//! has such a realm and runs this.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use socks_auth::gssapi::{Acceptor, Initiator, Keytab};
use socks_core::{
    Method,
    client::{self, Subnegotiation as _},
    gssapi::Levels,
    message::{Authentication, Credentials, Identity},
    subnegotiation::{Protection, Step, Subnegotiation as _},
};

fn acceptor() -> Acceptor {
    let keytab = std::env::var_os("SOCKS_TEST_KEYTAB").expect("a keytab");
    Keytab::new(keytab).service("rcmd").open().unwrap()
}

fn initiator() -> Initiator {
    Initiator::new("rcmd", "localhost")
}

/// What a client says first.
fn first_frame() -> Vec<u8> {
    let mut client = initiator().subnegotiation();
    let mut said = Vec::new();
    while let client::Step::Blocking = client.step(&mut &b""[..], &mut said).unwrap() {
        client.block();
    }
    said
}

/// Whom a server makes of what a client says first; what it answers, if nobody.
fn principal(acceptor: &Acceptor, mut frame: &[u8]) -> Result<String, Vec<u8>> {
    let mut server = acceptor.subnegotiation();
    let mut answer = Vec::new();
    loop {
        match server.step(&mut frame, &mut answer) {
            Ok(Step::Blocking) => server.block(),
            Ok(Step::Verify(Credentials::Gssapi { principal })) => return Ok(principal.to_string()),
            _ => return Err(answer),
        }
    }
}

type Protections = (Box<dyn Protection>, Box<dyn Protection>);

/// A whole exchange: the client's protection, and the server's.
fn protections(initiator: Initiator, levels: Levels) -> Protections {
    let mut client = initiator.subnegotiation().levels(levels);
    let mut server = acceptor().subnegotiation().levels(levels);
    let (mut to_server, mut to_client) = (Vec::new(), Vec::new());
    let (mut ours, mut theirs) = (None, None);
    while ours.is_none() || theirs.is_none() {
        let mut input = to_client.as_slice();
        if ours.is_none() {
            match client.step(&mut input, &mut to_server).unwrap() {
                client::Step::Blocking => client.block(),
                client::Step::Done(protection) => ours = protection,
                client::Step::NeedInput => {}
            }
        }
        to_client = input.to_vec();
        let mut input = to_server.as_slice();
        if theirs.is_none() {
            match server.step(&mut input, &mut to_client).unwrap() {
                Step::Blocking => server.block(),
                Step::Done(protection) => theirs = protection,
                Step::Verify(_) => {
                    let alice = Identity::user("alice", Method::GSSAPI);
                    server.decided(&Authentication::Accepted(alice), &mut to_client);
                }
                Step::NeedInput => {}
            }
        }
        to_server = input.to_vec();
    }
    (ours.unwrap(), theirs.unwrap())
}

/// GS-9, SE-32: nobody gets in by what somebody else has said before, nor by anything near it.
#[test]
#[ignore = "needs a realm"]
fn first_tokens() {
    let acceptor = acceptor();
    let frame = first_frame();
    assert!(principal(&acceptor, &frame).unwrap().starts_with("alice@"));
    assert_eq!(principal(&acceptor, &frame).unwrap_err(), b"\x01\xff");
    let other = self::acceptor();
    assert_eq!(principal(&other, &frame).unwrap_err(), b"\x01\xff");

    // Not all of a token is protected, but what is in it counts once.
    for position in 4..frame.len() {
        let mut damaged = frame.clone();
        damaged[position] ^= 1 << (position % 8);
        assert_eq!(principal(&acceptor, &damaged).unwrap_err(), b"\x01\xff");
    }
    for token in [
        &b""[..],
        b"\0",
        b"NTLMSSP\0\x01\0\0\0",
        b"\x60\x80",
        &[0xff; 300],
    ] {
        let len = u16::try_from(token.len()).unwrap().to_be_bytes();
        let frame = [&[1, 1], &len[..], token].concat();
        assert_eq!(principal(&acceptor, &frame).unwrap_err(), b"\x01\xff");
    }
}

/// GS-26: no datagram counts twice, however old it is, sequencing or not.
#[test]
#[ignore = "needs a realm"]
fn replayed_datagrams() {
    for levels in [Levels::INTEGRITY, Levels::CONFIDENTIALITY] {
        for initiator in [initiator(), initiator().datagrams(true)] {
            let (client, server) = protections(initiator, levels);
            let (client, server) = (client.datagrams().unwrap(), server.datagrams().unwrap());
            let sent: Vec<_> = (0..200_u8)
                .map(|number| {
                    let mut datagram = Vec::new();
                    client.wrap(&[number], &mut datagram).unwrap();
                    datagram
                })
                .collect();
            let takes = |datagram: &Vec<u8>| server.unwrap(datagram, &mut Vec::new()).is_ok();
            // Every third is kept back.
            let (late, in_time): (Vec<_>, Vec<_>) = (0..200).partition(|number| number % 3 == 1);
            assert!(in_time.iter().all(|number| takes(&sent[*number])));
            assert!(!in_time.iter().any(|number| takes(&sent[*number])));
            for number in late {
                takes(&sent[number]);
                assert!(!takes(&sent[number]), "{number}");
            }
            assert!(client.unwrap(&sent[199], &mut Vec::new()).is_err());
        }
    }
}

/// GS-21, GS-25: the sizes that the library promises are kept.
#[test]
#[ignore = "needs a realm"]
fn sizes() {
    for levels in [Levels::INTEGRITY, Levels::CONFIDENTIALITY] {
        let (mut client, mut server) = protections(initiator(), levels);
        let content = client.frame_content();
        for (octets, frames) in [(1, 1), (content - 1, 1), (content, 1), (content + 1, 2)] {
            let plain = vec![7; octets];
            let (mut wrapped, mut unwrapped) = (Vec::new(), Vec::new());
            client.wrap(&plain, &mut wrapped).unwrap();
            assert!(wrapped.len() <= frames * client.frame_limit());
            server
                .unwrap(&mut wrapped.as_slice(), &mut unwrapped)
                .unwrap();
            assert!(unwrapped == plain);
        }
        let datagrams = client.datagrams().unwrap();
        let mut datagram = Vec::new();
        let plain = vec![7; datagrams.capacity(65_507)];
        datagrams.wrap(&plain, &mut datagram).unwrap();
        assert!(datagram.len() <= 65_507);
    }
}
