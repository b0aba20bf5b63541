use alloc::sync::Arc;

use super::{Endpoint, Extensions, SessionId};

/// Asks whether a client may connect at all, before it has said anything (`SE-1`).
///
/// The answer is a [`Verdict`](super::Verdict). Of its permit the guard, the terms and the
/// extensions count; a refusal is a close without a word, whatever its code (`SE-19`).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct AcceptRequest {
    /// Number of the session.
    pub id: SessionId,
    /// The client's end of the connection.
    pub peer: Endpoint,
    /// The server's end.
    pub local: Endpoint,
    /// Whether both are the ends of the very TCP connection that was accepted (`ID-3`).
    pub direct: bool,
    /// The configured name of the listener.
    pub listener: Option<Arc<str>>,
    /// What layers before this one learned: a TLS peer, a PROXY header.
    pub extensions: Extensions,
}

impl AcceptRequest {
    /// A connection between two endpoints, which are not known to be [`direct`](Self::direct).
    pub fn new(id: SessionId, peer: Endpoint, local: Endpoint) -> Self {
        Self {
            id,
            peer,
            local,
            direct: false,
            listener: None,
            extensions: Extensions::new(),
        }
    }
}
