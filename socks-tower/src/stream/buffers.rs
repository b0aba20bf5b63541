use std::{
    io,
    ops::{Deref, DerefMut},
};

use bytes::{BufMut, Bytes};
use tokio::io::{AsyncRead, AsyncReadExt};
use zeroize::Zeroize;

/// The octets of a handshake, on either side of it: what has arrived and is not used yet, and what
/// is to be sent.
///
/// Both hold passwords at times: what was used is wiped at once, the rest when they are dropped
/// (`UP-23`).
pub(crate) struct Buffers {
    pub(crate) input: Wiped,
    pub(crate) output: Wiped,
}

impl Buffers {
    /// The longest message of any handshake fits without growing, so no password is left behind in
    /// a buffer that was outgrown (`SE-16`).
    pub(crate) const CAPACITY: usize = 1024;

    /// `output` is room for what is to be sent.
    pub(crate) fn new(output: usize) -> Self {
        Self {
            input: Wiped(Vec::with_capacity(Self::CAPACITY)),
            output: Wiped(Vec::with_capacity(output)),
        }
    }

    /// Runs one step of a state machine over what has arrived.
    pub(crate) fn step<T>(&mut self, step: impl FnOnce(&mut &[u8], &mut Vec<u8>) -> T) -> T {
        let mut rest = self.input.as_slice();
        let result = step(&mut rest, &mut self.output);
        let used = self.input.len() - rest.len();
        self.use_up(used);
        result
    }

    fn use_up(&mut self, octets: usize) {
        let len = self.input.len();
        self.input.copy_within(octets.., 0);
        if let Some(used) = self.input.get_mut(len - octets..) {
            used.zeroize();
        }
        self.input.truncate(len - octets);
    }

    /// Reads what there is, until at most `limit` octets wait. Cancel safe.
    pub(crate) async fn read(
        &mut self,
        stream: &mut (impl AsyncRead + Unpin),
        limit: usize,
    ) -> io::Result<usize> {
        let input = &mut self.input;
        if input.len() == input.capacity() {
            // Only early data gets here. It may hold no password, but its buffer may have.
            let mut larger = Vec::with_capacity(limit.min(input.len() * 4));
            larger.extend_from_slice(input);
            input.wipe();
            **input = larger;
        }
        let room = limit.saturating_sub(input.len());
        let room = room.min(input.capacity() - input.len());
        stream.read_buf(&mut (&mut **input).limit(room)).await
    }

    /// What was read too far.
    pub(crate) fn early(&self) -> Bytes {
        match self.input.is_empty() {
            true => Bytes::new(),
            false => Bytes::copy_from_slice(&self.input),
        }
    }
}

/// Octets that are wiped when they go. What a `Vec` has room for beyond its length was never filled
/// or is wiped already, so only its length is looked at: wiping all of it would cost more than all the
/// rest of a handshake's parsing.
pub(crate) struct Wiped(Vec<u8>);

impl Wiped {
    pub(crate) fn wipe(&mut self) {
        self.0.as_mut_slice().zeroize();
        self.0.clear();
    }
}

impl Drop for Wiped {
    fn drop(&mut self) {
        self.wipe();
    }
}

impl Deref for Wiped {
    type Target = Vec<u8>;

    fn deref(&self) -> &Vec<u8> {
        &self.0
    }
}

impl DerefMut for Wiped {
    fn deref_mut(&mut self) -> &mut Vec<u8> {
        &mut self.0
    }
}
