use axum::{extract::State, http::StatusCode};

use super::{refusal::Refusal, state::Admin};

/// The process runs.
pub async fn healthz() -> &'static str {
    "ok\n"
}

/// Clients are accepted.
pub async fn readyz(State(admin): State<Admin>) -> Result<&'static str, Refusal> {
    match admin.is_draining() {
        false => Ok("ok\n"),
        true => Err(Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "draining")),
    }
}
