use core::{fmt, mem};

use alloc::{boxed::Box, sync::Arc, vec::Vec};

use super::{Protection, Step, Subnegotiation, SubnegotiationError};
use crate::{
    DecodeError, Method,
    gssapi::{
        Establish, Establishment, Levels, MAX_ROUNDS, MechanismError, Message, MessageType,
        ProtectionLevel, SecurityContext, Token, VERSION, protect,
    },
    message::{Authentication, Credentials},
};

/// The server's side of RFC 1961, over a mechanism.
///
/// ```text
/// token ─▶ mechanism (a blocking step) ─▶ token …  up to 16 times
///                   └─▶ who is it, and may it? ─▶ last token ─▶ protection level ─▶ protected
/// ```
///
/// Whatever fails on the way is answered with an abort (`GS-9`). The authenticator is asked as
/// soon as the context stands, before the client hears that it does, so a principal that is not let
/// in never gets as far as a level (`GS-28`).
pub struct Gssapi {
    levels: Levels,
    nec: bool,
    rounds: usize,
    state: State,
}

enum State {
    /// The client's next token is awaited.
    Establishing(Box<dyn Establish>),
    /// It waits for the mechanism.
    Received(Box<dyn Establish>, Vec<u8>),
    /// The mechanism has an answer.
    Answered(Box<dyn Establish>, Answer),
    /// The principal is judged; the token for it waits.
    Verifying(Arc<dyn SecurityContext>, Vec<u8>),
    /// The client's level is awaited.
    Level(Arc<dyn SecurityContext>),
    /// It failed or is over.
    Ended,
}

struct Answer {
    result: Result<Establishment, MechanismError>,
    token: Vec<u8>,
}

impl Gssapi {
    /// Agrees to integrity and to confidentiality.
    pub fn new(acceptor: impl Establish + 'static) -> Self {
        Self {
            levels: Levels::PROTECTED,
            nec: false,
            rounds: 0,
            state: State::Establishing(Box::new(acceptor)),
        }
    }

    /// The levels that are agreed to: the one that the client asks for if it is one of them, else
    /// the strongest (`GS-13`).
    ///
    /// With [`Levels::CLEAR`] among them a client that asks for it gets what it sends in clear
    /// (`GS-17`); as the only one it is what every client gets.
    #[must_use]
    pub fn levels(mut self, levels: Levels) -> Self {
        self.levels = levels;
        self
    }

    /// Whether a level that is not wrapped is taken, and answered likewise, as NEC's
    /// implementation has it. Off by default: whoever is between can then change the level
    /// (`GS-18`).
    #[must_use]
    pub fn nec(mut self, accept: bool) -> Self {
        self.nec = accept;
        self
    }

    /// What the mechanism made of a token.
    fn answered(
        &mut self,
        acceptor: Box<dyn Establish>,
        answer: Answer,
        output: &mut Vec<u8>,
    ) -> Result<Option<Step>, SubnegotiationError> {
        let Answer { result, token } = answer;
        match result.map_err(SubnegotiationError::Mechanism)? {
            Establishment::Complete(context) => {
                let principal = context.peer().into();
                self.state = State::Verifying(context, token);
                Ok(Some(Step::Verify(Credentials::Gssapi { principal })))
            }
            Establishment::Continue => {
                // Without a token there is nothing that the client could answer, and behind the
                // last round no answer counts (GS-11).
                if token.is_empty() || self.rounds >= MAX_ROUNDS {
                    return Err(SubnegotiationError::Unacceptable);
                }
                Message::Context(framed(&token)?).encode(output);
                self.state = State::Establishing(acceptor);
                Ok(None)
            }
        }
    }

    /// Answers the client's level with the one that will be used (`GS-13`).
    fn agree(
        &self,
        context: Arc<dyn SecurityContext>,
        asked: Token<'_>,
        output: &mut Vec<u8>,
    ) -> Result<Option<Box<dyn Protection>>, SubnegotiationError> {
        let bare = self.nec && asked.as_bytes().len() == 1;
        let asked = match bare {
            true => asked.as_bytes().to_vec(),
            false => {
                let mut octets = Vec::new();
                let unwrapped = context.unwrap(asked.as_bytes(), &mut octets);
                unwrapped.map_err(SubnegotiationError::Mechanism)?;
                octets
            }
        };
        let asked = ProtectionLevel::from_unwrapped(&asked);
        let asked = asked.map_err(SubnegotiationError::Malformed)?;
        let level = self.levels.answer(asked, context.services());
        let level = level.ok_or(SubnegotiationError::Unacceptable)?;
        let mut token = Vec::new();
        match bare {
            true => token.push(level.octet()),
            false => context
                .wrap(false, &[level.octet()], &mut token)
                .map_err(SubnegotiationError::Mechanism)?,
        }
        let protection = protect(context, level).map_err(|_| SubnegotiationError::Unacceptable)?;
        Message::ProtectionLevel(framed(&token)?).encode(output);
        Ok(protection)
    }

    fn advance(
        &mut self,
        input: &mut &[u8],
        output: &mut Vec<u8>,
    ) -> Result<Step, SubnegotiationError> {
        loop {
            match mem::replace(&mut self.state, State::Ended) {
                State::Establishing(acceptor) => match next(input)? {
                    None => {
                        self.state = State::Establishing(acceptor);
                        return Ok(Step::NeedInput);
                    }
                    Some(Message::Context(token)) => {
                        self.rounds += 1;
                        self.state = State::Received(acceptor, token.as_bytes().to_vec());
                        return Ok(Step::Blocking);
                    }
                    Some(other) => return Err(out_of_order(other)),
                },
                waiting @ State::Received(..) => {
                    self.state = waiting;
                    return Ok(Step::Blocking);
                }
                State::Answered(acceptor, answer) => {
                    if let Some(step) = self.answered(acceptor, answer, output)? {
                        return Ok(step);
                    }
                }
                State::Level(context) => match next(input)? {
                    None => {
                        self.state = State::Level(context);
                        return Ok(Step::NeedInput);
                    }
                    Some(Message::ProtectionLevel(asked)) => {
                        return self.agree(context, asked, output).map(Step::Done);
                    }
                    Some(other) => return Err(out_of_order(other)),
                },
                State::Verifying(..) | State::Ended => {
                    return Err(SubnegotiationError::Unacceptable);
                }
            }
        }
    }
}

impl Subnegotiation for Gssapi {
    fn method(&self) -> Method {
        Method::GSSAPI
    }

    fn input_limit(&self) -> usize {
        Message::MAX_LEN
    }

    /// An abort (`GS-9`).
    fn last_words(&self) -> &'static [u8] {
        const { &[VERSION, MessageType::Abort.octet()] }
    }

    fn step(
        &mut self,
        input: &mut &[u8],
        output: &mut Vec<u8>,
    ) -> Result<Step, SubnegotiationError> {
        let step = self.advance(input, output);
        if step.is_err() {
            self.state = State::Ended;
            Message::Abort.encode(output);
        }
        step
    }

    fn block(&mut self) {
        self.state = match mem::replace(&mut self.state, State::Ended) {
            State::Received(mut acceptor, received) => {
                let mut token = Vec::new();
                let result = acceptor.step(&received, &mut token);
                State::Answered(acceptor, Answer { result, token })
            }
            other => other,
        };
    }

    /// The token that completes the context goes out to whom was accepted, an empty one if the
    /// mechanism has none (`GS-7`).
    fn decided(&mut self, authentication: &Authentication, output: &mut Vec<u8>) {
        self.state = match mem::replace(&mut self.state, State::Ended) {
            State::Verifying(context, token) if authentication.is_accepted() => {
                if let Ok(token) = framed(&token) {
                    Message::Context(token).encode(output);
                    State::Level(context)
                } else {
                    Message::Abort.encode(output);
                    State::Ended
                }
            }
            _ => {
                Message::Abort.encode(output);
                State::Ended
            }
        };
    }
}

fn next<'a>(input: &mut &'a [u8]) -> Result<Option<Message<'a>>, SubnegotiationError> {
    Message::decode(input).map_err(SubnegotiationError::Malformed)
}

/// `GS-27`.
fn out_of_order(message: Message<'_>) -> SubnegotiationError {
    let octet = message.message_type().octet();
    SubnegotiationError::Malformed(DecodeError::BadMessageType(octet))
}

/// What a mechanism says, if LEN can express it.
fn framed(token: &[u8]) -> Result<Token<'_>, SubnegotiationError> {
    Token::new(token).map_err(|_| SubnegotiationError::Unacceptable)
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
