use axum::{extract::State, http::header, response::IntoResponse};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder};

use super::state::Admin;

/// Upper ends of the buckets of what is measured in seconds: from a connection on the same machine to a session of a
/// day.
const SECONDS: [f64; 14] = [
    0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0, 30.0, 60.0, 600.0, 3600.0, 86400.0,
];

/// Collects what the `metrics` facade is told.
pub fn builder() -> Result<PrometheusBuilder, BuildError> {
    PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS)
}

/// Prometheus' text format, with what sessions under way have relayed up to now.
pub async fn metrics(State(admin): State<Admin>) -> impl IntoResponse {
    let text = [(
        header::CONTENT_TYPE,
        "text/plain; version=0.0.4; charset=utf-8",
    )];
    admin.metrics.update();
    (text, admin.exporter.render())
}
