//! The server's sub-negotiation against octets that a client may send.

use socks_core::{
    DecodeError, Method, Secret, UserName,
    chap::{Algorithm, Attribute as A, MutualResponse, Prover, VERSION},
    message::{Authentication, Credentials, Identity},
    subnegotiation::{Chap, Step, Subnegotiation, SubnegotiationError},
};

use super::{JEFE, challenge, key, message, vector};

fn jefe() -> Chap {
    Chap::new(Some(Secret::new(JEFE)), 0x2a)
}

/// What the server says about octets that come in `segments`, and what it makes of them.
struct Session {
    chap: Chap,
    input: Vec<u8>,
    output: Vec<u8>,
    verify: Option<Credentials>,
    end: Option<Result<(), SubnegotiationError>>,
}

impl Session {
    fn new(chap: Chap) -> Self {
        Self {
            chap,
            input: Vec::new(),
            output: Vec::new(),
            verify: None,
            end: None,
        }
    }

    fn hear(&mut self, octets: &[u8]) {
        self.input.extend(octets);
        if self.verify.is_some() || self.end.is_some() {
            return;
        }
        let input = std::mem::take(&mut self.input);
        let mut rest = input.as_slice();
        match self.chap.step(&mut rest, &mut self.output) {
            Ok(Step::Blocking) => panic!("CHAP does not block"),
            Ok(Step::NeedInput) => {}
            Ok(Step::Verify(credentials)) => self.verify = Some(credentials),
            Ok(Step::Done(protection)) => {
                assert!(protection.is_none());
                self.end = Some(Ok(()));
            }
            Err(error) => self.end = Some(Err(error)),
        }
        self.input = rest.to_vec();
    }

    fn decide(&mut self, authentication: &Authentication) {
        assert!(self.verify.take().is_some());
        self.chap.decided(authentication, &mut self.output);
        if authentication.is_accepted() {
            self.hear(b"");
        }
    }

    fn said(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.output)
    }
}

fn accepted() -> Authentication {
    Authentication::Accepted(Identity::user("user", Method::CHAP))
}

fn proved(secret: &str, asked: &[u8]) -> Authentication {
    let mut identity = Identity::user("user", Method::CHAP);
    let response = key(secret).respond(&challenge(asked)).unwrap();
    let response = MutualResponse::new(response).unwrap();
    identity.extensions.insert(response);
    Authentication::Accepted(identity)
}

fn asked(session: &Session) -> (UserName, Vec<u8>, Vec<u8>, Option<Vec<u8>>) {
    match session.verify.clone().unwrap() {
        Credentials::Chap {
            username,
            challenge,
            response,
            mutual,
        } => (
            username,
            challenge.octets.expose().to_vec(),
            response.expose().to_vec(),
            mutual.map(|mutual| mutual.octets.expose().to_vec()),
        ),
        other => panic!("{other:?}"),
    }
}

/// CH-6, CH-10, CH-12, CH-13, CH-14: the vectors' exchange, cut anywhere, in both orders of the
/// response; what follows is left for the request.
#[test]
fn an_exchange_at_every_split() {
    for id in ["chap-response", "chap-response-reordered"] {
        let (first, second) = (vector("chap-algorithms"), vector(id));
        let all = [&first[..], &second, b"\x05\x01"].concat();
        for cut in 0..=all.len() {
            let mut session = Session::new(jefe());
            session.hear(&all[..cut]);
            session.hear(&all[cut..]);
            assert_eq!(session.said(), vector("chap-algo-and-challenge"), "{cut}");
            let (username, octets, response, mutual) = asked(&session);
            assert_eq!(&username, "user");
            assert_eq!(octets, JEFE);
            assert!(key("Jefe").verify(&challenge(JEFE), &response));
            assert_eq!(mutual, None);
            session.decide(&accepted());
            assert_eq!(session.said(), vector("chap-status-ok"));
            assert_eq!(session.end, Some(Ok(())));
            assert_eq!(session.input, b"\x05\x01");
        }
    }
}

/// CH-10, CH-12: the draft's form, in two messages, if it is wanted.
#[test]
fn separate_messages() {
    let mut session = Session::new(jefe().separate(true));
    session.hear(&vector("chap-algorithms"));
    let two = [vector("chap-algorithm-chosen"), vector("chap-challenge")];
    assert_eq!(session.said(), two.concat());
    session.hear(&vector("chap-response"));
    assert!(session.verify.is_some());
}

/// CH-9, CH-16: MD5 is chosen only where it is allowed and there is nothing better.
#[test]
fn the_strongest_algorithm_is_chosen() {
    for (md5, offer, chosen) in [
        (false, &[0x85][..], Some(0x85)),
        (true, &[0x85, 0x05], Some(0x85)),
        (true, &[0x05, 0x85], Some(0x85)),
        (false, &[0x05, 0x06, 0x85], Some(0x85)),
        (true, &[0x06, 0x05], Some(0x05)),
        (false, &[0x05], None),
        (true, &[0x06, 0x15], None),
        (true, &[], None),
    ] {
        let mut session = Session::new(jefe().md5(md5));
        session.hear(&message(&[(A::ALGORITHMS, offer)]));
        match chosen {
            Some(octet) => {
                assert_eq!(session.end, None);
                assert_eq!(session.said()[2..5], [A::ALGORITHMS.0, 1, octet]);
            }
            None => {
                assert_eq!(session.said(), vector("chap-status-fail"));
                assert_eq!(session.end, Some(Err(SubnegotiationError::Unacceptable)));
            }
        }
    }
}

/// CH-11, CH-16: a client that has MD5 alone is told no.
#[test]
fn no_common_algorithm() {
    let mut session = Session::new(jefe());
    session.hear(&vector("chap-algo-none-common"));
    assert_eq!(session.said(), vector("chap-status-fail"));
    assert_eq!(session.end, Some(Err(SubnegotiationError::Unacceptable)));
}

/// CH-16: with MD5 each message behind the choice carries the identifier, the client's too.
#[test]
fn md5_has_an_identifier() {
    let chap = || Chap::new(Some(Secret::new(JEFE)), 0x2a).md5(true);
    let response = [(A::USER_IDENTITY, &b"user"[..]), (A::RESPONSE, b"digest")];
    for identifier in [None, Some([0x2b]), Some([0x2a])] {
        let mut session = Session::new(chap());
        session.hear(&vector("chap-algo-none-common"));
        let expected = message(&[
            (A::ALGORITHMS, &[0x05]),
            (A::IDENTIFIER, &[0x2a]),
            (A::CHALLENGE, JEFE),
        ]);
        assert_eq!(session.said(), expected);
        let mut assertions = response.to_vec();
        assertions.extend(identifier.iter().map(|octet| (A::IDENTIFIER, &octet[..])));
        session.hear(&message(&assertions));
        if identifier != Some([0x2a]) {
            assert_eq!(session.said(), vector("chap-status-fail"));
            continue;
        }
        let Some(Credentials::Chap { challenge, .. }) = &session.verify else {
            panic!("a whole response is there");
        };
        assert_eq!(challenge.algorithm, Algorithm::MD5);
        assert_eq!(challenge.identifier, Some(0x2a));
        session.decide(&accepted());
        let ok = message(&[(A::STATUS, &[0]), (A::IDENTIFIER, &[0x2a])]);
        assert_eq!(session.said(), ok);
    }
}

/// CH-14, CH-23: every rejection is the same octets.
#[test]
fn a_rejection_is_a_status() {
    let mut session = Session::new(jefe());
    session.hear(&vector("chap-algorithms"));
    session.hear(&vector("chap-response"));
    session.said();
    session.decide(&Authentication::rejected());
    assert_eq!(session.said(), vector("chap-status-fail"));
    session.hear(b"");
    assert_eq!(session.end, Some(Err(SubnegotiationError::Unacceptable)));
}

/// CH-17, CH-18, CH-19: who asks gets the server's proof and has the last word; an answer that
/// nobody asked for is not sent.
#[test]
fn mutual_authentication() {
    let own: Vec<u8> = (0..16).collect();
    for (last, end) in [
        (vector("chap-status-client-ok"), Some(Ok(()))),
        (
            vector("chap-status-fail"),
            Some(Err(SubnegotiationError::Unacceptable)),
        ),
        (
            vector("chap-navas-zero"),
            Some(Err(SubnegotiationError::Unacceptable)),
        ),
    ] {
        let mut session = Session::new(jefe());
        session.hear(&vector("chap-algorithms"));
        session.hear(&vector("chap-response-mutual"));
        assert_eq!(asked(&session).3, Some(own.clone()));
        session.said();
        session.decide(&proved("secret", &own));
        assert_eq!(session.said(), vector("chap-status-mutual"));
        assert_eq!(session.end, None);
        session.hear(&[&last[..], b"\x05"].concat());
        assert_eq!(session.end, end);
        assert_eq!(session.input, b"\x05");
    }
    let mut session = Session::new(jefe());
    session.hear(&vector("chap-algorithms"));
    session.hear(&vector("chap-response"));
    session.said();
    session.decide(&proved("secret", &own));
    assert_eq!(session.said(), vector("chap-status-ok"));
}

/// CH-18: a server without a proof of its own leaves the challenge unanswered, and the request is
/// next.
#[test]
fn mutual_is_not_answered() {
    let mut session = Session::new(jefe());
    session.hear(&vector("chap-algorithms"));
    session.hear(&vector("chap-response-mutual"));
    session.said();
    session.decide(&accepted());
    assert_eq!(session.said(), vector("chap-status-ok"));
    assert_eq!(session.end, Some(Ok(())));
}

/// CH-7, CH-20, CH-21: what is not understood, text and charset change nothing.
#[test]
fn other_attributes_are_skipped() {
    let mut session = Session::new(jefe());
    session.hear(&vector("chap-unknown-attribute"));
    assert_eq!(session.said(), vector("chap-algo-and-challenge"));
    session.hear(&message(&[
        (A::TEXT_MESSAGE, b"hello"),
        (A::CHARSET, b"UTF-16"),
        (A::USER_IDENTITY, b"us\xe9r"),
        (A(0x77), b""),
        (A::RESPONSE, b"digest"),
    ]));
    assert_eq!(asked(&session).0.as_bytes(), b"us\xe9r");
}

/// CH-3, CH-4, CH-8: what lacks something, contradicts itself, is too long or another protocol
/// fails, with the method's own answer, in either phase.
#[test]
fn bad_messages_fail() {
    let wrong = SubnegotiationError::Unacceptable;
    let too_long = [
        [VERSION, 17].to_vec(),
        [[0x20, 255].to_vec(), vec![0; 255]].concat().repeat(17),
    ];
    let twice = message(&[
        (A::USER_IDENTITY, b"a"),
        (A::USER_IDENTITY, b"b"),
        (A::RESPONSE, b"x"),
    ]);
    let contradiction = message(&[(A::ALGORITHMS, &[0x85]), (A::ALGORITHMS, &[0x05])]);
    for (first, second, error) in [
        (vector("chap-navas-zero"), None, wrong),
        (vector("chap-status-ok"), None, wrong),
        (contradiction, None, wrong),
        (
            b"\x05\x01\x00".to_vec(),
            None,
            SubnegotiationError::Malformed(DecodeError::BadVersion(5)),
        ),
        (
            too_long.concat(),
            None,
            SubnegotiationError::Malformed(DecodeError::TooLong),
        ),
        (
            vector("chap-algorithms"),
            Some(vector("chap-navas-zero")),
            wrong,
        ),
        (
            vector("chap-algorithms"),
            Some(message(&[(A::USER_IDENTITY, b"a")])),
            wrong,
        ),
        (
            vector("chap-algorithms"),
            Some(message(&[(A::RESPONSE, b"a")])),
            wrong,
        ),
        (vector("chap-algorithms"), Some(twice), wrong),
        (
            vector("chap-algorithms"),
            Some(vector("chap-status-fail")),
            wrong,
        ),
    ] {
        let mut session = Session::new(jefe());
        session.hear(&first);
        if let Some(second) = &second {
            session.said();
            session.hear(second);
        }
        assert_eq!(session.end, Some(Err(error)), "{first:02x?} {second:02x?}");
        assert_eq!(session.said(), vector("chap-status-fail"));
    }
}

/// CH-8: an attribute that says the same twice is no contradiction.
#[test]
fn harmless_repetition() {
    let mut session = Session::new(jefe());
    session.hear(&message(&[
        (A::ALGORITHMS, &[0x85]),
        (A::ALGORITHMS, &[0x85]),
    ]));
    assert_eq!(session.said(), vector("chap-algo-and-challenge"));
}

/// CH-22: with no randomness, or too little of it, nobody gets in.
#[test]
fn no_challenge_no_entry() {
    for challenge in [
        None,
        Some(Secret::new(&[7; 15])),
        Some(Secret::new(&[7; 256])),
    ] {
        let mut session = Session::new(Chap::new(challenge, 0));
        session.hear(&vector("chap-algorithms"));
        assert_eq!(session.said(), vector("chap-status-fail"));
        assert_eq!(session.end, Some(Err(SubnegotiationError::Unacceptable)));
    }
}

/// CH-22: each session has a challenge of its own.
#[test]
fn sessions_are_asked_apart() {
    let ask = || {
        let mut session = Session::new(crate::chap::subnegotiation());
        session.hear(&vector("chap-algorithms"));
        let said = session.said();
        assert_eq!(said.len(), 2 + 3 + 2 + 32);
        said
    };
    assert_ne!(ask(), ask());
}
