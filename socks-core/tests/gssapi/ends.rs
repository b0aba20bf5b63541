use socks_core::{
    Method,
    client::{self, ClientError, Subnegotiation as _},
    gssapi::Levels,
    message::{Authentication, Credentials, Identity},
    subnegotiation::{self, Protection, Step, Subnegotiation as _, SubnegotiationError},
};

use mechanism::Mechanism;

pub(crate) const ALICE: &str = "alice@EXAMPLE.ORG";
pub(crate) const ABORT: &[u8] = b"\x01\xff";

type Agreed = Option<Box<dyn Protection>>;

/// A server with what it has said, which lets `alice` in and nobody else.
pub(crate) struct Server {
    pub(crate) machine: subnegotiation::Gssapi,
    input: Vec<u8>,
    pub(crate) said: Vec<u8>,
    pub(crate) principal: Option<String>,
    pub(crate) end: Option<Result<Agreed, Refusal>>,
}

#[derive(Debug, PartialEq)]
pub(crate) enum Refusal {
    Rejected,
    Failed(SubnegotiationError),
}

impl Server {
    pub(crate) fn new(machine: subnegotiation::Gssapi) -> Self {
        Self {
            machine,
            input: Vec::new(),
            said: Vec::new(),
            principal: None,
            end: None,
        }
    }

    pub(crate) fn over(mechanism: &Mechanism, levels: Levels) -> Self {
        let machine = subnegotiation::Gssapi::new(mechanism.acceptor());
        Self::new(machine.levels(levels))
    }

    /// Hears octets, and does what can be done by them.
    pub(crate) fn hear(&mut self, octets: &[u8]) {
        self.input.extend(octets);
        while self.end.is_none() {
            let mut rest = self.input.as_slice();
            let step = self.machine.step(&mut rest, &mut self.said);
            let used = self.input.len() - rest.len();
            self.input.drain(..used);
            match step {
                Ok(Step::NeedInput) => {
                    assert!(self.input.len() < self.machine.input_limit(), "GS-11");
                    return;
                }
                Ok(Step::Blocking) => self.machine.block(),
                Ok(Step::Verify(credentials)) => self.judge(&credentials),
                Ok(Step::Done(protection)) => self.end = Some(Ok(protection)),
                Err(error) => self.end = Some(Err(Refusal::Failed(error))),
            }
        }
    }

    fn judge(&mut self, credentials: &Credentials) {
        let Credentials::Gssapi { principal } = credentials else {
            panic!("{credentials:?}");
        };
        self.principal = Some(principal.to_string());
        let answer = match principal == ALICE {
            true => Authentication::Accepted(Identity::user(principal.clone(), Method::GSSAPI)),
            false => Authentication::rejected(),
        };
        self.machine.decided(&answer, &mut self.said);
        if !answer.is_accepted() {
            self.end = Some(Err(Refusal::Rejected));
        }
    }

    pub(crate) fn failure(&self) -> Option<&Refusal> {
        self.end.as_ref()?.as_ref().err()
    }

    /// The protection that was agreed; `None` for no protection.
    pub(crate) fn agreed(self) -> Agreed {
        self.end.expect("it is over").expect("it is agreed")
    }
}

/// A client with what it has said.
pub(crate) struct Client {
    machine: client::Gssapi,
    input: Vec<u8>,
    pub(crate) said: Vec<u8>,
    pub(crate) end: Option<Result<Agreed, ClientError>>,
}

impl Client {
    pub(crate) fn new(machine: client::Gssapi) -> Self {
        Self {
            machine,
            input: Vec::new(),
            said: Vec::new(),
            end: None,
        }
    }

    pub(crate) fn over(mechanism: &Mechanism, levels: Levels) -> Self {
        Self::named(mechanism, levels, ALICE)
    }

    pub(crate) fn named(mechanism: &Mechanism, levels: Levels, name: &'static str) -> Self {
        let mechanism = mechanism.clone();
        let machine = client::Gssapi::new(move || mechanism.initiator(name));
        Self::new(machine.levels(levels))
    }

    pub(crate) fn hear(&mut self, octets: &[u8]) {
        self.input.extend(octets);
        while self.end.is_none() {
            let mut rest = self.input.as_slice();
            let step = self.machine.step(&mut rest, &mut self.said);
            let used = self.input.len() - rest.len();
            self.input.drain(..used);
            match step {
                Ok(client::Step::NeedInput) => return,
                Ok(client::Step::Blocking) => self.machine.block(),
                Ok(client::Step::Done(protection)) => self.end = Some(Ok(protection)),
                Err(error) => self.end = Some(Err(error)),
            }
        }
    }

    pub(crate) fn failure(&self) -> Option<&ClientError> {
        self.end.as_ref()?.as_ref().err()
    }

    pub(crate) fn agreed(self) -> Agreed {
        self.end.expect("it is over").expect("it is agreed")
    }
}

/// Carries octets between both, `piece` at a time, until nobody says anything.
pub(crate) fn converse(client: &mut Client, server: &mut Server, piece: usize) {
    client.hear(&[]);
    loop {
        let (to_server, to_client) = (
            std::mem::take(&mut client.said),
            std::mem::take(&mut server.said),
        );
        if to_server.is_empty() && to_client.is_empty() {
            return;
        }
        to_server
            .chunks(piece)
            .for_each(|octets| server.hear(octets));
        to_client
            .chunks(piece)
            .for_each(|octets| client.hear(octets));
    }
}

/// The protections of client and server after a whole exchange.
pub(crate) fn protections(
    mechanism: &Mechanism,
    levels: Levels,
) -> (Box<dyn Protection>, Box<dyn Protection>) {
    let (mut client, mut server) = (
        Client::over(mechanism, levels),
        Server::over(mechanism, levels),
    );
    converse(&mut client, &mut server, usize::MAX);
    (
        client.agreed().expect("protected"),
        server.agreed().expect("protected"),
    )
}

/// A frame of RFC 1961.
pub(crate) fn frame(message_type: u8, token: &[u8]) -> Vec<u8> {
    let len = u16::try_from(token.len()).expect("a token that can be framed");
    let mut frame = vec![1, message_type];
    frame.extend(len.to_be_bytes());
    frame.extend(token);
    frame
}

/// The client's whole first token of the stand-in.
pub(crate) fn first_token() -> Vec<u8> {
    [b"I\x01", ALICE.as_bytes()].concat()
}
