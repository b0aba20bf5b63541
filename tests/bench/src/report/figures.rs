use std::{fmt, fs, thread::available_parallelism};

use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use super::Report;

/// One run: what was measured, and on what.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Figures {
    cores: usize,
    kernel: String,
    /// Processes that wanted a core in the minute before the run.
    load_before: f64,
    elapsed_s: f64,
    pub(crate) reports: Vec<Report>,
}

impl Figures {
    /// Runs `measure`.
    pub(crate) async fn of<E>(
        measure: impl Future<Output = Result<Vec<Report>, E>>,
    ) -> Result<Self, E> {
        let read = |path| fs::read_to_string(path).unwrap_or_default();
        let load = read("/proc/loadavg");
        let load_before = load.split(' ').next().and_then(|load| load.parse().ok());
        // Before anything is pinned.
        let cores = available_parallelism().map_or(1, usize::from);
        let started = Instant::now();
        let reports = measure.await?;
        Ok(Self {
            cores,
            kernel: read("/proc/sys/kernel/osrelease").trim().to_owned(),
            load_before: load_before.unwrap_or(0.0),
            elapsed_s: started.elapsed().as_secs_f64(),
            reports,
        })
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for report in &self.reports {
            writeln!(f, "{report}")?;
        }
        writeln!(
            f,
            "{} cores, Linux {}, load average {} before. Medians (least–most). {:.0} s.",
            self.cores, self.kernel, self.load_before, self.elapsed_s
        )
    }
}
