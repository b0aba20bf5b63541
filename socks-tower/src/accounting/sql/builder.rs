use std::{fmt, time::Duration};

use socks_core::Secret;

use super::{
    SqlAccount, SqlAccountError,
    database::{Database, Table},
    writer::Settings,
};

/// Settings of an [`SqlAccount`].
#[must_use = "a builder does nothing until it builds"]
pub struct SqlAccountBuilder {
    url: Secret,
    table: String,
    create: bool,
    queue: usize,
    settings: Settings,
}

impl SqlAccountBuilder {
    pub(super) fn new(url: Secret) -> Self {
        Self {
            url,
            table: "socks_accounting".into(),
            create: false,
            queue: 8192,
            settings: Settings::default(),
        }
    }

    /// The table's name, `socks_accounting` by default: letters, digits, `_`, and a `.` behind a
    /// schema.
    pub fn table(mut self, name: impl Into<String>) -> Self {
        self.table = name.into();
        self
    }

    /// Creates the table if it is not there, when the first event is written. Off by default.
    pub fn create_table(mut self, create: bool) -> Self {
        self.create = create;
        self
    }

    /// Events that may wait, 8192 by default and at least 1; one more is dropped and counted.
    pub fn queue(mut self, events: usize) -> Self {
        self.queue = events.max(1);
        self
    }

    /// Events that are written together, by one statement: 256 by default, 1 to 1000.
    pub fn batch(mut self, events: usize) -> Self {
        self.settings.batch = events.clamp(1, 1000);
        self
    }

    /// For each attempt to write a batch, connecting included. 5 s by default.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.settings.timeout = timeout;
        self
    }

    /// How often a batch is tried again, 8 times by default, after 100 ms and twice as long each
    /// time up to 5 s; then it is lost, and counted.
    pub fn retries(mut self, retries: u32) -> Self {
        self.settings.retries = retries;
        self
    }

    /// Starts the thread, which connects when there is something to write.
    ///
    /// # Errors
    ///
    /// If the URL is of no database that is known here, if the table's name is none, or if the
    /// system has no thread.
    pub fn build(self) -> Result<SqlAccount, SqlAccountError> {
        let table = Table::new(&self.table, self.create)?;
        let database = Database::new(&self.url, table, self.settings.timeout)?;
        SqlAccount::start(database, self.queue, self.settings)
    }
}

impl fmt::Debug for SqlAccountBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqlAccountBuilder")
            .field("table", &self.table)
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}
