use std::{io, time::Duration};

use tokio::time::{Instant, sleep_until};
use tracing::{debug, info, warn};

const FIRST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// How long accepting must go well before an episode counts as over. A server at its limit fails
/// again and again as sessions come and go; that is one warning, not a flood of them.
const CALM: Duration = Duration::from_secs(1);
/// So many connections lost within [`CALM`], with none accepted between, are no bad luck but an
/// error that stays, such as a sandbox that forbids the call.
const MOST_LOST: u32 = 100;

/// Pauses accepting while descriptors or memory are short (`SE-17`).
///
/// The pause is what keeps the sessions under way alive: their replies and closes need no new
/// descriptor, and what they give back is theirs until the pause is over.
#[derive(Debug, Default)]
pub(super) struct Backoff {
    resume_at: Option<Instant>,
    /// The latest pause; the next one is twice as long.
    pause: Duration,
    episode: Option<Episode>,
    lost: u32,
    lost_since: Option<Instant>,
}

#[derive(Debug)]
struct Episode {
    began: Instant,
    last_failure: Instant,
    failures: u64,
}

impl Backoff {
    /// Waits until the pause is over.
    ///
    /// # Cancel safety
    ///
    /// The end of the pause is a point in time: who waits again does not wait longer.
    pub(super) async fn wait(&mut self) {
        if let Some(at) = self.resume_at {
            sleep_until(at).await;
            self.resume_at = None;
        }
    }

    pub(super) fn exhausted(&mut self, error: &io::Error) {
        let now = Instant::now();
        self.pause = self
            .pause
            .saturating_mul(2)
            .clamp(FIRST_PAUSE, LONGEST_PAUSE);
        self.resume_at = Some(now + self.pause);
        let episode = self.episode.get_or_insert_with(|| {
            warn!(%error, "accept paused");
            Episode {
                began: now,
                last_failure: now,
                failures: 0,
            }
        });
        episode.last_failure = now;
        episode.failures += 1;
    }

    pub(super) fn lost(&mut self, error: &io::Error) {
        debug!(%error, "connection lost before accept");
        let now = Instant::now();
        if self.lost_since.is_none_or(|since| now - since > CALM) {
            self.lost_since = Some(now);
            self.lost = 0;
        }
        self.lost += 1;
        if self.lost > MOST_LOST {
            self.exhausted(error);
        }
    }

    pub(super) fn accepted(&mut self) {
        self.pause = Duration::ZERO;
        self.lost = 0;
        if let Some(episode) = self.episode.take_if(|e| e.last_failure.elapsed() >= CALM) {
            let lasted = episode.last_failure - episode.began;
            info!(failures = episode.failures, ?lasted, "accept resumed");
        }
    }
}
