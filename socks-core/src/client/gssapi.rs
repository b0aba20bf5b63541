use core::{fmt, mem};

use alloc::{boxed::Box, sync::Arc, vec::Vec};

use super::{ClientError, Step, Subnegotiation};
use crate::{
    DecodeError, Method,
    gssapi::{
        Establish, Establishment, Levels, MAX_ROUNDS, MechanismError, Message, ProtectionLevel,
        SecurityContext, Token, protect,
    },
    subnegotiation::Protection,
};

/// The client's side of RFC 1961, over a mechanism.
///
/// Offer it alone: the selection of a method is not protected, so next to a weaker method it is no
/// protection from who is between (`GS-30`). A clone begins anew.
pub struct Gssapi {
    initiator: Arc<dyn Fn() -> Box<dyn Establish> + Send + Sync>,
    levels: Levels,
    nec: bool,
    rounds: usize,
    state: State,
}

enum State {
    Start,
    /// The server's token, none at first, waits for the mechanism.
    Received(Box<dyn Establish>, Vec<u8>),
    /// The mechanism has an answer.
    Answered(Box<dyn Establish>, Answer),
    /// The server's next token is awaited.
    Establishing(Box<dyn Establish>),
    /// The level is out and the server's answer awaited. With `spoke_last` the server may have to
    /// say before that its side is complete (`GS-7`).
    Level {
        context: Arc<dyn SecurityContext>,
        spoke_last: bool,
    },
    /// It failed or is over.
    Ended,
}

struct Answer {
    result: Result<Establishment, MechanismError>,
    token: Vec<u8>,
}

impl Gssapi {
    /// Asks for confidentiality and takes nothing less. `initiator` begins an exchange; what it
    /// needs for that is best looked up by the first step, which may block.
    pub fn new<E: Establish + 'static>(initiator: impl Fn() -> E + Send + Sync + 'static) -> Self {
        Self {
            initiator: Arc::new(move || Box::new(initiator())),
            levels: Levels::CONFIDENTIALITY,
            nec: false,
            rounds: 0,
            state: State::Start,
        }
    }

    /// The levels that will do. The strongest that the context can keep is asked for, and the
    /// server may answer with another one of them (`GS-14`). [`Levels::CLEAR`] lets the server
    /// choose to have no protection (`GS-17`).
    #[must_use]
    pub fn levels(mut self, levels: Levels) -> Self {
        self.levels = levels;
        self
    }

    /// Whether the level is sent without being wrapped, as NEC's implementation wants it. Off by
    /// default: whoever is between can then change the level, if others of
    /// [`levels`](Self::levels) will do (`GS-18`).
    #[must_use]
    pub fn nec(mut self, send: bool) -> Self {
        self.nec = send;
        self
    }

    /// Sends what the mechanism says, and behind its last word the level (`GS-8`, `GS-12`).
    fn answered(
        &mut self,
        initiator: Box<dyn Establish>,
        answer: Answer,
        output: &mut Vec<u8>,
    ) -> Result<(), ClientError> {
        let Answer { result, token } = answer;
        let result = result.map_err(ClientError::Mechanism)?;
        let speaks = !token.is_empty();
        if speaks {
            self.rounds += 1;
            if self.rounds > MAX_ROUNDS {
                return Err(ClientError::Mechanism(MechanismError::FAILURE));
            }
            Message::Context(framed(&token)?).encode(output);
        }
        self.state = match result {
            Establishment::Continue if speaks => State::Establishing(initiator),
            // Nothing that the server could answer.
            Establishment::Continue => return Err(ClientError::Mechanism(MechanismError::FAILURE)),
            Establishment::Complete(context) => {
                self.ask(&*context, output)?;
                State::Level {
                    context,
                    spoke_last: speaks,
                }
            }
        };
        Ok(())
    }

    fn ask(&self, context: &dyn SecurityContext, output: &mut Vec<u8>) -> Result<(), ClientError> {
        let level = self.levels.strongest(context.services());
        let level = level.ok_or(ClientError::ProtectionLevel)?;
        let mut token = Vec::new();
        match self.nec {
            true => token.push(level.octet()),
            false => context
                .wrap(false, &[level.octet()], &mut token)
                .map_err(ClientError::Mechanism)?,
        }
        Message::ProtectionLevel(framed(&token)?).encode(output);
        Ok(())
    }

    fn agreed(
        &self,
        context: Arc<dyn SecurityContext>,
        token: Token<'_>,
    ) -> Result<Option<Box<dyn Protection>>, ClientError> {
        let mut octets = Vec::new();
        match token.as_bytes() {
            bare @ [_] if self.nec => octets.extend_from_slice(bare),
            wrapped => {
                let unwrapped = context.unwrap(wrapped, &mut octets);
                unwrapped.map_err(ClientError::Mechanism)?;
            }
        }
        let level = ProtectionLevel::from_unwrapped(&octets)?;
        if !self.levels.contains(level) || !context.services().support(level) {
            return Err(ClientError::ProtectionLevel);
        }
        protect(context, level).map_err(|_| ClientError::ProtectionLevel)
    }

    fn advance(&mut self, input: &mut &[u8], output: &mut Vec<u8>) -> Result<Step, ClientError> {
        loop {
            match mem::replace(&mut self.state, State::Ended) {
                State::Start => {
                    self.state = State::Received((self.initiator)(), Vec::new());
                    return Ok(Step::Blocking);
                }
                waiting @ State::Received(..) => {
                    self.state = waiting;
                    return Ok(Step::Blocking);
                }
                State::Answered(initiator, answer) => self.answered(initiator, answer, output)?,
                State::Establishing(initiator) => match next(input)? {
                    None => {
                        self.state = State::Establishing(initiator);
                        return Ok(Step::NeedInput);
                    }
                    Some(Message::Context(token)) => {
                        self.state = State::Received(initiator, token.as_bytes().to_vec());
                        return Ok(Step::Blocking);
                    }
                    Some(other) => return Err(out_of_order(other)),
                },
                State::Level {
                    context,
                    spoke_last,
                } => match next(input)? {
                    None => {
                        self.state = State::Level {
                            context,
                            spoke_last,
                        };
                        return Ok(Step::NeedInput);
                    }
                    Some(Message::Context(Token::EMPTY)) if spoke_last => {
                        self.state = State::Level {
                            context,
                            spoke_last: false,
                        };
                    }
                    Some(Message::ProtectionLevel(token)) => {
                        return self.agreed(context, token).map(Step::Done);
                    }
                    Some(other) => return Err(out_of_order(other)),
                },
                State::Ended => return Err(ClientError::Mechanism(MechanismError::FAILURE)),
            }
        }
    }
}

impl Subnegotiation for Gssapi {
    fn method(&self) -> Method {
        Method::GSSAPI
    }

    fn step(&mut self, input: &mut &[u8], output: &mut Vec<u8>) -> Result<Step, ClientError> {
        self.advance(input, output)
    }

    fn block(&mut self) {
        self.state = match mem::replace(&mut self.state, State::Ended) {
            State::Received(mut initiator, received) => {
                let mut token = Vec::new();
                let result = initiator.step(&received, &mut token);
                State::Answered(initiator, Answer { result, token })
            }
            other => other,
        };
    }
}

fn next<'a>(input: &mut &'a [u8]) -> Result<Option<Message<'a>>, ClientError> {
    match Message::decode(input)? {
        Some(Message::Abort) => Err(ClientError::AuthenticationFailed),
        message => Ok(message),
    }
}

/// `GS-27`.
fn out_of_order(message: Message<'_>) -> ClientError {
    DecodeError::BadMessageType(message.message_type().octet()).into()
}

/// What a mechanism says, if LEN can express it.
fn framed(token: &[u8]) -> Result<Token<'_>, ClientError> {
    Token::new(token).map_err(|_| ClientError::Mechanism(MechanismError::FAILURE))
}

impl Clone for Gssapi {
    fn clone(&self) -> Self {
        Self {
            initiator: Arc::clone(&self.initiator),
            levels: self.levels,
            nec: self.nec,
            rounds: 0,
            state: State::Start,
        }
    }
}

impl fmt::Debug for Gssapi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gssapi")
            .field("levels", &self.levels)
            .field("nec", &self.nec)
            .field("rounds", &self.rounds)
            .finish_non_exhaustive()
    }
}
