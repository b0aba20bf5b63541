use std::{collections::BTreeSet, sync::Mutex};

use socks_core::gssapi::{MechanismError, SecurityContext, Sequence, Services, Unwrapped};

use crate::Mechanism;

/// Octets of a token before what it protects: whether that is encrypted, who sent it, its number,
/// and a check sum.
pub const OVERHEAD: usize = 1 + 1 + 8 + 4;

/// GSS_S_BAD_SIG.
const BAD: MechanismError = MechanismError::new(6 << 16, 0);
/// GSS_S_UNAVAILABLE.
const UNAVAILABLE: MechanismError = MechanismError::new(16 << 16, 0);

#[derive(Debug)]
pub(crate) struct Context {
    services: Services,
    sequencing: bool,
    peer: Vec<u8>,
    accepts: bool,
    numbers: Mutex<Numbers>,
}

#[derive(Debug, Default)]
struct Numbers {
    sent: u64,
    expected: u64,
    seen: BTreeSet<u64>,
}

/// Numbers that are remembered; those before are too old.
const WINDOW: usize = 1024;

impl Numbers {
    fn place(&mut self, number: u64, sequencing: bool) -> Sequence {
        let oldest = self.seen.first().copied().unwrap_or_default();
        if number < oldest || !self.seen.insert(number) {
            return Sequence::Replayed;
        }
        if self.seen.len() > WINDOW {
            self.seen.pop_first();
        }
        let in_place = number == self.expected;
        self.expected = self.expected.max(number + 1);
        match in_place || !sequencing {
            true => Sequence::Expected,
            false => Sequence::OutOfOrder,
        }
    }
}

impl Context {
    pub(crate) fn new(mechanism: &Mechanism, peer: &[u8], accepts: bool) -> Self {
        Self {
            services: mechanism.services,
            sequencing: mechanism.sequencing,
            peer: peer.to_vec(),
            accepts,
            numbers: Mutex::default(),
        }
    }

    fn numbers(&self) -> std::sync::MutexGuard<'_, Numbers> {
        self.numbers.lock().expect("nobody panics with it")
    }
}

/// FNV-1a over everything that counts.
fn sum(head: &[u8], plain: &[u8]) -> [u8; 4] {
    let mut sum = 0x811c_9dc5_u32;
    for octet in head.iter().chain(plain) {
        sum = (sum ^ u32::from(*octet)).wrapping_mul(0x0100_0193);
    }
    sum.to_be_bytes()
}

fn veil(number: u64, octets: &mut [u8]) {
    let mut state = number ^ 0x9e37_79b9_7f4a_7c15;
    for octet in octets {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        *octet ^= (state >> 56) as u8;
    }
}

impl SecurityContext for Context {
    fn peer(&self) -> &[u8] {
        &self.peer
    }

    fn services(&self) -> Services {
        self.services
    }

    fn wrap(
        &self,
        confidential: bool,
        plain: &[u8],
        token: &mut Vec<u8>,
    ) -> Result<(), MechanismError> {
        let Services {
            integrity,
            confidentiality,
            ..
        } = self.services;
        if !integrity || confidential && !confidentiality {
            return Err(UNAVAILABLE);
        }
        let number = {
            let mut numbers = self.numbers();
            numbers.sent += 1;
            numbers.sent - 1
        };
        let start = token.len();
        token.extend([u8::from(confidential), u8::from(self.accepts)]);
        token.extend(number.to_be_bytes());
        let check = sum(&token[start..], plain);
        token.extend(check);
        let body = token.len();
        token.extend_from_slice(plain);
        if confidential {
            veil(number, &mut token[body..]);
        }
        Ok(())
    }

    fn unwrap(&self, token: &[u8], plain: &mut Vec<u8>) -> Result<Unwrapped, MechanismError> {
        let (head, rest) = token.split_at_checked(10).ok_or(BAD)?;
        let (check, body) = rest.split_at_checked(4).ok_or(BAD)?;
        let (&[confidential @ (0 | 1), sender], number) = head.split_first_chunk().ok_or(BAD)?
        else {
            return Err(BAD);
        };
        let number = u64::from_be_bytes(number.try_into().map_err(|_| BAD)?);
        let mut body = body.to_vec();
        if confidential == 1 {
            veil(number, &mut body);
        }
        if sender == u8::from(self.accepts) || check != sum(head, &body) {
            return Err(BAD);
        }
        let sequence = match self.services.replay_detection {
            false => Sequence::Expected,
            true => self.numbers().place(number, self.sequencing),
        };
        plain.extend(body);
        Ok(Unwrapped {
            confidential: confidential == 1,
            sequence,
        })
    }

    fn wrap_size_limit(&self, _: bool, token: usize) -> Result<usize, MechanismError> {
        Ok(token.saturating_sub(OVERHEAD))
    }
}
