use alloc::{sync::Arc, vec::Vec};

/// What a TLS layer in front of the protocol learned: put into
/// [`ConnInfo::extensions`](super::ConnInfo::extensions) by whoever accepts TLS, for access rules
/// and logs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct TlsPeer {
    /// The server name that the client asked for (RFC 6066 §3), in lower case.
    pub server_name: Option<Arc<str>>,
    /// The names of the client's certificate, which was verified: subject alternative names, or
    /// whatever the application takes for one. Empty without a certificate.
    pub names: Vec<Arc<str>>,
}

impl TlsPeer {
    /// A connection over TLS without a client certificate.
    pub const fn new() -> Self {
        Self {
            server_name: None,
            names: Vec::new(),
        }
    }
}
