use std::{future::poll_fn, sync::Mutex};

use super::*;
use crate::{BoxError, udp::Direction};

/// A store in memory, which fails if it is told to.
#[derive(Debug, Default)]
struct Memory {
    usages: Mutex<Vec<Usage>>,
    saves: Mutex<usize>,
    broken: Mutex<bool>,
}

impl UsageStore for Memory {
    fn load(&self) -> Result<Vec<Usage>, BoxError> {
        match *self.broken.lock().unwrap() {
            true => Err("damaged".into()),
            false => Ok(self.usages.lock().unwrap().clone()),
        }
    }

    fn save(&self, usages: &[Usage]) -> Result<(), BoxError> {
        if *self.broken.lock().unwrap() {
            return Err("disk full".into());
        }
        *self.saves.lock().unwrap() += 1;
        let mut all = self.usages.lock().unwrap();
        all.retain(|old| {
            let same = |new: &Usage| (&new.limit, &new.key) == (&old.limit, &old.key);
            !usages.iter().any(same)
        });
        all.extend_from_slice(usages);
        Ok(())
    }
}

fn limits() -> Limits {
    let volume = Volume::new(Period::Day).total(1000);
    let quota = Limit::new("quota", Per::User).volume(volume.clone());
    let session = Limit::new("session", Per::Session).volume(volume);
    Limits::with_clock([quota, session], clock()).unwrap()
}

async fn moves(limits: &Limits, user: &'static str, octets: usize) -> bool {
    let Ok(permit) = ask(limits, &client(1).user(user)).await else {
        return false;
    };
    let mut flow = meter(&permit).flow(Direction::ToClient);
    let granted = poll_fn(|cx| flow.poll_grant(cx)).await;
    flow.used(octets);
    granted.is_ok()
}

/// What was used is known after a restart, to those who ask again and to the rules; a period that is
/// over meanwhile is not.
#[tokio::test(start_paused = true)]
async fn survives_a_restart() {
    let store = Memory::default();
    let before = limits();
    assert!(moves(&before, "alice", 990).await && moves(&before, "bob", 400).await);
    assert_eq!(before.save(&store).unwrap(), 2);
    assert_eq!(before.save(&store).unwrap(), 0, "nothing has changed");
    assert!(moves(&before, "alice", 10).await);
    assert_eq!(before.save(&store).unwrap(), 1);
    let usages = store.usages.lock().unwrap().clone();
    let alice = usages
        .iter()
        .find(|usage| usage.key == "user=alice")
        .unwrap();
    assert_eq!((alice.sent, alice.received), (0, 1000));
    assert_eq!(alice.end - alice.start, 86_400);

    let after = limits();
    after.restore(&store).unwrap();
    assert!(!moves(&after, "alice", 1).await);
    assert!(moves(&after, "bob", 600).await && !moves(&after, "bob", 1).await);
    assert!(moves(&after, "carol", 1).await);

    let tomorrow = limits();
    later(86_400).await;
    tomorrow.restore(&store).unwrap();
    assert!(moves(&tomorrow, "alice", 1).await);
}

/// A store that cannot be read is told before anybody is let in.
#[tokio::test(start_paused = true)]
async fn a_damaged_store_is_told() {
    let store = Memory::default();
    *store.broken.lock().unwrap() = true;
    let error = limits().restore(&store).unwrap_err();
    assert_eq!(*error.kind(), LimitsErrorKind::Load);
    assert_eq!(
        std::error::Error::source(&error).unwrap().to_string(),
        "damaged"
    );
}

/// Saved from time to time, again after a failure, and a last time at the end.
#[tokio::test(start_paused = true)]
async fn is_kept() {
    let store = Arc::new(Memory::default());
    let limits = limits();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let kept: Arc<dyn UsageStore> = Arc::clone(&store) as _;
    let keeping = limits.clone().keep(kept, Duration::from_secs(10), async {
        let _ = stopped.await;
    });
    let keeping = tokio::spawn(keeping);
    let received = || {
        let usages = store.usages.lock().unwrap();
        usages.iter().map(|usage| usage.received).sum::<u64>()
    };
    assert!(moves(&limits, "alice", 1).await);
    tokio::time::sleep(Duration::from_secs(11)).await;
    assert_eq!(received(), 1);
    assert!(moves(&limits, "alice", 2).await);
    *store.broken.lock().unwrap() = true;
    tokio::time::sleep(Duration::from_secs(10)).await;
    *store.broken.lock().unwrap() = false;
    assert_eq!(received(), 1);
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert_eq!(received(), 3);
    assert!(moves(&limits, "bob", 4).await);
    drop(stop);
    keeping.await.unwrap().unwrap();
    assert_eq!(received(), 7);
}

mod file {
    use std::fs;

    use super::*;

    fn usage(key: &str, received: u64) -> Usage {
        Usage {
            limit: "quota".into(),
            key: key.into(),
            start: 1_767_225_600,
            end: i64::MAX,
            sent: 1,
            received,
        }
    }

    /// A file keeps what was used over restarts of the process, of which one at a time uses it.
    #[tokio::test(start_paused = true)]
    async fn keeps_usage() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("usage");
        let store = UsageFile::open(&path).unwrap();
        assert!(store.load().unwrap().is_empty());
        assert!(UsageFile::open(&path).is_err());
        store
            .save(&[usage("user=a", 1), usage("user=b", 2)])
            .unwrap();
        store.save(&[usage("user=a", 3)]).unwrap();
        let over = Usage {
            end: 1_767_225_600 - 365 * 86_400,
            ..usage("user=c", 1)
        };
        store.save(&[over]).unwrap();
        drop(store);
        // What a crash in the middle of a save leaves is of no concern.
        fs::write(folder.path().join("usage.new"), "socks-tower us").unwrap();
        let store = UsageFile::open(&path).unwrap();
        let usages = store.load().unwrap();
        assert_eq!(usages, [usage("user=a", 3), usage("user=b", 2)]);
        let limits = limits();
        limits.restore(&store).unwrap();
        assert!(moves(&limits, "a", 996).await && !moves(&limits, "a", 1).await);
        limits.save(&store).unwrap();
    }

    /// A damaged file is told, wherever it was cut or written over, and stays as it is.
    #[test]
    fn tells_of_damage() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("usage");
        let store = UsageFile::open(&path).unwrap();
        let usages: Vec<_> = (0..20).map(|number| usage("user=", number)).collect();
        store.save(&usages).unwrap();
        drop(store);
        let whole = fs::read(&path).unwrap();
        let tells = |octets: &[u8]| {
            fs::write(&path, octets).unwrap();
            let error = UsageFile::open(&path).unwrap_err();
            assert_eq!(*error.kind(), LimitsErrorKind::Load);
            assert!(fs::read(&path).unwrap() == octets);
        };
        tells(&vec![0; whole.len()]);
        tells(&[&*whole, b"\n"].concat());
        for place in 0..whole.len() {
            tells(whole.get(..place).unwrap());
            let mut damaged = whole.clone();
            damaged[place] ^= 1;
            tells(&damaged);
        }
        fs::write(&path, &whole).unwrap();
        assert_eq!(UsageFile::open(&path).unwrap().load().unwrap().len(), 1);
    }
}
