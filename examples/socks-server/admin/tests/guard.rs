use super::*;

/// The status of a request with these headers in place of `Host: localhost`.
async fn status(fixture: &Fixture, method: &str, path: &str, headers: &[(&str, &str)]) -> u16 {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Body::empty()).unwrap();
    fixture.ask(request).await.status().as_u16()
}

/// A name that somebody points to this machine is not answered; only addresses and `localhost` are.
#[tokio::test]
async fn rebound_names() {
    let fixture = Fixture::new();
    for (host, expected) in [
        ("localhost", 200),
        ("LOCALHOST:9080", 200),
        ("127.0.0.1:9080", 200),
        ("[::1]:9080", 200),
        ("192.0.2.1", 200),
        ("evil.example", 421),
        ("evil.example:9080", 421),
        ("localhost.evil.example", 421),
        ("127.0.0.1.evil.example", 421),
        ("localhost.", 421),
        ("", 400),
        ("a b", 400),
        ("user@localhost", 400),
    ] {
        for path in ["/sessions", "/", "/metrics", "/healthz", "/nothing"] {
            let found = status(&fixture, "GET", path, &[("host", host)]).await;
            let expected = match (path, expected) {
                ("/nothing", 200) => 404,
                _ => expected,
            };
            assert_eq!(found, expected, "{host} {path}");
        }
    }
    assert_eq!(status(&fixture, "GET", "/sessions", &[]).await, 400);
    let two = [("host", "localhost"), ("host", "evil.example")];
    assert_eq!(status(&fixture, "GET", "/sessions", &two).await, 400);
    let host = [("host", "localhost")];
    let absolute = status(&fixture, "GET", "http://evil.example/sessions", &host).await;
    assert_eq!(absolute, 421);
}

/// What a browser sends for another site ends nothing and reads nothing.
#[tokio::test]
async fn other_sites() {
    let fixture = Fixture::new();
    let origin = |origin| [("host", "localhost:9080"), ("origin", origin)];
    for (origin_is, expected) in [
        ("http://localhost:9080", 200),
        ("https://localhost:9080", 200),
        ("http://localhost:8080", 403),
        ("http://localhost", 403),
        ("http://evil.example", 403),
        ("http://evil.example/http://localhost:9080", 403),
        ("null", 403),
        ("", 403),
    ] {
        let found = status(&fixture, "DELETE", "/sessions?user=a", &origin(origin_is)).await;
        assert_eq!(found, expected, "{origin_is}");
    }
    let post = status(
        &fixture,
        "POST",
        "/rules/explain",
        &origin("http://evil.example"),
    )
    .await;
    assert_eq!(post, 403);
    for (site, expected) in [
        ("same-origin", 200),
        ("none", 200),
        ("same-site", 403),
        ("cross-site", 403),
        ("anything", 403),
    ] {
        for (method, path) in [
            ("DELETE", "/sessions?user=a"),
            ("GET", "/sessions"),
            ("GET", "/events"),
            ("GET", "/metrics"),
        ] {
            let headers = [("host", "localhost"), ("sec-fetch-site", site)];
            let found = status(&fixture, method, path, &headers).await;
            assert_eq!(found, expected, "{site} {path}");
        }
    }
    // A link leads to the page, and to nothing else.
    let link = [
        ("host", "localhost"),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-mode", "navigate"),
    ];
    assert_eq!(status(&fixture, "GET", "/", &link).await, 200);
    assert_eq!(status(&fixture, "GET", "/sessions", &link).await, 403);
    assert_eq!(status(&fixture, "POST", "/", &link).await, 403);
}

/// Every answer keeps scripts, frames and caches of others out, refusals too.
#[tokio::test]
async fn headers_of_every_answer() {
    let fixture = Fixture::new();
    let refused = Request::get("/").body(Body::empty()).unwrap();
    for response in [
        fixture.get("/").await,
        fixture.get("/page/page.js").await,
        fixture.get("/sessions").await,
        fixture.get("/nothing").await,
        fixture.delete("/sessions").await,
        fixture.ask(refused).await,
    ] {
        let header = |name| response.headers()[name].to_str().unwrap();
        let policy = header("content-security-policy");
        assert!(policy.starts_with("default-src 'none';"), "{policy}");
        assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
        assert!(
            !policy.contains("unsafe") && !policy.contains("http"),
            "{policy}"
        );
        assert_eq!(header("x-content-type-options"), "nosniff");
        assert_eq!(header("x-frame-options"), "DENY");
        assert_eq!(header("cache-control"), "no-store");
        assert_eq!(header("cross-origin-resource-policy"), "same-origin");
        assert!(
            !response
                .headers()
                .contains_key("access-control-allow-origin")
        );
    }
}

const TOKEN: &str = "0123456789abcdef";

/// With a token nothing is told and nothing is ended without it; what is open to all tells nothing. Names of hosts do not count
/// then, since whoever rebinds one has no token.
#[tokio::test]
async fn token() {
    let fixture = Fixture::with(Some(TOKEN), None);
    let right = format!("Bearer {TOKEN}");
    let lower = format!("bearer  {TOKEN}");
    for (authorization, expected) in [
        (Some(right.as_str()), 200),
        (Some(&lower), 200),
        (None, 401),
        (Some(TOKEN), 401),
        (Some("Bearer"), 401),
        (Some("Bearer "), 401),
        (Some("Bearer 0123456789abcde"), 401),
        (Some("Bearer 0123456789abcdef0"), 401),
        (Some("Bearer 0123456789abcdeF"), 401),
        (Some("Basic MDEyMzQ1Njc4OWFiY2RlZg=="), 401),
    ] {
        let mut headers = vec![("host", "proxy.example")];
        headers.extend(authorization.map(|value| ("authorization", value)));
        for (method, path) in [
            ("GET", "/sessions"),
            ("GET", "/metrics"),
            ("GET", "/events"),
            ("DELETE", "/sessions?user=a"),
        ] {
            let found = status(&fixture, method, path, &headers).await;
            assert_eq!(found, expected, "{authorization:?} {path}");
        }
        let explain = status(&fixture, "GET", "/rules/explain", &headers).await;
        assert_eq!(explain == 401, expected == 401);
    }
    for path in ["/", "/page/page.js", "/healthz", "/readyz"] {
        assert_eq!(
            status(&fixture, "GET", path, &[("host", "proxy.example")]).await,
            200
        );
    }
    let response = fixture.get("/sessions").await;
    assert_eq!(response.headers()[header::WWW_AUTHENTICATE], "Bearer");
}

/// SE-34: a token shows in no debug formatting, and one that could be guessed is none.
#[test]
fn tokens() {
    let token = Token::new(&Secret::from(TOKEN)).unwrap();
    assert_eq!(format!("{token:?}"), "[redacted]");
    assert!(token.is(TOKEN.as_bytes()) && !token.is(b""));
    for bad in [
        "",
        "0123456789abcde",
        "0123456789 abcdef",
        "0123456789abcd\u{e9}",
    ] {
        let error = Token::new(&Secret::from(bad)).unwrap_err();
        assert!(bad.is_empty() || !error.contains(bad), "{error}");
    }
}
