use std::{future::Future, sync::Arc, time::Duration};

use super::{Usage, UsageStore};
use crate::{
    BoxError,
    limit::{
        Limits, LimitsError, LimitsErrorKind,
        account::{self, Account, Record},
        key::Key,
    },
};

impl Limits {
    /// Reads what was used before. To be called once, before the first session: what sessions have used
    /// already stays as it is. Blocks as long as the store does.
    ///
    /// # Errors
    ///
    /// The store cannot be read. Then nothing is known, and whoever goes on opens used-up volumes again.
    pub fn restore(&self, store: &(impl UsageStore + ?Sized)) -> Result<(), LimitsError> {
        let usages = store
            .load()
            .map_err(|error| LimitsError::with(LimitsErrorKind::Load, error))?;
        let now = account::seconds((self.shared.clock)());
        let mut table = self.shared.table();
        for usage in usages.into_iter().filter(|usage| usage.end > now) {
            let record = Record {
                start: usage.start,
                end: usage.end,
                sent: usage.sent,
                received: usage.received,
            };
            table.restored.insert((usage.limit, usage.key), record);
        }
        Ok(())
    }

    /// Saves what has changed since the last time, and answers how many entries that were. Blocks as long
    /// as the store does; no session waits for it.
    ///
    /// # Errors
    ///
    /// The store could not take them; they are saved with the next call.
    pub fn save(&self, store: &(impl UsageStore + ?Sized)) -> Result<usize, LimitsError> {
        let unsaved = self.unsaved();
        if unsaved.is_empty() {
            return Ok(0);
        }
        let usages: Vec<_> = unsaved.iter().map(|(_, _, usage)| usage.clone()).collect();
        store
            .save(&usages)
            .map_err(|error| LimitsError::with(LimitsErrorKind::Save, error))?;
        for (account, record, _) in &unsaved {
            account.saved(record);
        }
        Ok(unsaved.len())
    }

    fn unsaved(&self) -> Vec<(Arc<Account>, Record, Usage)> {
        let table = self.shared.table();
        let mut unsaved = Vec::new();
        for (_, entry) in &table.entries {
            // Session numbers begin anew with the process.
            let Some(account) = entry
                .account
                .as_ref()
                .filter(|_| !matches!(entry.key, Key::Session(_)))
            else {
                continue;
            };
            if let Some(record) = account.unsaved() {
                let usage = Usage {
                    limit: Arc::clone(&account.limit),
                    key: entry.key.to_text(),
                    start: record.start,
                    end: record.end,
                    sent: record.sent,
                    received: record.received,
                };
                unsaved.push((Arc::clone(account), record, usage));
            }
        }
        unsaved
    }

    /// Saves `every` so often until `shutdown`, and then once more. A save that fails is logged and
    /// tried again the next time; a crash loses what was used since the last one.
    ///
    /// # Errors
    ///
    /// The last save failed.
    ///
    /// # Cancel safety
    ///
    /// Dropping it leaves out the last save.
    pub async fn keep(
        self,
        store: Arc<dyn UsageStore>,
        every: Duration,
        shutdown: impl Future<Output = ()>,
    ) -> Result<(), LimitsError> {
        let mut shutdown = std::pin::pin!(shutdown);
        let every = every.max(Duration::from_millis(100));
        while tokio::time::timeout(every, &mut shutdown).await.is_err() {
            if let Err(error) = self.save_aside(&store).await {
                let source = std::error::Error::source(&error).map(ToString::to_string);
                tracing::warn!(%error, source, "usage of limits not saved");
            }
        }
        self.save_aside(&store).await
    }

    async fn save_aside(&self, store: &Arc<dyn UsageStore>) -> Result<(), LimitsError> {
        let (this, store) = (self.clone(), Arc::clone(store));
        let saved = tokio::task::spawn_blocking(move || this.save(&*store).map(drop)).await;
        let failed = |error: BoxError| LimitsError::with(LimitsErrorKind::Save, error);
        saved.map_err(|error| failed(error.into()))?
    }
}
