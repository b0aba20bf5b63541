use axum::{
    Router,
    http::StatusCode,
    middleware::{from_fn, from_fn_with_state},
    routing::{delete, get},
};

use super::{
    events, explain, guard, health, metrics, page, refusal::Refusal, sessions, state::Admin,
};

/// Answers requests, which carry the client's `Endpoint` as an extension.
pub fn router(admin: Admin) -> Router {
    let guarded = Router::new()
        .route("/metrics", get(metrics::metrics))
        .route("/sessions", get(sessions::list).delete(sessions::end_user))
        .route("/sessions/{id}", delete(sessions::end_one))
        .route("/events", get(events::events))
        .route(
            "/rules/explain",
            get(explain::by_query).post(explain::by_body),
        )
        .route_layer(from_fn_with_state(admin.clone(), guard::token));
    Router::new()
        .route("/", get(page::page))
        .route("/page/{file}", get(page::file))
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz))
        .merge(guarded)
        .fallback(async || Refusal::new(StatusCode::NOT_FOUND, "nothing is here"))
        .layer(from_fn_with_state(admin.clone(), guard::browser))
        .layer(from_fn(guard::headers))
        .with_state(admin)
}
