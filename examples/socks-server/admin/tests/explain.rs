use std::sync::Arc;

use serde_json::json;

use super::*;
use crate::{admin::Explanation, rules::Asked};

/// Rules that answer with what they were asked.
fn echo(asked: &Asked) -> Explanation {
    let Asked::Access(request, resolved) = asked else {
        panic!("{asked:?}");
    };
    assert_eq!(*resolved, None);
    Explanation {
        text: format!("{} to {}", request.command, request.destination),
        explanation: json!({
            "peer": request.conn.peer.to_string(),
            "local": request.conn.local.to_string(),
            "listener": request.conn.listener.as_deref(),
            "version": request.conn.version.to_string(),
            "user": request.identity.user.as_ref().map(|user| user.to_string()),
            "groups": request.identity.groups.iter().map(|group| &**group).collect::<Vec<_>>(),
            "method": request.identity.method.to_string(),
            "point": format!("{:?}", request.point),
        }),
    }
}

#[tokio::test]
async fn without_rules() {
    let response = Fixture::new().get("/rules/explain?destination=a:1").await;
    assert_eq!(response.status(), StatusCode::NOT_FOUND);
    assert!(text(response).await.starts_with("there are no rules"));
}

#[tokio::test]
async fn a_request_is_explained() {
    let fixture = Fixture::with(None, Some(Arc::new(echo)));
    let answer = fixture
        .json("/rules/explain?destination=Example.ORG.:443")
        .await;
    assert_eq!(answer["text"], "connect to example.org:443");
    assert_eq!(
        answer["explanation"],
        json!({
            "peer": "unnamed", "local": "unnamed", "listener": null, "version": "socks5",
            "user": null, "groups": [], "method": "none", "point": "Request",
        })
    );
    let form = "destination=[::ffff:192.0.2.1]:80&peer=198.51.100.7&local=[2001:db8::1]:1080&listener=in&\
                version=socks4&command=udp-associate&user=a%ff&group=staff&group=all&method=chap&point=udp-reply";
    let request = request("POST", "/rules/explain")
        .body(Body::from(form))
        .unwrap();
    let answer = json(fixture.ask(request).await).await;
    assert_eq!(answer["text"], "udp associate to 192.0.2.1:80");
    assert_eq!(
        answer["explanation"],
        json!({
            "peer": "198.51.100.7:0", "local": "[2001:db8::1]:1080", "listener": "in",
            "version": "socks4", "user": "a\\xff", "groups": ["staff", "all"], "method": "chap",
            "point": "UdpReply",
        })
    );
}

#[tokio::test]
async fn mistakes_are_named() {
    let fixture = Fixture::with(None, Some(Arc::new(echo)));
    for (query, why) in [
        ("", "destination: expected HOST:PORT"),
        ("destination=a", "destination: expected HOST:PORT"),
        ("destination=a:b", "destination: expected HOST:PORT"),
        ("destination=127.1:80", "destination: expected HOST:PORT"),
        ("destination=a:1&peer=x", "peer: expected an IP address"),
        (
            "destination=a:1&version=6",
            "version: expected one of socks5, socks4",
        ),
        (
            "destination=a:1&command=x",
            "command: expected one of connect, bind",
        ),
        ("destination=a:1&point=x", "point: expected one of request"),
        ("destination=a:1&method=x", "method: expected one of none"),
        ("destination=a:1&x=y", "x: unknown"),
    ] {
        let response = fixture.get(&format!("/rules/explain?{query}")).await;
        assert_eq!(response.status(), StatusCode::BAD_REQUEST, "{query}");
        let text = text(response).await;
        assert!(text.starts_with(why), "{query}: {text}");
    }
    let long = Body::from(vec![b'a'; 64 * 1024 + 1]);
    let request = request("POST", "/rules/explain").body(long).unwrap();
    let status = fixture.ask(request).await.status();
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
}
