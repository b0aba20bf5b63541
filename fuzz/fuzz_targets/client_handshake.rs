//! A whole client handshake over arbitrary octets from the server: it never panics, never believes
//! a success that was not said, and comes to the same end however the octets are cut.
//!
//! Run it on a stable toolchain by
//! `RUSTC_BOOTSTRAP=1 cargo fuzz run client_handshake -- -max_total_time=60`.
#![no_main]

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use socks_core::{
    Address, Command, Progress, UserId,
    client::{
        AwaitingReply, ClientError, Greeted, Negotiating, Negotiation, Socks5, UsernamePassword,
        socks4,
    },
    v4,
};

#[derive(Arbitrary, Debug)]
struct Input {
    octets: Vec<u8>,
    cuts: Vec<u8>,
    socks4: bool,
    login: bool,
    bind: bool,
}

enum State {
    Greeted(Greeted),
    Negotiating(Negotiating),
    /// With the number of replies still owed.
    Awaiting(AwaitingReply, u8),
    End(Result<Address, ClientError>),
    Empty,
}

struct Session {
    state: State,
    command: Command,
    buffer: Vec<u8>,
    output: Vec<u8>,
}

fn destination() -> Address {
    Address::domain("example.com", 80).expect("1 to 255 octets")
}

impl Session {
    fn new(input: &Input) -> Self {
        let mut output = Vec::new();
        let command = if input.bind {
            Command::Bind
        } else {
            Command::Connect
        };
        let state = if input.socks4 {
            let request = v4::Request::new(command, destination(), UserId::default());
            let awaiting = socks4(&request.expect("SOCKS4A can say it"), &mut output);
            State::Awaiting(awaiting, replies(command))
        } else {
            let mut socks5 = Socks5::new();
            if input.login {
                socks5 = socks5.or(UsernamePassword::new("user", "pass").expect("1 to 255 octets"));
            }
            State::Greeted(socks5.greet(&mut output))
        };
        Self {
            state,
            command,
            buffer: Vec::new(),
            output,
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

    fn step(&mut self, rest: &mut &[u8]) -> bool {
        let output = &mut self.output;
        let result = match std::mem::replace(&mut self.state, State::Empty) {
            State::Greeted(greeted) => greeted.receive(rest).map(|progress| match progress {
                Progress::NeedInput(same) => (State::Greeted(same), false),
                Progress::Next(negotiating) => (State::Negotiating(negotiating), true),
            }),
            State::Negotiating(negotiating) => {
                negotiating
                    .step(rest, output)
                    .map(|progress| match progress {
                        Negotiation::NeedInput(same) => (State::Negotiating(same), false),
                        Negotiation::Blocking(blocking) => {
                            (State::Negotiating(blocking.block()), true)
                        }
                        Negotiation::Done(authenticated) => {
                            let awaiting =
                                authenticated.request(self.command, destination(), output);
                            (State::Awaiting(awaiting, replies(self.command)), true)
                        }
                    })
            }
            State::Awaiting(awaiting, owed) => {
                awaiting.receive(rest).map(|progress| match progress {
                    Progress::NeedInput(same) => (State::Awaiting(same, owed), false),
                    Progress::Next(granted) if owed > 1 => {
                        (State::Awaiting(granted.await_peer(), owed - 1), true)
                    }
                    Progress::Next(granted) => (State::End(Ok(granted.bound().clone())), false),
                })
            }
            other => Ok((other, false)),
        };
        let (state, again) = result.unwrap_or_else(|error| {
            assert!(error.reply_code().is_none_or(|code| !code.is_success()));
            (State::End(Err(error)), false)
        });
        self.state = state;
        again
    }

    /// How it ended when the stream ends here.
    fn outcome(self) -> (Result<Address, ClientError>, Vec<u8>, Vec<u8>) {
        let end = match self.state {
            State::End(end) => end,
            State::Awaiting(awaiting, _) => Err(awaiting.end_of_stream(&self.buffer)),
            _ => Err(ClientError::UnexpectedEnd),
        };
        (end, self.output, self.buffer)
    }
}

fn replies(command: Command) -> u8 {
    if command == Command::Bind { 2 } else { 1 }
}

fuzz_target!(|input: Input| {
    let mut whole = Session::new(&input);
    whole.feed(&input.octets);

    let mut cut = Session::new(&input);
    let mut octets = input.octets.as_slice();
    for size in &input.cuts {
        let (head, tail) = octets.split_at(usize::from(*size).min(octets.len()));
        cut.feed(head);
        octets = tail;
    }
    cut.feed(octets);
    assert_eq!(cut.outcome(), whole.outcome());
});
