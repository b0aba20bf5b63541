use alloc::sync::Arc;

use super::{ConnInfo, Extensions, Identity, Permit};
use crate::{Address, subnegotiation::DatagramProtection};

macro_rules! operation {
    ($(#[$doc:meta])* $name:ident $($(#[$more:meta])* $field:ident: $of:ty)?) => {
        $(#[$doc])*
        #[derive(Clone, Debug)]
        #[non_exhaustive]
        pub struct $name {
            /// The client's connection.
            pub conn: Arc<ConnInfo>,
            /// Who the client is.
            pub identity: Arc<Identity>,
            /// The destination after the access controller had its say; canonical.
            pub destination: Address,
            /// The access controller's conditions. Ask [`Permit::permits_name`] and
            /// [`Permit::permits_for`] before a lookup and about every address.
            pub permit: Permit,
            $($(#[$more])* pub $field: $of,)?
            /// What layers attached.
            pub extensions: Extensions,
        }

        impl $name {
            /// What an access controller has allowed.
            pub fn new(
                conn: Arc<ConnInfo>,
                identity: Arc<Identity>,
                destination: Address,
                permit: Permit,
            ) -> Self {
                Self {
                    conn,
                    identity,
                    destination,
                    permit,
                    $($field: <$of>::default(),)?
                    extensions: Extensions::new(),
                }
            }
        }
    };
}

operation! {
    /// Asks a connector for a TCP connection to the destination (RFC 1928 §6, CONNECT).
    Connect
}

operation! {
    /// Asks a binder to listen for one connection, expected from the destination
    /// (RFC 1928 §6, BIND). The port is a wish for the listening port in SOCKS5 (`BI-3`).
    Bind
}

operation! {
    /// Asks a UDP relayer for an association (RFC 1928 §6, UDP ASSOCIATE). The destination is
    /// where the client says it will send from, often zeros (`UD-3`).
    Associate
    /// What the client's method puts around each datagram between it and the relay (`UD-19`). A
    /// relayer that does this says so in its answer; one that does not is not used.
    protection: Option<Arc<dyn DatagramProtection>>
}
