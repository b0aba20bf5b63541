use core::fmt;

use alloc::vec::Vec;

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
