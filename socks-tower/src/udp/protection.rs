use socks_core::{message::Associate, subnegotiation::Protection};

/// Makes the protection of an association's datagrams, for a method that encapsulates (`UD-19`):
/// the one that the authenticator left in the identity's extensions, say. `None` for clear
/// datagrams. A closure will do.
///
/// Each datagram is one call: whole frames in, header and data together out (`GS-24`). A datagram
/// that is not consumed to its end is dropped. Frames must allow for datagrams that are lost or
/// overtaken.
pub trait MakeDatagramProtection: Send + Sync {
    /// The protection for this association.
    fn make(&self, associate: &Associate) -> Option<Box<dyn Protection>>;
}

impl<F> MakeDatagramProtection for F
where
    F: Fn(&Associate) -> Option<Box<dyn Protection>> + Send + Sync,
{
    fn make(&self, associate: &Associate) -> Option<Box<dyn Protection>> {
        self(associate)
    }
}
