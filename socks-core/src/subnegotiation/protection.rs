use core::fmt;

use alloc::{sync::Arc, vec::Vec};

/// What a method puts around everything after its sub-negotiation (`R5-54`): a pure transform of
/// octets, such as GSSAPI's per-message protection (RFC 1961 §5).
///
/// On a stream both calls see a byte stream: a message may span frames and a frame may end one
/// message and begin the next (`GS-20`).
pub trait Protection: Send + Sync + fmt::Debug {
    /// Appends `plain`, protected, to `output`, in as many frames as it takes.
    ///
    /// # Errors
    ///
    /// The mechanism failed; the connection cannot go on.
    fn wrap(&mut self, plain: &[u8], output: &mut Vec<u8>) -> Result<(), ProtectionError>;

    /// Consumes whole frames from `input` and appends their content to `plain`; an incomplete
    /// frame stays in `input`.
    ///
    /// # Errors
    ///
    /// A frame is malformed or was tampered with. The connection ends at once and nothing of the
    /// frame is delivered (`GS-22`).
    fn unwrap(&mut self, input: &mut &[u8], plain: &mut Vec<u8>) -> Result<(), ProtectionError>;

    /// Most octets of an incomplete frame, so that a peer cannot make the caller buffer more.
    fn frame_limit(&self) -> usize;

    /// How many octets fill a frame, so that a caller with many hands over as many at a time;
    /// 16 KiB by default, at least 1.
    fn frame_content(&self) -> usize {
        16 * 1024
    }

    /// The same for the datagrams of a UDP ASSOCIATE (`UD-19`). `None`, which is the default, if
    /// the method cannot protect datagrams: then there is no association.
    fn datagrams(&self) -> Option<Arc<dyn DatagramProtection>> {
        None
    }
}

/// What a method puts around each datagram between client and relay: header and data together are
/// one call (`UD-19`, `GS-24`).
///
/// Datagrams get lost and overtake each other, and each one stands for itself.
pub trait DatagramProtection: Send + Sync + fmt::Debug {
    /// Appends `plain`, protected, to `output`.
    ///
    /// # Errors
    ///
    /// The mechanism failed, or `plain` is too long. Nothing is appended, and the datagram is
    /// dropped.
    fn wrap(&self, plain: &[u8], output: &mut Vec<u8>) -> Result<(), ProtectionError>;

    /// Appends what a whole `datagram` protects.
    ///
    /// # Errors
    ///
    /// It is malformed, was tampered with or was there before. Nothing is appended, and it is
    /// dropped silently (`GS-26`).
    fn unwrap(&self, datagram: &[u8], plain: &mut Vec<u8>) -> Result<(), ProtectionError>;

    /// Most octets that a datagram of `datagram` octets can protect (`GS-25`).
    fn capacity(&self, datagram: usize) -> usize;
}

/// Protected octets could not be made or read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProtectionError;

impl fmt::Display for ProtectionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("message protection failed")
    }
}

impl core::error::Error for ProtectionError {}
