//! The client's sub-negotiation against octets that a server may send.

use std::sync::{Arc, Mutex};

use socks_core::{
    Secret,
    chap::{Attribute as A, Challenge, Prover},
    client::{Chap, ClientError, Step, Subnegotiation},
};

use super::{JEFE, key, message, vector};
use crate::chap::ChapKey;

/// The vectors have one secret for the client's proof and another one for the server's.
#[derive(Clone)]
struct Vectors(Option<Vec<u8>>);

impl Vectors {
    fn new() -> Self {
        Self(Some((0..16).collect()))
    }
}

impl Prover for Vectors {
    fn respond(&self, challenge: &Challenge) -> Option<Secret> {
        key("Jefe").respond(challenge)
    }

    fn verify(&self, challenge: &Challenge, response: &[u8]) -> bool {
        key("secret").verify(challenge, response)
    }

    fn random_challenge(&self) -> Option<Secret> {
        self.0.as_deref().map(Secret::new)
    }
}

fn client() -> Chap<Vectors> {
    Chap::new("user", Vectors::new()).unwrap()
}

type End = Option<Result<(), ClientError>>;

/// Lets the server say `turns`, each after the client has spoken, and returns what the client said
/// at each.
fn run<P: Prover>(mut client: Chap<P>, turns: &[&[u8]]) -> (Vec<Vec<u8>>, End) {
    let mut said = Vec::new();
    for turn in [&[&b""[..]], turns].concat() {
        let (mut rest, mut output) = (turn, Vec::new());
        let step = client.step(&mut rest, &mut output);
        said.push(output);
        match step {
            Ok(Step::Blocking) => panic!("CHAP does not block"),
            Ok(Step::NeedInput) => assert_eq!(rest, b""),
            Ok(Step::Done(protection)) => {
                assert!(protection.is_none());
                return (said, Some(Ok(())));
            }
            Err(error) => return (said, Some(Err(error))),
        }
    }
    (said, None)
}

/// CH-2, CH-9, CH-12, CH-13, CH-14: the vectors' exchange in both forms of the challenge.
#[test]
fn exchanges() {
    let (chosen, apart) = (vector("chap-algorithm-chosen"), vector("chap-challenge"));
    let (together, ok) = (vector("chap-algo-and-challenge"), vector("chap-status-ok"));
    let at_once = [&chosen[..], &apart].concat();
    let (opening, response) = (vector("chap-algorithms"), vector("chap-response"));
    let nothing = Vec::new();
    for (turns, said) in [
        (
            vec![&together[..], &ok],
            vec![&opening, &response, &nothing],
        ),
        (vec![&at_once[..], &ok], vec![&opening, &response, &nothing]),
        (
            vec![&chosen[..], &apart, &ok],
            vec![&opening, &nothing, &response, &nothing],
        ),
    ] {
        let (heard, end) = run(client(), &turns);
        assert_eq!(heard.iter().collect::<Vec<_>>(), said);
        assert_eq!(end, Some(Ok(())));
    }
}

/// CH-12, CH-13: octet by octet, in both forms; what follows the status is left alone.
#[test]
fn every_split() {
    for challenge in [
        vector("chap-algo-and-challenge"),
        [vector("chap-algorithm-chosen"), vector("chap-challenge")].concat(),
    ] {
        for cut in 0..=challenge.len() {
            let mut client = client();
            let mut output = Vec::new();
            let mut input = Vec::new();
            for segment in [
                &challenge[..cut],
                &challenge[cut..],
                &vector("chap-status-ok"),
                b"\x05",
            ] {
                input.extend_from_slice(segment);
                let mut rest = input.as_slice();
                let step = client.step(&mut rest, &mut output).unwrap();
                input = rest.to_vec();
                assert_eq!(
                    matches!(step, Step::Done(_)),
                    segment.ends_with(b"\x05") || segment == vector("chap-status-ok")
                );
            }
            assert_eq!(
                output,
                [vector("chap-algorithms"), vector("chap-response")].concat()
            );
            assert_eq!(input, b"\x05");
        }
    }
}

/// CH-9, CH-16: MD5 is offered and obeyed only where it is allowed, and with its identifier.
#[test]
fn md5() {
    let asked: Vec<u8> = (0..16).collect();
    let chosen = message(&[
        (A::ALGORITHMS, &[0x05]),
        (A::IDENTIFIER, &[42]),
        (A::CHALLENGE, &asked),
    ]);
    let ok = message(&[(A::STATUS, &[0]), (A::IDENTIFIER, &[42])]);
    let user = |key: ChapKey| Chap::new("user", key).unwrap();
    let (said, end) = run(user(key("secret")).md5(true), &[&chosen, &ok]);
    assert_eq!(said[0], vector("chap-algorithms-two"));
    let digest = super::unhex("03dc98c5a832692b49df73cf48fcb4e9");
    let response = message(&[
        (A::USER_IDENTITY, b"user"),
        (A::RESPONSE, &digest),
        (A::IDENTIFIER, &[42]),
    ]);
    assert_eq!(said[1], response);
    assert_eq!(end, Some(Ok(())));

    let (said, end) = run(user(key("secret")), &[&chosen]);
    assert_eq!(said[1], b"");
    assert_eq!(end, Some(Err(ClientError::BadSubnegotiation)));

    // In a message of its own, as the vector has it.
    let only = message(&[(A::ALGORITHMS, &[0x05])]);
    let (said, _) = run(
        user(key("secret")).md5(true),
        &[&only, &vector("chap-md5-identifier")],
    );
    assert_eq!(said[2], response);
    for identifier in [&[][..], &[1, 2]] {
        let chosen = message(&[
            (A::ALGORITHMS, &[0x05]),
            (A::IDENTIFIER, identifier),
            (A::CHALLENGE, &asked),
        ]);
        let (_, end) = run(user(key("secret")).md5(true), &[&chosen]);
        assert_eq!(end, Some(Err(ClientError::BadSubnegotiation)));
    }
}

/// CH-17, CH-19: the server proves that it knows the secret, and the client says so before its
/// request.
#[test]
fn a_server_that_proves_itself() {
    let turns = [
        vector("chap-algo-and-challenge"),
        vector("chap-status-mutual"),
    ];
    let (said, end) = run(client().mutual(), &[&turns[0], &turns[1]]);
    assert_eq!(said[1], vector("chap-response-mutual"));
    assert_eq!(said[2], vector("chap-status-client-ok"));
    assert_eq!(end, Some(Ok(())));
}

/// CH-19: a wrong proof ends it, a missing one if the client insists.
#[test]
fn a_server_that_does_not_prove_itself() {
    let asked = vector("chap-algo-and-challenge");
    let missing = vector("chap-status-ok");
    let wrong = message(&[(A::STATUS, &[0]), (A::RESPONSE, &[7; 16])]);
    let no = Some(Err(ClientError::ServerNotAuthenticated));
    for (client, status, last, end) in [
        (client().mutual(), &wrong, vector("chap-status-fail"), no),
        (client().mutual(), &missing, vector("chap-status-fail"), no),
        (
            client().mutual_if_supported(),
            &wrong,
            vector("chap-status-fail"),
            no,
        ),
        (
            client().mutual_if_supported(),
            &missing,
            Vec::new(),
            Some(Ok(())),
        ),
        // Nobody asked for it.
        (client(), &wrong, Vec::new(), Some(Ok(()))),
    ] {
        let (said, ended) = run(client, &[&asked, status]);
        assert_eq!((said[2].clone(), ended), (last, end));
    }
}

/// CH-22: a client without randomness does not ask a challenge that the server may know, nor its
/// own one back.
#[test]
fn a_client_without_randomness() {
    for octets in [None, Some(vec![7; 15]), Some(JEFE.to_vec())] {
        let client = Chap::new("user", Vectors(octets)).unwrap().mutual();
        let (said, end) = run(client, &[&vector("chap-algo-and-challenge")]);
        assert_eq!(said[1], b"");
        assert_eq!(end, Some(Err(ClientError::ServerNotAuthenticated)));
    }
}

/// CH-14, CH-15: any status but zeros is failure, in any phase, and so is an empty one.
#[test]
fn failures() {
    let asked = vector("chap-algo-and-challenge");
    let failed = Some(Err(ClientError::AuthenticationFailed));
    for id in [
        "chap-status-fail",
        "chap-status-fail-ff",
        "chap-status-empty",
        "chap-status-text",
    ] {
        assert_eq!(run(client(), &[&asked, &vector(id)]).1, failed, "{id}");
        assert_eq!(run(client(), &[&vector(id)]).1, failed, "{id}");
        let chosen = vector("chap-algorithm-chosen");
        assert_eq!(run(client(), &[&chosen, &vector(id)]).1, failed, "{id}");
    }
    let zeros = message(&[(A::STATUS, &[0, 0])]);
    assert_eq!(run(client(), &[&asked, &zeros]).1, Some(Ok(())));
}

/// CH-8, CH-10: what lacks something, contradicts itself or chooses what was not offered ends it,
/// and nothing is proved.
#[test]
fn bad_messages() {
    let bad = Some(Err(ClientError::BadSubnegotiation));
    for first in [
        vector("chap-navas-zero"),
        vector("chap-status-ok"),
        vector("chap-challenge"),
        message(&[(A::ALGORITHMS, &[0x85, 0x05]), (A::CHALLENGE, JEFE)]),
        message(&[(A::ALGORITHMS, &[]), (A::CHALLENGE, JEFE)]),
        message(&[(A::ALGORITHMS, &[0x06]), (A::CHALLENGE, JEFE)]),
        message(&[(A::ALGORITHMS, &[0x85]), (A::CHALLENGE, b"")]),
        message(&[
            (A::ALGORITHMS, &[0x85]),
            (A::CHALLENGE, b"a"),
            (A::CHALLENGE, b"b"),
        ]),
    ] {
        let (said, end) = run(client(), &[&first]);
        assert_eq!((said[1].as_slice(), end), (&b""[..], bad), "{first:02x?}");
    }
    let asked = vector("chap-algo-and-challenge");
    let both = message(&[(A::STATUS, &[0]), (A::STATUS, &[1])]);
    for last in [vector("chap-navas-zero"), asked.clone(), both] {
        assert_eq!(run(client(), &[&asked, &last]).1, bad);
    }
    let (_, end) = run(client(), &[b"\x05\x00\x00\x01"]);
    assert!(matches!(end, Some(Err(ClientError::Malformed(_)))));
}

/// CH-7, CH-20, CH-21: text reaches the user escaped; a charset and what is not understood change
/// nothing.
#[test]
fn text_messages() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let shown = Arc::clone(&seen);
    let client = || {
        let shown = Arc::clone(&shown);
        client().on_text_message(move |text| shown.lock().unwrap().push(text.to_string()))
    };
    let failed = vector("chap-status-text");
    let (_, end) = run(client(), &[&vector("chap-algo-and-challenge"), &failed]);
    assert_eq!(end, Some(Err(ClientError::AuthenticationFailed)));
    let chosen = message(&[
        (A::ALGORITHMS, &[0x85]),
        (A::TEXT_MESSAGE, b"\x1b[2J\r\n"),
        (A(0x33), b"x"),
    ]);
    let (said, _) = run(client(), &[&chosen, &vector("chap-charset")]);
    assert_eq!(said[2], vector("chap-response"));
    assert_eq!(*seen.lock().unwrap(), ["password expired", r"\x1b[2J\r\n"]);
}

/// CH-4: a challenge may have 255 octets.
#[test]
fn the_longest_challenge() {
    let (said, _) = run(
        client(),
        &[&vector("chap-algorithm-chosen"), &vector("chap-value-255")],
    );
    let digest = key("Jefe")
        .respond(&super::challenge(&[b'c'; 255]))
        .unwrap();
    let response = message(&[(A::USER_IDENTITY, b"user"), (A::RESPONSE, digest.expose())]);
    assert_eq!(said[2], response);
}

/// SE-34: neither secret nor challenge in debug output.
#[test]
fn debug_shows_no_secret() {
    let mut client = crate::chap::client("alice", "hunter2").unwrap().mutual();
    client.step(&mut &b""[..], &mut Vec::new()).unwrap();
    let mut asked = &vector("chap-algo-and-challenge")[..];
    client.step(&mut asked, &mut Vec::new()).unwrap();
    let shown = format!("{client:?}");
    assert!(shown.contains("alice"), "{shown}");
    assert!(!shown.contains("hunter2"), "{shown}");
}
