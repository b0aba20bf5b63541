use core::{fmt, mem};

use alloc::{sync::Arc, vec::Vec};

use super::{ClientError, Step, Subnegotiation};
use crate::{
    Escaped, LengthError, Method, Secret, UserName,
    chap::{Algorithm, Attribute, Challenge, Message, Prover, Status},
};

/// The client's side of CHAP, method 03 (draft-ietf-aft-socks-chap-01).
///
/// It has HMAC-MD5 alone and does not ask the server for a proof unless told to. Clones share
/// nothing of an exchange: each asks a challenge of its own.
#[derive(Clone)]
pub struct Chap<P> {
    username: UserName,
    prover: P,
    md5: bool,
    mutual: Mutual,
    on_text: Option<Arc<OnText>>,
    state: State,
}

/// Told what the server wants its user to read.
type OnText = dyn Fn(Escaped<'_>) + Send + Sync;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mutual {
    Off,
    Asked,
    Required,
}

#[derive(Clone, Debug)]
enum State {
    Start,
    /// The server chooses, and asks at once or in its next message (`CH-12`).
    Algorithm,
    Challenge(Algorithm),
    /// The response is out, with this challenge to the server.
    Status(Option<Challenge>),
    Done,
    Failed,
}

impl<P: Prover> Chap<P> {
    /// Logs in as `username` by what `prover` knows.
    ///
    /// # Errors
    ///
    /// If the name is empty or longer than 255 octets.
    pub fn new(username: impl Into<UserName>, prover: P) -> Result<Self, LengthError> {
        let username = username.into();
        LengthError::check(username.as_bytes().len(), 1, 255)?;
        Ok(Self {
            username,
            prover,
            md5: false,
            mutual: Mutual::Off,
            on_text: None,
            state: State::Start,
        })
    }

    /// Whether to respond by plain MD5 to a server that has no HMAC-MD5. Off by default (`CH-16`).
    #[must_use]
    pub fn md5(mut self, allow: bool) -> Self {
        self.md5 = allow;
        self
    }

    /// Asks the server to prove that it knows the secret as well, and closes if it does not
    /// (`CH-17`, `CH-19`).
    #[must_use]
    pub fn mutual(mut self) -> Self {
        self.mutual = Mutual::Required;
        self
    }

    /// As [`mutual`](Self::mutual), but goes on with a server that leaves the question unanswered.
    /// A wrong answer still closes.
    #[must_use]
    pub fn mutual_if_supported(mut self) -> Self {
        self.mutual = Mutual::Asked;
        self
    }

    /// Has `show` see the text that the server sends for the user, such as why it refuses:
    /// untrusted, escaped and at most 255 octets (`CH-20`). CHARSET is ignored (`CH-21`).
    #[must_use]
    pub fn on_text_message(mut self, show: impl Fn(Escaped<'_>) + Send + Sync + 'static) -> Self {
        self.on_text = Some(Arc::new(show));
        self
    }

    fn algorithms(&self) -> &'static [u8] {
        match self.md5 {
            true => &[Algorithm::HMAC_MD5.0, Algorithm::MD5.0],
            false => &[Algorithm::HMAC_MD5.0],
        }
    }

    /// The one that the server chose; another one than was offered is not obeyed.
    fn chosen(&self, message: &Message) -> Result<Algorithm, ClientError> {
        match message.find(Attribute::ALGORITHMS) {
            Some(&[octet]) if self.algorithms().contains(&octet) => Ok(Algorithm(octet)),
            _ => Err(ClientError::BadSubnegotiation),
        }
    }

    fn respond(
        &self,
        algorithm: Algorithm,
        message: &Message,
        output: &mut Vec<u8>,
    ) -> Result<State, ClientError> {
        let octets = message.find(Attribute::CHALLENGE).unwrap_or_default();
        let identifier = match message.find(Attribute::IDENTIFIER) {
            Some(&[identifier]) => Some(identifier),
            _ => None,
        };
        if octets.is_empty() || algorithm.has_identifier() && identifier.is_none() {
            return Err(ClientError::BadSubnegotiation);
        }
        let identifier = identifier.unwrap_or_default();
        let challenge = Challenge::new(algorithm, identifier, Secret::new(octets));
        let response = self.prover.respond(&challenge);
        let response = response.ok_or(ClientError::BadSubnegotiation)?;
        let mutual = match self.mutual {
            Mutual::Off => None,
            Mutual::Asked | Mutual::Required => Some(self.challenge(&challenge)?),
        };
        let identifier = challenge.identifier.map(|identifier| [identifier]);
        let mut pairs = Vec::from([
            (Attribute::USER_IDENTITY, self.username.as_bytes()),
            (Attribute::RESPONSE, response.expose()),
        ]);
        pairs.extend(
            identifier
                .iter()
                .map(|octet| (Attribute::IDENTIFIER, &octet[..])),
        );
        let asked = mutual.as_ref();
        pairs.extend(asked.map(|asked| (Attribute::CHALLENGE, asked.octets.expose())));
        let message = Message::of(&pairs).map_err(|_| ClientError::BadSubnegotiation)?;
        message.encode(output);
        Ok(State::Status(mutual))
    }

    /// A challenge to the server, by the algorithm of its own one.
    fn challenge(&self, server: &Challenge) -> Result<Challenge, ClientError> {
        let octets = self.prover.random_challenge();
        let octets = octets.filter(Challenge::is_sendable);
        // To its own challenge the server would have the right response, which was just sent.
        let octets = octets.filter(|octets| octets.expose() != server.octets.expose());
        Ok(Challenge {
            octets: octets.ok_or(ClientError::ServerNotAuthenticated)?,
            ..server.clone()
        })
    }

    fn judge(
        &self,
        asked: Option<Challenge>,
        message: &Message,
        output: &mut Vec<u8>,
    ) -> Result<State, ClientError> {
        match message.status() {
            None => return Err(ClientError::BadSubnegotiation),
            Some(Status::Failure) => return Err(ClientError::AuthenticationFailed),
            Some(Status::Success) => {}
        }
        let Some(asked) = asked else {
            return Ok(State::Done);
        };
        match message.find(Attribute::RESPONSE) {
            Some(response) if self.prover.verify(&asked, response) => {
                Message::status_only(Status::Success).encode(output);
                Ok(State::Done)
            }
            None if self.mutual != Mutual::Required => Ok(State::Done),
            _ => {
                Message::status_only(Status::Failure).encode(output);
                Err(ClientError::ServerNotAuthenticated)
            }
        }
    }

    fn advance(
        &self,
        state: State,
        message: &Message,
        output: &mut Vec<u8>,
    ) -> Result<State, ClientError> {
        if message.contradiction().is_some() {
            return Err(ClientError::BadSubnegotiation);
        }
        if let (Some(show), Some(text)) = (&self.on_text, message.find(Attribute::TEXT_MESSAGE)) {
            show(Escaped(text));
        }
        match state {
            State::Algorithm | State::Challenge(_) if message.status() == Some(Status::Failure) => {
                Err(ClientError::AuthenticationFailed)
            }
            State::Algorithm => {
                let algorithm = self.chosen(message)?;
                match message.find(Attribute::CHALLENGE) {
                    Some(_) => self.respond(algorithm, message, output),
                    None => Ok(State::Challenge(algorithm)),
                }
            }
            State::Challenge(algorithm) => self.respond(algorithm, message, output),
            State::Status(asked) => self.judge(asked, message, output),
            State::Start | State::Done | State::Failed => Err(ClientError::BadSubnegotiation),
        }
    }
}

impl<P: Prover> Subnegotiation for Chap<P> {
    fn method(&self) -> Method {
        Method::CHAP
    }

    fn step(&mut self, input: &mut &[u8], output: &mut Vec<u8>) -> Result<Step, ClientError> {
        if let State::Start = self.state {
            let opening = Message::of(&[(Attribute::ALGORITHMS, self.algorithms())]);
            let opening = opening.map_err(|_| ClientError::BadSubnegotiation)?;
            opening.encode(output);
            self.state = State::Algorithm;
        }
        // The server may have said two messages at once.
        loop {
            if let State::Done = self.state {
                return Ok(Step::Done(None));
            }
            let message = match Message::decode(input) {
                Ok(Some(message)) => message,
                Ok(None) => return Ok(Step::NeedInput),
                Err(error) => {
                    self.state = State::Failed;
                    return Err(error.into());
                }
            };
            let state = mem::replace(&mut self.state, State::Failed);
            self.state = self.advance(state, &message, output)?;
        }
    }
}

impl<P> fmt::Debug for Chap<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Chap")
            .field("username", &self.username)
            .field("md5", &self.md5)
            .field("mutual", &self.mutual)
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}
