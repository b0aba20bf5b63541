use std::fmt;

use serde::Serialize;

use super::{
    contender::{FORWARDER, OURS, WITHOUT_OFFLOAD},
    load::Outcome,
};
use crate::cpu::CpuTime;

/// One measurement. A datagram is one that came back: relayed twice.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Sample {
    per_second: f64,
    cpu_us: f64,
    /// The share of it that the kernel took.
    system_us: f64,
    /// Cores that the server kept busy.
    busy: f64,
    lost: u64,
    late: u64,
    wrong: u64,
}

impl Sample {
    pub(super) fn new(outcome: Outcome, cpu: CpuTime) -> Self {
        let (echoed, elapsed) = (outcome.echoed as f64, outcome.elapsed.as_secs_f64());
        Self {
            per_second: echoed / elapsed,
            cpu_us: cpu.total() * 1e6 / echoed,
            system_us: cpu.system * 1e6 / echoed,
            busy: cpu.total() / elapsed,
            lost: outcome.sent - outcome.echoed,
            late: outcome.late,
            wrong: outcome.wrong,
        }
    }
}

/// What was measured about one server in one case.
#[derive(Debug, Serialize)]
struct Row {
    server: &'static str,
    samples: Vec<Sample>,
}

impl Row {
    fn median(&self, of: impl Fn(&Sample) -> f64) -> f64 {
        let sorted = self.sorted(of);
        let (low, high) = (sorted.len().saturating_sub(1) / 2, sorted.len() / 2);
        let at = |index: usize| sorted.get(index).copied().unwrap_or(f64::NAN);
        (at(low) + at(high)) / 2.0
    }

    fn sorted(&self, of: impl Fn(&Sample) -> f64) -> Vec<f64> {
        let mut sorted: Vec<_> = self.samples.iter().map(of).collect();
        sorted.sort_by(f64::total_cmp);
        sorted
    }

    fn summary(&self) -> Summary {
        let cpu = self.sorted(|sample| sample.cpu_us);
        Summary {
            server: self.server,
            per_second: self.median(|sample| sample.per_second),
            cpu_us: self.median(|sample| sample.cpu_us),
            cpu_us_least: cpu.first().copied().unwrap_or(f64::NAN),
            cpu_us_most: cpu.last().copied().unwrap_or(f64::NAN),
            system_us: self.median(|sample| sample.system_us),
            busy: self.median(|sample| sample.busy),
            lost: self.samples.iter().map(|sample| sample.lost).sum(),
            late: self.samples.iter().map(|sample| sample.late).sum(),
            wrong: self.samples.iter().map(|sample| sample.wrong).sum(),
            rate_to_best_peer: None,
            cpu_to_best_peer: None,
        }
    }
}

/// So many octets a datagram, so many associations.
#[derive(Debug, Serialize)]
pub(super) struct Case {
    pub(super) octets: usize,
    pub(super) associations: usize,
    rows: Vec<Row>,
}

impl Case {
    pub(super) fn new(octets: usize, associations: usize) -> Self {
        Self {
            octets,
            associations,
            rows: Vec::new(),
        }
    }

    pub(super) fn add(&mut self, server: &'static str, sample: Sample) {
        match self.rows.iter_mut().find(|row| row.server == server) {
            Some(row) => row.samples.push(sample),
            None => self.rows.push(Row {
                server,
                samples: vec![sample],
            }),
        }
        // Whoever came first in the first round.
        self.rows
            .sort_by_key(|row| (row.server != OURS, row.server == FORWARDER));
    }
}

/// Medians of all rounds, losses of all together.
#[derive(Debug, Serialize)]
struct Summary {
    server: &'static str,
    per_second: f64,
    cpu_us: f64,
    cpu_us_least: f64,
    cpu_us_most: f64,
    system_us: f64,
    busy: f64,
    lost: u64,
    late: u64,
    wrong: u64,
    /// Of the peer with the most datagrams a second: more than 1 is faster.
    rate_to_best_peer: Option<f64>,
    /// Of the peer with the least: less than 1 is cheaper.
    cpu_to_best_peer: Option<f64>,
}

#[derive(Debug, Serialize)]
struct Summaries {
    octets: usize,
    associations: usize,
    servers: Vec<Summary>,
}

/// What datagrams cost the servers.
#[derive(Debug, Serialize)]
pub(crate) struct Figures {
    pinned: bool,
    window: u16,
    medians: Vec<Summaries>,
    samples: Vec<Case>,
}

impl Figures {
    pub(super) fn new(pinned: bool, window: u16, samples: Vec<Case>) -> Self {
        Self {
            pinned,
            window,
            medians: samples.iter().map(Summaries::new).collect(),
            samples,
        }
    }
}

impl Summaries {
    fn new(case: &Case) -> Self {
        let mut servers: Vec<_> = case.rows.iter().map(Row::summary).collect();
        let peers = servers.iter();
        let peers =
            peers.filter(|server| ![OURS, WITHOUT_OFFLOAD, FORWARDER].contains(&server.server));
        let (rates, costs): (Vec<_>, Vec<_>) =
            peers.map(|peer| (peer.per_second, peer.cpu_us)).unzip();
        let rate = rates.into_iter().reduce(f64::max);
        let cost = costs.into_iter().reduce(f64::min);
        for server in &mut servers {
            server.rate_to_best_peer = rate.map(|best| server.per_second / best);
            server.cpu_to_best_peer = cost.map(|best| server.cpu_us / best);
        }
        Self {
            octets: case.octets,
            associations: case.associations,
            servers,
        }
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cores = match self.pinned {
            true => "servers on one core, the load on the others",
            false => "servers and load wherever the system puts them",
        };
        writeln!(
            f,
            "{cores}; {} datagrams on their way in each association",
            self.window
        )?;
        for case in &self.medians {
            writeln!(
                f,
                "\n{:<24} {:>12} {:>7} {:>8} {:>15} {:>7} {:>7} {:>6} {:>7}",
                format!("{} octets, {} assoc.", case.octets, case.associations),
                "datagrams/s",
                "ratio",
                "CPU us",
                "least-most",
                "kernel",
                "ratio",
                "cores",
                "lost",
            )?;
            for server in &case.servers {
                let ratio = |ratio: Option<f64>| match ratio {
                    Some(ratio) => format!("{ratio:.2}"),
                    None => "-".into(),
                };
                writeln!(
                    f,
                    "{:<24} {:>12.0} {:>7} {:>8.2} {:>15} {:>7.2} {:>7} {:>6.2} {:>7}",
                    server.server,
                    server.per_second,
                    ratio(server.rate_to_best_peer),
                    server.cpu_us,
                    format!("{:.2}-{:.2}", server.cpu_us_least, server.cpu_us_most),
                    server.system_us,
                    ratio(server.cpu_to_best_peer),
                    server.busy,
                    server.lost,
                )?;
                for (count, how) in [(server.late, "late"), (server.wrong, "wrong")] {
                    if count > 0 {
                        writeln!(f, "{:<24} {count} came back {how}", "")?;
                    }
                }
            }
        }
        writeln!(
            f,
            "\nA datagram is one that came back. Medians; ratios to the best peer of the case."
        )
    }
}
