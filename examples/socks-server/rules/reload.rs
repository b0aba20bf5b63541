use std::{
    fs,
    path::PathBuf,
    time::{Duration, SystemTime},
};

use socks_acl::{Acl, SafeDefault};
use socks_core::{
    Command,
    message::{AcceptRequest, AccessPoint},
};
use socks_tower::{
    Sessions,
    sessions::{Judgement, Live},
};
use tokio::{
    task::spawn_blocking,
    time::{MissedTickBehavior, interval, sleep},
};
use tracing::{info, warn};

use super::{Prepared, RefusedSessions};
use crate::hangup::Hangups;

/// Between two looks at the files.
const EVERY: Duration = Duration::from_secs(1);

/// Keeps an [`Acl`] as its files are: looks at them every second, and reads them at once on SIGHUP.
pub struct Reload {
    prepared: Prepared,
    safe_default: SafeDefault,
    acl: Acl,
    sessions: Sessions,
    files: Vec<PathBuf>,
}

impl Reload {
    /// Reads the rules.
    pub fn new(
        prepared: Prepared,
        safe_default: SafeDefault,
        sessions: Sessions,
    ) -> Result<Self, String> {
        let loaded = prepared.load(safe_default.clone())?;
        let mut reload = Self {
            acl: Acl::new(loaded.rules),
            files: loaded.files,
            prepared,
            safe_default,
            sessions,
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
        let mut known = stamps(self.files.clone()).await;
        let mut seen = known.clone();
        loop {
            let asked = tokio::select! {
                () = hangups.next() => true,
                _ = looks.tick() => false,
            };
            let now = stamps(self.files.clone()).await;
            // A file that is being written still changes from look to look.
            let settled = now == seen;
            seen.clone_from(&now);
            if !asked && (now == known || !settled) {
                continue;
            }
            known = now;
            let files = self.files.clone();
            match spawn_blocking(move || (self.read_again(), self)).await {
                Ok((result, reload)) => {
                    self = reload;
                    if let Err(error) = result {
                        warn!(%error, "the rules stay as they were");
                    }
                }
                Err(error) => return warn!(%error, "the rules are not read any more"),
            }
            if self.files != files {
                known = stamps(self.files.clone()).await;
                seen.clone_from(&known);
            }
        }
    }

    /// All or nothing: whatever is wrong, the old rules stay.
    fn read_again(&mut self) -> Result<(), String> {
        let loaded = self.prepared.load(self.safe_default.clone())?;
        for warning in loaded.rules.warnings() {
            warn!(%warning, "rules");
        }
        let rules = loaded.rules.len();
        self.files = loaded.files;
        self.acl.replace(loaded.rules);
        let judge = judge(self.acl.clone(), self.prepared.refused);
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
                self.acl
                    .shadow(loaded.rules, |difference| info!(%difference, "trial rules"));
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

/// What the rules in force say of a session under way: of the client, of what it asked for, and of where
/// that has led.
fn judge(
    acl: Acl,
    refused: RefusedSessions,
) -> impl Fn(&Live) -> Judgement + Send + Sync + 'static {
    move |live| match allows(&acl, live) {
        true => Judgement::Keep,
        false => refused.judgement(),
    }
}

fn allows(acl: &Acl, live: &Live) -> bool {
    let now = live.snapshot();
    let mut accepted = AcceptRequest::new(live.id(), now.peer, now.local);
    accepted.listener = now.listener;
    if let Some(conn) = &now.conn {
        accepted.direct = conn.direct;
        accepted.extensions = conn.extensions.clone();
    }
    if !acl.judge_accept(&accepted).allowed {
        return false;
    }
    let Some(request) = live.access_request() else {
        return true;
    };
    match (request.command, now.remote) {
        (Command::Bind, Some(peer)) => {
            let peer_request = request.clone();
            let mut peer_request = peer_request.at(AccessPoint::BindPeer);
            peer_request.destination = peer.into();
            acl.judge(&request, None).allowed && acl.judge(&peer_request, None).allowed
        }
        (_, remote) => {
            acl.judge(&request, remote.map(|remote| remote.ip()))
                .allowed
        }
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
