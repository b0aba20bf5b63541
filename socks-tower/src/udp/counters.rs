use std::{
    fmt,
    sync::atomic::{AtomicU64, Ordering},
};

macro_rules! reasons {
    ($($(#[$doc:meta])* $variant:ident => $name:literal,)+) => {
        /// Why a datagram was not relayed.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum DropReason {
            $($(#[$doc])* $variant,)+
        }

        impl DropReason {
            /// Every reason there is.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// One word for logs and metric labels.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                }
            }
        }
    };
}

reasons! {
    /// From the client's side: not the client's address or port (`UD-16`).
    Foreign => "foreign",
    /// From the client: protection that does not open, or that was there before (`GS-24`,
    /// `GS-26`). Towards it: what does not fit into a protected datagram (`GS-25`).
    Protection => "protection",
    /// From the client: header cut short, unknown ATYP, empty datagram (`UD-26`).
    Malformed => "malformed",
    /// From the client: a fragment that is not wanted, does not fit or came too late (`UD-25`).
    Fragment => "fragment",
    /// From the client: a name that breaks the rules (`UD-27`).
    Name => "name",
    /// From the client: destination port 0 (`UD-29`).
    PortZero => "port_zero",
    /// From the client: the permit refuses the destination (`UD-28`); from outside: it refuses the
    /// sender, with `AnyRemote` as a destination, or as a sender of replies.
    NotPermitted => "not_permitted",
    /// From the client: one destination too many (`SE-28`).
    Targets => "targets",
    /// From the client: one lookup or one waiting datagram too many (`UD-32`).
    Lookups => "lookups",
    /// From the client: the name did not resolve, or not in time (`UD-32`).
    Unresolved => "unresolved",
    /// From outside: the client has not written there (`UD-33`).
    Unsolicited => "unsolicited",
    /// Either way: the application's filter said so (`UD-34`).
    Filtered => "filtered",
    /// Either way: above the configured rate (`SE-28`).
    Rate => "rate",
    /// Either way: the system had no room for it while it waited for its turn, as limits say. Known on
    /// Linux, of associations with limits, from the next datagram on.
    Unread => "unread",
    /// Either way: longer than a datagram can be (`UD-36`).
    Oversize => "oversize",
    /// Either way: the system had no room to send.
    Congested => "congested",
    /// Either way: any other error of a socket, such as one that ICMP reported (`UD-39`).
    Socket => "socket",
}

/// Datagrams of one association, readable while it runs.
#[derive(Default)]
pub struct UdpCounters {
    sent: AtomicU64,
    received: AtomicU64,
    dropped: [AtomicU64; DropReason::ALL.len()],
}

impl UdpCounters {
    /// Datagrams relayed from the client.
    pub fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    /// Datagrams relayed to the client.
    pub fn received(&self) -> u64 {
        self.received.load(Ordering::Relaxed)
    }

    /// Datagrams dropped for this reason. What the kernel drops because a socket's peer is fixed is
    /// not seen, and what it drops because a buffer is full only where there are limits
    /// ([`Unread`](DropReason::Unread)).
    pub fn dropped(&self, reason: DropReason) -> u64 {
        let count = self.dropped.get(reason as usize);
        count.map_or(0, |count| count.load(Ordering::Relaxed))
    }

    pub(crate) fn add_sent(&self) {
        self.sent.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn add_received(&self) {
        self.received.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn drop_one(&self, reason: DropReason) {
        self.drop_many(reason, 1);
    }

    pub(crate) fn drop_many(&self, reason: DropReason, datagrams: usize) {
        if let Some(count) = self.dropped.get(reason as usize) {
            count.fetch_add(datagrams as u64, Ordering::Relaxed);
        }
    }
}

/// Shows the reasons that occurred.
impl fmt::Debug for UdpCounters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("UdpCounters");
        debug.field("sent", &self.sent());
        debug.field("received", &self.received());
        for reason in DropReason::ALL {
            let dropped = self.dropped(*reason);
            if dropped > 0 {
                debug.field(reason.name(), &dropped);
            }
        }
        debug.finish()
    }
}
