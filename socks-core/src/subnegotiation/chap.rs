use core::mem;

use alloc::vec::Vec;

use super::{Step, Subnegotiation, SubnegotiationError};
use crate::{
    Method, Secret, UserName,
    chap::{Algorithm, Attribute, Challenge, Message, MutualResponse, Status},
    message::{Authentication, Credentials},
};

/// The server's side of CHAP, method 03 (draft-ietf-aft-socks-chap-01).
///
/// It offers HMAC-MD5 alone, sends algorithm and challenge in one message, and hands the client's
/// response out as [`Credentials::Chap`]. If the client asks for the server's own proof and the
/// authenticator attached a [`MutualResponse`] to the identity, it is sent, and the client's final
/// status is waited for (`CH-18`, `CH-19`).
///
/// There is no way to clone one, since a challenge that is asked twice lets in whoever has heard the
/// answer to the first (`CH-22`).
///
/// ```compile_fail
/// let chap = socks_core::subnegotiation::Chap::new(None, 0);
/// let _ = chap.clone();
/// ```
#[derive(Debug)]
pub struct Chap {
    challenge: Option<Secret>,
    identifier: u8,
    md5: bool,
    separate: bool,
    state: State,
}

#[derive(Debug)]
enum State {
    /// The client says which algorithms it has.
    Algorithms,
    /// The challenge is out.
    Response(Challenge),
    /// The response is out to be judged, by an algorithm with this identifier.
    Verifying {
        identifier: Option<u8>,
        mutual: bool,
    },
    /// The client judges the server.
    ClientStatus,
    Done,
    Failed,
}

impl Chap {
    /// Asks `challenge`: 16 to 255 octets from a cryptographic random source, used for one session
    /// only (`CH-22`). With anything else, and with `None` from a system that has no randomness to
    /// give, no client gets in. `identifier` is any octet; only MD5 uses it.
    pub fn new(challenge: Option<Secret>, identifier: u8) -> Self {
        Self {
            challenge: challenge.filter(Challenge::is_sendable),
            identifier,
            md5: false,
            separate: false,
            state: State::Algorithms,
        }
    }

    /// Whether a client that has no HMAC-MD5 may respond by plain MD5. Off by default: the draft
    /// itself calls it weak (`CH-16`, `CH-25`).
    #[must_use]
    pub const fn md5(mut self, allow: bool) -> Self {
        self.md5 = allow;
        self
    }

    /// Whether algorithm and challenge go out in messages of their own, as the draft shows it. Off
    /// by default (`CH-12`).
    #[must_use]
    pub const fn separate(mut self, separate: bool) -> Self {
        self.separate = separate;
        self
    }

    /// The strongest that the client has too (`CH-10`).
    fn choose(&self, message: &Message) -> Option<Algorithm> {
        let offers = |algorithm| message.algorithms().any(|offered| offered == algorithm);
        let own = [(Algorithm::HMAC_MD5, true), (Algorithm::MD5, self.md5)];
        let mut own = own.into_iter().filter(|(_, allowed)| *allowed);
        own.find_map(|(algorithm, _)| offers(algorithm).then_some(algorithm))
    }

    fn challenge(&mut self, message: &Message, output: &mut Vec<u8>) -> Option<State> {
        let algorithm = self.choose(message)?;
        let challenge = Challenge::new(algorithm, self.identifier, self.challenge.take()?);
        let chosen = [algorithm.0];
        let identifier = challenge.identifier.map(|identifier| [identifier]);
        let mut pairs = Vec::from([(Attribute::ALGORITHMS, &chosen[..])]);
        if self.separate {
            Message::of(&pairs).ok()?.encode(output);
            pairs.clear();
        }
        pairs.extend(
            identifier
                .iter()
                .map(|octet| (Attribute::IDENTIFIER, &octet[..])),
        );
        pairs.push((Attribute::CHALLENGE, challenge.octets.expose()));
        Message::of(&pairs).ok()?.encode(output);
        Some(State::Response(challenge))
    }

    fn credentials(challenge: Challenge, message: &Message) -> Option<(State, Credentials)> {
        let username = UserName::from(message.find(Attribute::USER_IDENTITY)?);
        let response = Secret::new(message.find(Attribute::RESPONSE)?);
        let identifier = challenge.identifier;
        if let Some(identifier) = identifier
            && message.find(Attribute::IDENTIFIER) != Some(&[identifier])
        {
            return None;
        }
        let mutual = message.find(Attribute::CHALLENGE);
        let mutual = mutual.map(|octets| Challenge {
            octets: Secret::new(octets),
            ..challenge.clone()
        });
        let state = State::Verifying {
            identifier,
            mutual: mutual.is_some(),
        };
        let credentials = Credentials::Chap {
            username,
            challenge,
            response,
            mutual,
        };
        Some((state, credentials))
    }

    /// What `message` leads to; `None` fails the sub-negotiation (`CH-8`).
    fn advance(
        &mut self,
        state: State,
        message: &Message,
        output: &mut Vec<u8>,
    ) -> Option<(State, Option<Credentials>)> {
        if message.contradiction().is_some() {
            return None;
        }
        match state {
            State::Algorithms => Some((self.challenge(message, output)?, None)),
            State::Response(challenge) => {
                let (state, credentials) = Self::credentials(challenge, message)?;
                Some((state, Some(credentials)))
            }
            State::ClientStatus => {
                (message.status() == Some(Status::Success)).then_some((State::Done, None))
            }
            State::Verifying { .. } | State::Done | State::Failed => None,
        }
    }
}

impl Subnegotiation for Chap {
    fn method(&self) -> Method {
        Method::CHAP
    }

    fn input_limit(&self) -> usize {
        Message::DEFAULT_LIMIT
    }

    fn step(
        &mut self,
        input: &mut &[u8],
        output: &mut Vec<u8>,
    ) -> Result<Step, SubnegotiationError> {
        loop {
            match self.state {
                State::Done => return Ok(Step::Done(None)),
                State::Failed => return Err(SubnegotiationError::Unacceptable),
                _ => {}
            }
            let message = Message::decode(input).map_err(|error| {
                self.state = State::Failed;
                Message::status_only(Status::Failure).encode(output);
                SubnegotiationError::Malformed(error)
            })?;
            let Some(message) = message else {
                return Ok(Step::NeedInput);
            };
            let state = mem::replace(&mut self.state, State::Failed);
            // A client that says "no" to the server's proof has the last word.
            let refused =
                matches!(state, State::ClientStatus) && message.status() == Some(Status::Failure);
            let said = output.len();
            let Some((state, credentials)) = self.advance(state, &message, output) else {
                output.truncate(said);
                if !refused {
                    Message::status_only(Status::Failure).encode(output);
                }
                return Err(SubnegotiationError::Unacceptable);
            };
            self.state = state;
            if let Some(credentials) = credentials {
                return Ok(Step::Verify(credentials));
            }
        }
    }

    fn decided(&mut self, authentication: &Authentication, output: &mut Vec<u8>) {
        let state = mem::replace(&mut self.state, State::Failed);
        let (State::Verifying { identifier, mutual }, Authentication::Accepted(identity)) =
            (state, authentication)
        else {
            Message::status_only(Status::Failure).encode(output);
            return;
        };
        let response = identity.extensions.get::<MutualResponse>();
        let response = response.filter(|_| mutual);
        let status = [Status::Success.octet()];
        let identifier = identifier.map(|identifier| [identifier]);
        let mut pairs = Vec::from([(Attribute::STATUS, &status[..])]);
        pairs.extend(
            identifier
                .iter()
                .map(|octet| (Attribute::IDENTIFIER, &octet[..])),
        );
        pairs.extend(response.map(|response| (Attribute::RESPONSE, response.expose())));
        match Message::of(&pairs) {
            Ok(message) => {
                message.encode(output);
                self.state = match response {
                    Some(_) => State::ClientStatus,
                    None => State::Done,
                };
            }
            // Cannot be: each value was measured when it was made.
            Err(_) => Message::status_only(Status::Failure).encode(output),
        }
    }
}
