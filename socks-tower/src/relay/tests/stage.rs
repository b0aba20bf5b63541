use super::{
    link::{Link, Way},
    pattern::Flow,
};
use crate::relay::AdaptiveRelay;

/// What a direction is doing when something happens to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// Nothing has been said.
    Fresh,
    /// Everything that was said was copied, and has arrived.
    Copying,
    /// The sink does not read, and what it did not take is kept in memory.
    HeldInMemory,
    /// The last that was said was spliced, and everything has arrived.
    Splicing,
    /// The sink does not read, and a pipe holds what it did not take.
    HeldInPipe,
}

impl Stage {
    pub(super) const ALL: [Self; 5] = [
        Self::Fresh,
        Self::Copying,
        Self::HeldInMemory,
        Self::Splicing,
        Self::HeldInPipe,
    ];

    /// A link with a direction at this stage.
    pub(super) async fn reach(self, way: Way, flow: &mut Flow) -> Link {
        self.reach_with(AdaptiveRelay::new(), way, flow).await
    }

    pub(super) async fn reach_with(self, relay: AdaptiveRelay, way: Way, flow: &mut Flow) -> Link {
        let splices = matches!(self, Self::Splicing | Self::HeldInPipe);
        let relay = relay.splice(self != Self::HeldInMemory);
        let mut link = Link::over(relay, Some(64 * 1024), |c| c, |t| t).await;
        if self != Self::Fresh {
            link.carry(way, flow, 1000).await;
        }
        if splices {
            while link.spliced() == 0 {
                assert!(flow.said.at < 64 << 20, "it was never spliced");
                link.carry(way, flow, 1 << 20).await;
            }
        }
        if matches!(self, Self::HeldInMemory | Self::HeldInPipe) {
            flow.said.stuff(link.ends(way).0).await;
        }
        assert_eq!(link.spliced() > 0, splices, "{self:?}");
        assert_eq!(link.piped() > 0, self == Self::HeldInPipe, "{self:?}");
        link
    }
}
