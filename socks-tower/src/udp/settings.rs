use std::{fmt, net::IpAddr, ops::RangeInclusive, sync::Arc, time::Duration};

use socks_core::message::Egress;

use super::{AdvertiseRelay, ClientPin, MakeDatagramFilter, ReplyPolicy, fragments::Reassembly};

/// What an [`UdpRelay`](super::UdpRelay) is set to.
#[derive(Clone)]
pub(super) struct Settings {
    pub(super) bind_v4: Option<IpAddr>,
    pub(super) bind_v6: Option<IpAddr>,
    pub(super) ports: Option<RangeInclusive<u16>>,
    pub(super) advertise: Option<Arc<dyn AdvertiseRelay>>,
    pub(super) unnamed: Option<IpAddr>,
    pub(super) egress: Egress,
    pub(super) ipv6: bool,
    pub(super) segmentation_offload: bool,
    pub(super) pin: ClientPin,
    pub(super) replies: ReplyPolicy,
    pub(super) max_targets: usize,
    pub(super) idle: Duration,
    pub(super) lifetime: Option<Duration>,
    pub(super) datagram_rate: Option<u64>,
    pub(super) octet_rate: Option<u64>,
    pub(super) reassembly: Option<Reassembly>,
    pub(super) names: NameLimits,
    pub(super) filter: Option<Arc<dyn MakeDatagramFilter>>,
}

/// Bounds of the lookups of one association (`UD-32`).
#[derive(Clone, Copy, Debug)]
pub(super) struct NameLimits {
    /// Under way at a time.
    pub(super) lookups: usize,
    /// Datagrams a name.
    pub(super) waiting: usize,
    /// Octets of all datagrams that wait.
    pub(super) waiting_octets: usize,
    /// How long a datagram waits.
    pub(super) patience: Duration,
    /// Names whose answers are kept.
    pub(super) answers: usize,
    pub(super) answers_live: Duration,
}

impl Default for NameLimits {
    fn default() -> Self {
        Self {
            lookups: 8,
            waiting: 8,
            waiting_octets: 256 * 1024,
            patience: Duration::from_secs(5),
            answers: 64,
            answers_live: Duration::from_secs(30),
        }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            bind_v4: None,
            bind_v6: None,
            ports: None,
            advertise: None,
            unnamed: None,
            egress: Egress::new(),
            ipv6: true,
            segmentation_offload: true,
            pin: ClientPin::default(),
            replies: ReplyPolicy::default(),
            max_targets: 1024,
            idle: Duration::from_secs(300),
            lifetime: None,
            datagram_rate: None,
            octet_rate: None,
            reassembly: None,
            names: NameLimits::default(),
            filter: None,
        }
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("bind_v4", &self.bind_v4)
            .field("bind_v6", &self.bind_v6)
            .field("ports", &self.ports)
            .field("advertise", &self.advertise.is_some())
            .field("unnamed", &self.unnamed)
            .field("egress", &self.egress)
            .field("ipv6", &self.ipv6)
            .field("segmentation_offload", &self.segmentation_offload)
            .field("pin", &self.pin)
            .field("replies", &self.replies)
            .field("max_targets", &self.max_targets)
            .field("idle", &self.idle)
            .field("lifetime", &self.lifetime)
            .field("datagram_rate", &self.datagram_rate)
            .field("octet_rate", &self.octet_rate)
            .field("reassembly", &self.reassembly)
            .field("names", &self.names)
            .field("filter", &self.filter.is_some())
            .finish()
    }
}
