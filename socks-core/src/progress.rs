/// What a state of a handshake makes of the input it was given.
///
/// States are consumed by each step, so that a message cannot be read twice or out of order.
#[derive(Debug)]
pub enum Progress<S, N> {
    /// The same state again: it wants more octets.
    NeedInput(S),
    /// The next state: one message was consumed from the input.
    Next(N),
}

impl<S, N> Progress<S, N> {
    /// The next state, if it was reached.
    pub fn next(self) -> Option<N> {
        match self {
            Self::NeedInput(_) => None,
            Self::Next(next) => Some(next),
        }
    }
}
