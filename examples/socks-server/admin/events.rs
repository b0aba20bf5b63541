//! `/events`: what the page shows, as server-sent events.

use std::{cmp::Reverse, convert::Infallible, str::FromStr, time::Duration};

use axum::{
    extract::State,
    http::StatusCode,
    response::sse::{Event, Sse},
};
use futures_util::{Stream, stream};
use serde::Serialize;
use socks_tower::sessions::Measured;
use tokio::{
    sync::OwnedSemaphorePermit,
    time::{Interval, MissedTickBehavior, interval},
};
use tracing::warn;

use super::{
    query::Query,
    refusal::Refusal,
    row::{Each, Row},
    sampler::Sample,
    state::Admin,
};

/// How the server is at a moment.
#[derive(Debug, Serialize)]
struct Now {
    /// Whether no more clients are accepted.
    draining: bool,
    /// Sessions under way in all.
    total: usize,
    /// Those that were chosen; `sessions` has the first of them.
    matched: usize,
    /// Octets of all sessions since the start.
    octets: Each<u64>,
    /// Octets a second of all sessions.
    rate: Each<f64>,
    sessions: Vec<Row>,
}

/// What is looked at.
struct View {
    filter: Option<String>,
    limit: usize,
    sort: Sort,
}

#[derive(Clone, Copy)]
enum Sort {
    /// The newest first.
    Started,
    /// Those that relay the most.
    Rate,
    /// Those that have relayed the most.
    Octets,
}

impl FromStr for Sort {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "started" => Ok(Self::Started),
            "rate" => Ok(Self::Rate),
            "octets" => Ok(Self::Octets),
            _ => Err(()),
        }
    }
}

const MAX: usize = 500;
const PERIOD: Duration = Duration::from_secs(1);

/// An event each second, named `now`. `limit` (200, at most 500) sessions that have the text `filter` in who or where to,
/// by `sort`: `started` (the newest first), `rate` or `octets`.
pub async fn events(
    State(admin): State<Admin>,
    mut query: Query,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Refusal> {
    let view = View {
        filter: query
            .text("filter")?
            .filter(|part| !part.is_empty())
            .map(|part| part.to_ascii_lowercase()),
        limit: query
            .value("limit", "a number from 1 to 500")?
            .unwrap_or(200),
        sort: query
            .value("sort", "started, rate or octets")?
            .unwrap_or(Sort::Started),
    };
    query.end()?;
    if !(1..=MAX).contains(&view.limit) {
        return Err(Refusal::bad("limit: expected a number from 1 to 500"));
    }
    let place = admin.streams.clone().try_acquire_owned().map_err(|_| {
        let why = "too many pages look already";
        Refusal::new(StatusCode::SERVICE_UNAVAILABLE, why)
    })?;
    let mut ticks = interval(PERIOD);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let watcher = Watcher {
        admin,
        view,
        ticks,
        _place: place,
    };
    Ok(Sse::new(stream::unfold(watcher, |mut watcher| async {
        watcher.ticks.tick().await;
        let event = watcher.event()?;
        Some((Ok(event), watcher))
    })))
}

struct Watcher {
    admin: Admin,
    view: View,
    ticks: Interval,
    _place: OwnedSemaphorePermit,
}

impl Watcher {
    fn event(&self) -> Option<Event> {
        let sample = self.admin.sampler.sample();
        let now = self.view.of(&sample, self.admin.is_draining());
        Event::default()
            .event("now")
            .json_data(now)
            .inspect_err(|error| warn!(%error, "an event cannot be written"))
            .ok()
    }
}

impl View {
    fn of(&self, sample: &Sample, draining: bool) -> Now {
        let mut order: Vec<&Measured> = sample.sessions.iter().collect();
        // Sorting is stable, and those that relay nothing keep the order that they came in.
        order.reverse();
        match self.sort {
            Sort::Started => {}
            Sort::Rate => {
                let key = |measured: &&Measured| measured.rate.sent + measured.rate.received;
                order.sort_by(|a, b| key(b).total_cmp(&key(a)));
            }
            Sort::Octets => order.sort_by_key(|measured| {
                Reverse(
                    measured
                        .octets
                        .sent
                        .saturating_add(measured.octets.received),
                )
            }),
        }
        let (matched, sessions) = match &self.filter {
            None => {
                let first = order.iter().take(self.limit);
                (order.len(), first.map(|measured| row(measured)).collect())
            }
            Some(part) => {
                let mut rows = Vec::new();
                let mut matched = 0;
                for row in order.into_iter().map(row).filter(|row| row.has(part)) {
                    matched += 1;
                    if rows.len() < self.limit {
                        rows.push(row);
                    }
                }
                (matched, rows)
            }
        };
        Now {
            draining,
            total: sample.sessions.len(),
            matched,
            octets: sample.octets.into(),
            rate: sample.rate.into(),
            sessions,
        }
    }
}

fn row(measured: &Measured) -> Row {
    Row::new(&measured.live, measured.rate)
}
