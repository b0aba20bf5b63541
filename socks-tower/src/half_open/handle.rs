use std::sync::Arc;

use super::{
    Throttle,
    counts::{Counts, Limits},
};

/// Looks at a [`HalfOpenLayer`](super::HalfOpenLayer) and its services while they run, and changes
/// their limits. What is open stays.
#[derive(Clone, Debug)]
pub struct HalfOpenHandle(pub(super) Arc<Counts>);

impl HalfOpenHandle {
    /// Half-open connections now.
    pub fn len(&self) -> u32 {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Connections that were refused until now.
    pub fn refused(&self) -> u64 {
        self.0.refused()
    }

    /// The limit for all together; `None` for none.
    pub fn set_total(&self, throttle: impl Into<Option<Throttle>>) {
        let throttle = throttle.into();
        self.0.edit(|limits| limits.total = throttle);
    }

    /// The limit for each client: for each IPv4 address and each IPv6 /64.
    pub fn set_per_client(&self, throttle: impl Into<Option<Throttle>>) {
        let throttle = throttle.into();
        self.0.edit(|limits| limits.per_client = throttle);
    }

    /// Both limits: for all together, and for each client.
    pub fn limits(&self) -> (Option<Throttle>, Option<Throttle>) {
        let Limits { total, per_client } = self.0.limits();
        (total, per_client)
    }
}
