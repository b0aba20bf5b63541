use std::{
    fmt,
    pin::Pin,
    sync::Weak,
    task::{Context, Poll},
    time::Duration,
};

use tokio::{task, time};

/// Looks after a file again and again. Spawn it; it ends when nothing uses the file any more.
///
/// It asks for the file's times, length and inode at each interval, which works with editors that
/// rename, ConfigMaps that move a symlink, and NFS, each of which notifications miss in some case.
/// A change counts once it is the same at two looks, so it takes up to two intervals.
///
/// # Cancel safety
///
/// Dropped, it looks no more; what was read stays.
#[must_use = "futures do nothing unless polled"]
pub struct Watch(Pin<Box<dyn Future<Output = ()> + Send>>);

impl Watch {
    pub(super) fn new<T: Send + Sync + 'static>(
        file: Weak<T>,
        every: Duration,
        look: fn(&T),
    ) -> Self {
        // An interval of nothing would keep a thread busy.
        let every = every.max(Duration::from_millis(10));
        Self(Box::pin(async move {
            loop {
                time::sleep(every).await;
                let Some(file) = file.upgrade() else { return };
                // The file system may be a slow one. Fails only as the runtime ends.
                if task::spawn_blocking(move || look(&file)).await.is_err() {
                    return;
                }
            }
        }))
    }
}

impl Future for Watch {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.0.as_mut().poll(cx)
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch").finish_non_exhaustive()
    }
}
