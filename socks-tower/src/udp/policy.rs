/// From which port of the client's address datagrams are accepted (`UD-6`, `SE-30`). The address
/// is always that of its control connection (`UD-5`).
///
/// Only a valid datagram fixes the port: its header decodes and its FRAG is acceptable.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ClientPin {
    /// The port of the first valid datagram, for good. A client that named its own address as the
    /// server sees it, and a port, is not behind address translation: then it is that port alone,
    /// and nobody else on its address can be faster (`SE-30`).
    #[default]
    FirstValid,
    /// The port that the request named, if it named one, whatever address came with it; else as
    /// [`FirstValid`](Self::FirstValid). Clients behind address translation that name a port fail.
    Declared,
    /// Any port, and replies go to the one that sent last. Everybody who shares the client's
    /// address shares the association.
    AnyPort,
}

/// Which senders a relay accepts datagrams for the client from (`UD-33`, in the terms of
/// RFC 4787 §5). An address counts for 300 seconds after the client has last sent to it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ReplyPolicy {
    /// Every sender that the permit's filter lets the client send to: by its address, or because the
    /// client has sent to it. What listens behind the
    /// client is reachable from outside; strangers may use the relay against it (`SE-26`).
    AnyRemote,
    /// Addresses that the client has sent to, from any port.
    #[default]
    AddressRestricted,
    /// Addresses and ports that the client has sent to.
    AddressAndPortRestricted,
}
