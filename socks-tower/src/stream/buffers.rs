use std::io;

use bytes::{BufMut, Bytes};
use tokio::io::{AsyncRead, AsyncReadExt};
use zeroize::{Zeroize, Zeroizing};

/// The octets of a handshake, on either side of it: what has arrived and is not used yet, and what
/// is to be sent.
///
/// Both hold passwords at times: what was used is wiped at once, the rest when they are dropped
/// (`UP-23`).
pub(crate) struct Buffers {
    pub(crate) input: Zeroizing<Vec<u8>>,
    pub(crate) output: Zeroizing<Vec<u8>>,
}

impl Buffers {
    /// The longest message of any handshake fits without growing, so no password is left behind in
    /// a buffer that was outgrown (`SE-16`).
    pub(crate) const CAPACITY: usize = 1024;

    /// `output` is room for what is to be sent.
    pub(crate) fn new(output: usize) -> Self {
        Self {
            input: Zeroizing::new(Vec::with_capacity(Self::CAPACITY)),
            output: Zeroizing::new(Vec::with_capacity(output)),
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
        let input = &mut *self.input;
        if input.len() == input.capacity() {
            // Only early data gets here. It may hold no password, but its buffer may have.
            let mut larger = Vec::with_capacity(limit.min(input.len() * 4));
            larger.extend_from_slice(input);
            input.zeroize();
            *input = larger;
        }
        let room = limit.saturating_sub(input.len());
        let room = room.min(input.capacity() - input.len());
        stream.read_buf(&mut input.limit(room)).await
    }

    /// What was read too far.
    pub(crate) fn early(&self) -> Bytes {
        match self.input.is_empty() {
            true => Bytes::new(),
            false => Bytes::copy_from_slice(&self.input),
        }
    }
}
