use std::sync::Arc;

use socks_core::gssapi::{Establish, Establishment, MechanismError};

use crate::{Mechanism, context::Context};

/// GSS_S_DEFECTIVE_TOKEN.
const DEFECTIVE: MechanismError = MechanismError::new(9 << 16, 0);

/// A server's side: answers a client's tokens, `I`, their number, and the principal's name.
#[derive(Debug)]
pub struct Accepting {
    mechanism: Mechanism,
    heard: usize,
}

impl Accepting {
    pub(crate) fn new(mechanism: Mechanism) -> Self {
        Self {
            mechanism,
            heard: 0,
        }
    }
}

impl Establish for Accepting {
    fn step(
        &mut self,
        token: &[u8],
        output: &mut Vec<u8>,
    ) -> Result<Establishment, MechanismError> {
        (self.mechanism.on_step)();
        self.heard += 1;
        let [b'I', number, name @ ..] = token else {
            return Err(DEFECTIVE);
        };
        if usize::from(*number) != self.heard {
            return Err(DEFECTIVE);
        }
        let complete = self.heard >= self.mechanism.rounds;
        if !complete || self.mechanism.mutual {
            output.extend([b'A', *number]);
        }
        Ok(match complete {
            false => Establishment::Continue,
            true => Establishment::Complete(Arc::new(Context::new(&self.mechanism, name, true))),
        })
    }
}

/// A client's side.
#[derive(Debug)]
pub struct Initiating {
    mechanism: Mechanism,
    name: String,
    said: usize,
}

impl Initiating {
    pub(crate) fn new(mechanism: Mechanism, name: &str) -> Self {
        Self {
            mechanism,
            name: name.into(),
            said: 0,
        }
    }
}

impl Establish for Initiating {
    fn step(
        &mut self,
        token: &[u8],
        output: &mut Vec<u8>,
    ) -> Result<Establishment, MechanismError> {
        (self.mechanism.on_step)();
        let expected: &[u8] = match self.said {
            0 => &[],
            said => &[b'A', said as u8],
        };
        if token != expected {
            return Err(DEFECTIVE);
        }
        let Mechanism { rounds, mutual, .. } = self.mechanism;
        if self.said < rounds {
            self.said += 1;
            output.extend([b'I', self.said as u8]);
            output.extend(self.name.bytes());
            if self.said < rounds || mutual {
                return Ok(Establishment::Continue);
            }
        }
        let context = Context::new(&self.mechanism, b"server@EXAMPLE.ORG", false);
        Ok(Establishment::Complete(Arc::new(context)))
    }
}
