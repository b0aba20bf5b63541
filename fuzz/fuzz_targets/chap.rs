//! CHAP, either side's machine over arbitrary octets from the other: it never panics, lets nobody
//! in whom nobody judged, proves nothing but what it was asked, and comes to the same end however
//! the octets are cut.
//!
//! Run it on a stable toolchain by
//! `RUSTC_BOOTSTRAP=1 cargo fuzz run chap -- -max_total_time=60`.
#![no_main]

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use socks_core::{
    Method, Secret,
    chap::{Challenge, MutualResponse, Prover},
    client::{self, Subnegotiation as _},
    message::{Authentication, Credentials, Identity},
    subnegotiation::{self, Subnegotiation as _},
};

#[derive(Arbitrary, Debug)]
struct Input {
    octets: Vec<u8>,
    cuts: Vec<u8>,
    challenge: Vec<u8>,
    server: bool,
    md5: bool,
    separate: bool,
    mutual: bool,
    required: bool,
    accept: bool,
}

/// A response is the challenge backwards.
#[derive(Clone)]
struct Mirror(Vec<u8>);

fn mirrored(octets: &[u8]) -> Vec<u8> {
    octets.iter().rev().copied().collect()
}

impl Prover for Mirror {
    fn respond(&self, challenge: &Challenge) -> Option<Secret> {
        assert_eq!(
            challenge.identifier.is_some(),
            challenge.algorithm.has_identifier()
        );
        Some(Secret::new(&mirrored(challenge.octets.expose())))
    }

    fn verify(&self, challenge: &Challenge, response: &[u8]) -> bool {
        mirrored(challenge.octets.expose()) == response
    }

    fn random_challenge(&self) -> Option<Secret> {
        Some(Secret::new(&self.0))
    }
}

/// What was left, what was said, and how it ended: `None` while it waits.
type Outcome = (Vec<u8>, Vec<u8>, Option<Result<(), String>>);

fn client(input: &Input, segments: &[&[u8]]) -> Outcome {
    let chap = client::Chap::new("user", Mirror(input.challenge.clone())).expect("1 to 255 octets");
    let mut chap = match (input.mutual, input.required) {
        (false, _) => chap,
        (true, false) => chap.mutual_if_supported(),
        (true, true) => chap.mutual(),
    }
    .md5(input.md5)
    .on_text_message(|text| assert!(text.to_string().is_ascii() || text.0.len() > 256));
    let (mut buffer, mut output, mut end) = (Vec::new(), Vec::new(), None);
    // The first call comes before anything was heard.
    for segment in [&[&b""[..]], segments].concat() {
        buffer.extend_from_slice(segment);
        if end.is_some() {
            continue;
        }
        let mut rest = buffer.as_slice();
        end = match chap.step(&mut rest, &mut output) {
            Ok(client::Step::NeedInput) => None,
            Ok(client::Step::Blocking) => panic!("a digest blocks nobody"),
            Ok(client::Step::Done(protection)) => {
                assert!(protection.is_none());
                Some(Ok(()))
            }
            Err(error) => Some(Err(error.to_string())),
        };
        buffer = rest.to_vec();
    }
    (buffer, output, end)
}

fn server(input: &Input, segments: &[&[u8]]) -> Outcome {
    let challenge = Secret::new(&input.challenge);
    let chap = subnegotiation::Chap::new(Some(challenge), 0x2a);
    let mut chap = chap.md5(input.md5).separate(input.separate);
    let (mut buffer, mut output, mut end) = (Vec::new(), Vec::new(), None);
    let mut accepted = false;
    for segment in [&[&b""[..]], segments].concat() {
        buffer.extend_from_slice(segment);
        while end.is_none() {
            let mut rest = buffer.as_slice();
            let step = chap.step(&mut rest, &mut output);
            buffer = rest.to_vec();
            match step {
                Ok(subnegotiation::Step::NeedInput) => break,
                Ok(subnegotiation::Step::Blocking) => panic!("CHAP does not block"),
                Ok(subnegotiation::Step::Verify(credentials)) => {
                    assert!(!accepted, "judged once");
                    let authentication = judge(input, credentials);
                    accepted = authentication.is_accepted();
                    chap.decided(&authentication, &mut output);
                    if !accepted {
                        end = Some(Err("rejected".into()));
                    }
                }
                Ok(subnegotiation::Step::Done(protection)) => {
                    assert!(accepted && protection.is_none());
                    end = Some(Ok(()));
                }
                Err(error) => end = Some(Err(error.to_string())),
            }
        }
    }
    // Who was not judged or not accepted has not been told so, and whoever is refused hears it.
    const REFUSED: &[u8] = &[1, 1, 0, 1, 1];
    match &end {
        None => assert!(!output.ends_with(REFUSED)),
        Some(Ok(())) => assert!(accepted),
        Some(Err(_)) => assert!(accepted || output.ends_with(REFUSED), "CH-8, CH-11, CH-14"),
    }
    assert!(accepted || !output.ends_with(&[1, 1, 0, 1, 0]), "CH-14");
    (buffer, output, end)
}

fn judge(input: &Input, credentials: Credentials) -> Authentication {
    let Credentials::Chap {
        challenge, mutual, ..
    } = credentials
    else {
        panic!("CHAP has its own credentials");
    };
    assert!(
        (16..=255).contains(&input.challenge.len()),
        "a challenge that may be sent"
    );
    assert_eq!(challenge.octets.expose(), input.challenge);
    if !input.accept {
        return Authentication::rejected();
    }
    let mut identity = Identity::user("user", Method::CHAP);
    if let Some(mutual) = mutual.filter(|_| input.mutual) {
        let response = Secret::new(&mirrored(mutual.octets.expose()));
        if let Ok(response) = MutualResponse::new(response) {
            identity.extensions.insert(response);
        }
    }
    Authentication::Accepted(identity)
}

fuzz_target!(|input: Input| {
    let run = if input.server { server } else { client };
    let whole = run(&input, &[&input.octets]);
    let mut segments = Vec::new();
    let mut octets = input.octets.as_slice();
    for size in &input.cuts {
        let (head, tail) = octets.split_at(usize::from(*size).min(octets.len()));
        segments.push(head);
        octets = tail;
    }
    segments.push(octets);
    assert_eq!(run(&input, &segments), whole);
});
