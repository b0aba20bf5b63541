//! A whole server handshake over arbitrary octets: it never panics, never consumes what is not
//! there, and comes to the same end however the octets are cut.
//!
//! Run it on a stable toolchain by
//! `RUSTC_BOOTSTRAP=1 cargo fuzz run server_handshake -- -max_total_time=60`.
#![no_main]

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use socks_core::{
    Address, Method, Progress, ReplyCode,
    message::{Authentication, Identity},
    server::{
        AwaitingRequest, Handshake, HandshakeError, Negotiating, Negotiation, Opening, Requested,
    },
    subnegotiation::UsernamePassword,
};

#[derive(Arbitrary, Debug)]
struct Input {
    octets: Vec<u8>,
    cuts: Vec<u8>,
    tor: bool,
    accept: bool,
    grant: bool,
}

/// Where a handshake has got to.
enum State {
    Start(Handshake),
    Negotiating(Negotiating),
    Awaiting(AwaitingRequest),
    End(Option<HandshakeError>),
}

#[derive(Debug, PartialEq)]
struct Outcome {
    error: Option<HandshakeError>,
    done: bool,
    destination: Option<Address>,
    output: Vec<u8>,
    rest: Vec<u8>,
}

struct Session<'a> {
    input: &'a Input,
    state: State,
    buffer: Vec<u8>,
    output: Vec<u8>,
    destination: Option<Address>,
}

impl<'a> Session<'a> {
    fn new(input: &'a Input) -> Self {
        let state = State::Start(Handshake::new().tor_resolve(input.tor).http_hint(input.tor));
        Self {
            input,
            state,
            buffer: Vec::new(),
            output: Vec::new(),
            destination: None,
        }
    }

    fn feed(&mut self, octets: &[u8]) {
        self.buffer.extend(octets);
        let buffer = std::mem::take(&mut self.buffer);
        let mut rest = buffer.as_slice();
        while self.step(&mut rest) {}
        assert!(buffer.ends_with(rest), "consumed from the front");
        self.buffer = rest.to_vec();
    }

    /// One step; false when it needs more or is over.
    fn step(&mut self, rest: &mut &[u8]) -> bool {
        let output = &mut self.output;
        let state = std::mem::replace(&mut self.state, State::End(None));
        let (state, again) = match state {
            State::Start(handshake) => match handshake.receive(rest, output) {
                Ok(Progress::NeedInput(same)) => (State::Start(same), false),
                Ok(Progress::Next(Opening::Socks4(requested))) => (self.answer(requested), false),
                Ok(Progress::Next(Opening::Socks5(offered))) => {
                    match offered.select(Box::new(UsernamePassword::new()), output) {
                        Ok(negotiating) => (State::Negotiating(negotiating), true),
                        Err(offered) => match offered.no_authentication(output) {
                            Ok(awaiting) => (State::Awaiting(awaiting), true),
                            Err(offered) => {
                                assert!(!offered.greeting().offers(Method::NO_AUTHENTICATION));
                                offered.select_none(output);
                                (State::End(None), false)
                            }
                        },
                    }
                }
                Err(error) => (State::End(Some(error)), false),
            },
            State::Negotiating(negotiating) => match negotiating.step(rest, output) {
                Ok(Negotiation::NeedInput(same)) => (State::Negotiating(same), false),
                Ok(Negotiation::Verify(verifying, _)) => {
                    let answer = match self.input.accept {
                        true => Authentication::Accepted(Identity::anonymous()),
                        false => Authentication::rejected(),
                    };
                    match verifying.decided(&answer, output) {
                        Some(negotiating) => (State::Negotiating(negotiating), true),
                        None => (State::End(None), false),
                    }
                }
                Ok(Negotiation::Blocking(blocking)) => (State::Negotiating(blocking.block()), true),
                Ok(Negotiation::Done(awaiting, _)) => (State::Awaiting(awaiting), true),
                Err(error) => (State::End(Some(error)), false),
            },
            State::Awaiting(awaiting) => match awaiting.receive(rest, output) {
                Ok(Progress::NeedInput(same)) => (State::Awaiting(same), false),
                Ok(Progress::Next(requested)) => (self.answer(requested), false),
                Err(error) => (State::End(Some(error)), false),
            },
            end @ State::End(_) => (end, false),
        };
        self.state = state;
        again
    }

    fn answer(&mut self, requested: Requested) -> State {
        let destination = requested.destination().clone();
        assert_eq!(
            destination.canonical().as_ref(),
            Ok(&destination),
            "phases see one form"
        );
        self.destination = Some(destination);
        let before = self.output.len();
        match self.input.grant {
            true => requested.succeed(Address::UNSPECIFIED, &mut self.output),
            false => requested.refuse(ReplyCode::NOT_ALLOWED, &mut self.output),
        }
        assert!(self.output.len() >= before + 8, "a whole reply");
        State::End(None)
    }

    fn outcome(self) -> Outcome {
        let (done, error) = match self.state {
            State::End(error) => (true, error),
            _ => (false, None),
        };
        let Self {
            destination,
            output,
            buffer: rest,
            ..
        } = self;
        Outcome {
            error,
            done,
            destination,
            output,
            rest,
        }
    }
}

fuzz_target!(|input: Input| {
    let mut whole = Session::new(&input);
    whole.feed(&input.octets);
    let whole = whole.outcome();

    let mut cut = Session::new(&input);
    let mut octets = input.octets.as_slice();
    for size in &input.cuts {
        let (head, tail) = octets.split_at(usize::from(*size).min(octets.len()));
        cut.feed(head);
        octets = tail;
    }
    cut.feed(octets);
    assert_eq!(cut.outcome(), whole);
});
