use std::sync::Arc;

use super::{Rate, Volume};

/// A limit, to be put into [`Limits`](super::Limits): what it counts, and for whom.
///
/// ```
/// use std::num::NonZeroU64;
/// use socks_tower::limit::{Limit, Per, Rate};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let fast = Rate::per_second(NonZeroU64::try_from(10 << 20)?);
/// let limit = Limit::new("users", Per::User).sessions(64).up(fast).down(fast);
/// # let _ = limit;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Limit {
    pub(super) name: Arc<str>,
    pub(super) per: Per,
    pub(super) when_named: bool,
    pub(super) sessions: Option<usize>,
    pub(super) connects: Option<Rate>,
    pub(super) up: Option<Rate>,
    pub(super) down: Option<Rate>,
    pub(super) volume: Option<Volume>,
    pub(super) max_keys: usize,
}

/// Of whom the sessions share a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Per {
    /// All of them.
    Server,
    /// Those that came in by the same listener, by its name; those of listeners without a name are
    /// together.
    Listener,
    /// Those of clients in the same network: so many bits of their addresses. Clients without an
    /// address are together: those on unix sockets, and those on unnamed streams.
    Network {
        /// Bits of an IPv4 address, at most 32.
        v4: u8,
        /// Bits of an IPv6 address, at most 128.
        v6: u8,
    },
    /// Those of members of the same group. Whoever is in several draws from each; a client that is
    /// in none is not limited.
    Group,
    /// Those of the same user. A client without a user is told apart by its network, of 32 bits for
    /// IPv4 and 64 for IPv6: so nobody escapes by not logging in, and nobody locks all others out.
    User,
    /// Each by itself.
    Session,
}

impl Per {
    /// Clients in the same network: an IPv4 address, or 64 bits of an IPv6 address, which one host
    /// commands.
    pub const NETWORK: Self = Self::Network { v4: 32, v6: 64 };

    /// Limits of the whole are told apart from those of one client or user by their reply code
    /// (`SE-20`).
    pub(super) fn is_total(self) -> bool {
        matches!(self, Self::Server | Self::Listener)
    }

    /// Whether it is known before the client has said anything.
    pub(super) fn is_known_at_accept(self) -> bool {
        matches!(self, Self::Server | Self::Listener | Self::Network { .. })
    }

    /// The narrowest first.
    pub(super) fn width(self) -> u8 {
        match self {
            Self::Session => 0,
            Self::User => 1,
            Self::Group => 2,
            Self::Network { .. } => 3,
            Self::Listener => 4,
            Self::Server => 5,
        }
    }
}

impl Limit {
    /// Limits nothing yet, and applies always.
    pub fn new(name: impl Into<Arc<str>>, per: Per) -> Self {
        Self {
            name: name.into(),
            per,
            when_named: false,
            sessions: None,
            connects: None,
            up: None,
            down: None,
            volume: None,
            max_keys: 65_536,
        }
    }

    /// Applies only to sessions whose rule names it
    /// ([`Terms::limits`](socks_core::message::Terms::limits)).
    #[must_use]
    pub const fn when_named(mut self) -> Self {
        self.when_named = true;
        self
    }

    /// Sessions at once (`SE-20`).
    #[must_use]
    pub const fn sessions(mut self, max: usize) -> Self {
        self.sessions = Some(max);
        self
    }

    /// New sessions in a while.
    #[must_use]
    pub const fn connects(mut self, rate: Rate) -> Self {
        self.connects = Some(rate);
        self
    }

    /// Octets of payload from clients to targets.
    #[must_use]
    pub const fn up(mut self, rate: Rate) -> Self {
        self.up = Some(rate);
        self
    }

    /// Octets of payload from targets to clients.
    #[must_use]
    pub const fn down(mut self, rate: Rate) -> Self {
        self.down = Some(rate);
        self
    }

    /// Octets in a day, a week or a month.
    #[must_use]
    pub fn volume(mut self, volume: Volume) -> Self {
        self.volume = Some(volume);
        self
    }

    /// Of how many networks, users or groups it counts each by itself; 65,536 by default, at least 1,
    /// about 300 octets each.
    ///
    /// Nobody is forgotten while that would let somebody have more than the limit. So where there
    /// are more, those who come then share 64 places, each with what the limit gives to one: which one,
    /// nobody outside knows. They may get less than the limit says, and never more.
    #[must_use]
    pub fn max_keys(mut self, max: usize) -> Self {
        self.max_keys = max.max(1);
        self
    }

    /// The name.
    pub fn name(&self) -> &Arc<str> {
        &self.name
    }
}
