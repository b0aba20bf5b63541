use std::time::Duration;

use tokio::time::Instant;

/// `duration` after `start`, or far away if that is more than a clock can say: a setting of
/// [`Duration::MAX`] means "never" and not a panic.
pub(crate) fn after(start: Instant, duration: Duration) -> Instant {
    const FAR: Duration = Duration::from_secs(60 * 60 * 24 * 365);
    start + duration.min(FAR)
}

/// `duration` from now on.
pub(crate) fn from_now(duration: Duration) -> Instant {
    after(Instant::now(), duration)
}
