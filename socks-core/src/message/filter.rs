use core::net::SocketAddr;

/// Judges one resolved address, before it is dialled (`SE-4`, `SE-12`).
///
/// An access controller binds a filter into its [`Permit`](super::Permit); connectors and relays
/// ask it about every address that they are about to use. Addresses come in canonical form:
/// IPv4-mapped ones as IPv4. A closure will do.
pub trait AddressFilter: Send + Sync {
    /// Whether `addr` may be used.
    fn permits(&self, addr: SocketAddr) -> bool;
}

impl<F: Fn(SocketAddr) -> bool + Send + Sync> AddressFilter for F {
    fn permits(&self, addr: SocketAddr) -> bool {
        self(addr)
    }
}
