use ::metrics::{counter, histogram, with_local_recorder};

use super::*;

#[tokio::test]
async fn ready_until_the_drain() {
    let fixture = Fixture::new();
    for path in ["/healthz", "/readyz"] {
        assert_eq!(fixture.get(path).await.status(), StatusCode::OK);
    }
    fixture.draining.send_replace(true);
    assert_eq!(fixture.get("/healthz").await.status(), StatusCode::OK);
    let response = fixture.get("/readyz").await;
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(text(response).await, "draining\n");
}

/// What the facade is told is there, seconds in buckets.
#[tokio::test]
async fn metrics_are_prometheus_text() {
    let fixture = Fixture::new();
    with_local_recorder(&fixture.recorder, || {
        counter!("things_total", "kind" => "a").increment(3);
        histogram!("wait_seconds").record(0.2);
    });
    let response = fixture.get("/metrics").await;
    let kind = response.headers()[header::CONTENT_TYPE].to_str().unwrap();
    assert!(kind.starts_with("text/plain; version=0.0.4"), "{kind}");
    let text = text(response).await;
    for line in [
        "# TYPE things_total counter",
        "things_total{kind=\"a\"} 3",
        "# TYPE wait_seconds histogram",
        "wait_seconds_bucket{le=\"0.1\"} 0",
        "wait_seconds_bucket{le=\"0.5\"} 1",
        "wait_seconds_count 1",
    ] {
        assert!(text.lines().any(|own| own == line), "{line}\n{text}");
    }
}
