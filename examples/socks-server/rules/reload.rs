use std::{
    fs,
    path::PathBuf,
    time::{Duration, SystemTime},
};

use socks_acl::{Acl, SafeDefault};
use socks_tower::{Sessions, limit::Limits};
use tokio::{
    task::spawn_blocking,
    time::{Instant, MissedTickBehavior, interval, sleep},
};
use tracing::{info, warn};

use super::{Prepared, judged::judge, turns::Turns};
use crate::hangup::Hangups;

/// Between two looks at the files.
const EVERY: Duration = Duration::from_secs(1);

/// After a failure they are read again even if they look the same: what they name may be there by then, or
/// there were too many open files.
const AGAIN: Duration = Duration::from_secs(10);

/// By how much the time of a change may be behind the clock.
const COARSE: Duration = Duration::from_millis(20);

/// Keeps an [`Acl`] as its files are: looks at them every second, and reads them at once on SIGHUP.
pub struct Reload {
    prepared: Prepared,
    safe_default: SafeDefault,
    acl: Acl,
    sessions: Sessions,
    limits: Option<Limits>,
    files: Vec<PathBuf>,
    /// When it was begun to read them.
    read: SystemTime,
}

impl Reload {
    /// Reads the rules.
    pub fn new(
        prepared: Prepared,
        safe_default: SafeDefault,
        sessions: Sessions,
        limits: Option<Limits>,
    ) -> Result<Self, String> {
        let read = SystemTime::now();
        let loaded = prepared.load(safe_default.clone())?;
        let mut reload = Self {
            acl: Acl::new(loaded.rules),
            files: loaded.files,
            prepared,
            safe_default,
            sessions,
            limits,
            read,
        };
        for warning in reload.acl.rules().warnings() {
            warn!(%warning, "rules");
        }
        reload.try_out()?;
        Ok(reload)
    }

    pub fn acl(&self) -> Acl {
        self.acl.clone()
    }

    /// Looks after them for ever.
    pub async fn watch(mut self) {
        let acl = self.acl();
        tokio::spawn(async move { acl.keep_time(sleep).await });
        let mut hangups = Hangups::listen();
        let mut looks = interval(EVERY);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (mut known, mut seen) = self.look().await;
        let mut failed: Option<(Instant, String)> = None;
        loop {
            let asked = tokio::select! {
                () = hangups.next() => true,
                _ = looks.tick() => false,
            };
            let now = stamps(self.files.clone()).await;
            // A file that is being written still changes from look to look.
            let settled = now == seen;
            seen.clone_from(&now);
            let again = failed.as_ref();
            let again = again.is_some_and(|(since, _)| since.elapsed() >= AGAIN);
            if !asked && !(settled && (again || now != known)) {
                continue;
            }
            known = now;
            let files = self.files.clone();
            let result = match spawn_blocking(move || (self.read_again(), self)).await {
                Ok((result, reload)) => {
                    self = reload;
                    result
                }
                Err(error) => return warn!(%error, "the rules are not read any more"),
            };
            let before = failed.take().map(|(_, error)| error);
            if let Err(error) = result {
                if asked || before.as_ref() != Some(&error) {
                    warn!(%error, "the rules stay as they were");
                }
                failed = Some((Instant::now(), error));
            }
            if self.files != files {
                (known, seen) = self.look().await;
            }
        }
    }

    /// What files that were read for the first time looked like then, which is not known if one was changed
    /// since; and what they look like now.
    async fn look(&self) -> (Vec<Stamp>, Vec<Stamp>) {
        let now = stamps(self.files.clone()).await;
        let since = self.read.checked_sub(COARSE).unwrap_or(self.read);
        let changed = |stamp: &Stamp| {
            let modified = stamp.and_then(|(modified, _, _)| modified);
            modified.is_some_and(|modified| modified >= since)
        };
        match now.iter().any(changed) {
            true => (Vec::new(), now),
            false => (now.clone(), now),
        }
    }

    /// All or nothing: whatever is wrong, the old rules stay.
    fn read_again(&mut self) -> Result<(), String> {
        self.read = SystemTime::now();
        let loaded = self.prepared.load(self.safe_default.clone())?;
        for warning in loaded.rules.warnings() {
            warn!(%warning, "rules");
        }
        let rules = loaded.rules.len();
        self.files = loaded.files;
        self.acl.replace(loaded.rules);
        let judge = judge(self.acl.clone(), self.limits.clone(), self.prepared.refused);
        let judged = self.sessions.judge_again(judge);
        info!(
            rules,
            kept = judged.kept,
            cut = judged.cut,
            drained = judged.drained,
            "rules read again"
        );
        if let Err(error) = self.try_out() {
            warn!(%error, "no rules are tried out");
        }
        Ok(())
    }

    /// Judges with the rules on trial beside, if there are any, and tells where they differ.
    fn try_out(&mut self) -> Result<(), String> {
        match self.prepared.load_trial(self.safe_default.clone()) {
            None => self.acl.without_shadow(),
            Some(Ok(loaded)) => {
                self.files.extend(loaded.files);
                let turns = Turns::default();
                self.acl.shadow(loaded.rules, move |difference| {
                    if let Some(left_out) = turns.next(Instant::now()) {
                        info!(%difference, left_out, "trial rules");
                    }
                });
            }
            Some(Err(error)) => {
                self.acl.without_shadow();
                // It is looked at again even if it is not there.
                self.files.extend(self.prepared.trial().cloned());
                return Err(format!("trial rules: {error}"));
            }
        }
        Ok(())
    }
}

/// What a file looks like from outside; `None` if it is not there.
type Stamp = Option<(Option<SystemTime>, u64, u64)>;

async fn stamps(files: Vec<PathBuf>) -> Vec<Stamp> {
    let stamps = spawn_blocking(move || files.iter().map(stamp).collect());
    stamps.await.unwrap_or_default()
}

fn stamp(path: &PathBuf) -> Stamp {
    let metadata = fs::metadata(path).ok()?;
    #[cfg(unix)]
    let inode = std::os::unix::fs::MetadataExt::ino(&metadata);
    #[cfg(not(unix))]
    let inode = 0;
    Some((metadata.modified().ok(), metadata.len(), inode))
}
