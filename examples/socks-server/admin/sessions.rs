//! `/sessions`.

use axum::{
    Json,
    extract::{Extension, Path, State},
    http::StatusCode,
};
use serde::Serialize;
use socks_core::{
    UserName,
    message::{Endpoint, SessionId},
};
use socks_tower::sessions::EndReason;
use tracing::info;

use super::{
    query::Query,
    refusal::Refusal,
    row::{Each, Row},
    state::Admin,
};

/// Some of the sessions, the oldest first.
#[derive(Debug, Serialize)]
pub struct Page {
    /// Sessions under way in all.
    total: usize,
    /// Octets of all sessions since the start, those that have ended too.
    octets: Each<u64>,
    /// Octets a second of all sessions.
    rate: Each<f64>,
    /// Over how many seconds rates are the mean; null if those are over each session's whole time, and that of all
    /// is not known.
    interval: Option<f64>,
    sessions: Vec<Row>,
    /// `after` of the next page; null if this is the last one.
    next: Option<u64>,
}

/// How many sessions a page has, at most.
const MAX: usize = 1000;

/// `limit` (100, at most 1000) sessions with a number above `after`: numbers grow, so a list that is read page by page
/// neither repeats nor skips a session, whatever comes and goes meanwhile. `user` chooses those of a user, exactly,
/// and `filter` those that have a text in who or where to.
pub async fn list(State(admin): State<Admin>, mut query: Query) -> Result<Json<Page>, Refusal> {
    let after = query
        .value("after", "the number of a session")?
        .map(SessionId);
    let limit = query
        .value("limit", "a number from 1 to 1000")?
        .unwrap_or(100);
    let user = query.octets("user");
    let filter = query.text("filter")?.map(|part| part.to_ascii_lowercase());
    query.end()?;
    if !(1..=MAX).contains(&limit) {
        return Err(Refusal::bad("limit: expected a number from 1 to 1000"));
    }
    let sample = admin.sampler.sample();
    // The reading may be a moment old: rates are taken from it, and who is there is not.
    let all = admin.sessions.list();
    let mut chosen = all
        .iter()
        .filter(|live| after.is_none_or(|after| live.id() > after))
        .filter(|live| user.as_ref().is_none_or(|user| live.is_user(user)))
        .map(|live| (live.id(), Row::new(live, sample.rate_of(live.id()))))
        .filter(|(_, row)| filter.as_ref().is_none_or(|part| row.has(part)));
    let mut last = None;
    let sessions = chosen.by_ref().take(limit).map(|(id, row)| {
        last = Some(id.0);
        row
    });
    let sessions: Vec<_> = sessions.collect();
    Ok(Json(Page {
        total: all.len(),
        octets: admin.sessions.octets().into(),
        rate: sample.rate.into(),
        interval: sample.interval.map(|interval| interval.as_secs_f64()),
        sessions,
        next: chosen.next().and(last),
    }))
}

/// How many sessions were told to end.
#[derive(Debug, Serialize)]
pub struct Ended {
    ended: usize,
}

/// Ends one.
pub async fn end_one(
    State(admin): State<Admin>,
    Extension(peer): Extension<Endpoint>,
    Path(id): Path<String>,
    query: Query,
) -> Result<Json<Ended>, Refusal> {
    query.end()?;
    let id = id
        .parse()
        .map(SessionId)
        .map_err(|_| Refusal::bad("expected the number of a session"))?;
    if !admin.sessions.end(id, EndReason::Administrator) {
        let why = format!("no session {id}, or it is about to end");
        return Err(Refusal::new(StatusCode::NOT_FOUND, why));
    }
    info!(session = %id, by = %peer, "ended by the administrator");
    Ok(Json(Ended { ended: 1 }))
}

/// Ends all of a user, none if there are none. Without a user it is a mistake and ends nobody.
pub async fn end_user(
    State(admin): State<Admin>,
    Extension(peer): Extension<Endpoint>,
    mut query: Query,
) -> Result<Json<Ended>, Refusal> {
    let user = query.octets("user").filter(|user| !user.is_empty());
    query.end()?;
    let Some(user) = user else {
        return Err(Refusal::bad("user: expected the user whose sessions end"));
    };
    let ended = admin.sessions.end_user(&user, EndReason::Administrator);
    info!(user = %UserName::from(&*user), sessions = ended, by = %peer, "ended by the administrator");
    Ok(Json(Ended { ended }))
}
