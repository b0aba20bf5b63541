use std::{fmt, sync::Arc};

use serde::Serialize;
use serde_json::json;

use super::*;
use crate::{admin::Explanation, rules::Asked};

/// Rules that answer with what they were asked.
#[derive(Serialize)]
struct Echo(Value);

impl fmt::Display for Echo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "about {}", self.0["destination"])
    }
}

fn echo(asked: &Asked) -> Explanation {
    let echoed = match asked {
        Asked::Accept(request) => json!({
            "peer": request.peer.to_string(),
            "local": request.local.to_string(),
            "listener": request.listener.as_deref(),
        }),
        Asked::Access(request, remote) => json!({
            "destination": request.destination.to_string(),
            "remote": remote,
            "command": request.command.name(),
            "peer": request.conn.peer.to_string(),
            "local": request.conn.local.to_string(),
            "listener": request.conn.listener.as_deref(),
            "version": request.conn.version.to_string(),
            "user": request.identity.user.as_ref().map(|user| user.to_string()),
            "groups": request.identity.groups.iter().map(|group| &**group).collect::<Vec<_>>(),
            "method": request.identity.method.to_string(),
            "point": format!("{:?}", request.point),
        }),
    };
    Explanation::new(&Echo(echoed))
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
    assert_eq!(answer["text"], "about \"example.org:443\"");
    assert_eq!(
        answer["explanation"],
        json!({
            "destination": "example.org:443", "remote": null, "command": "connect",
            "peer": "unnamed", "local": "unnamed", "listener": null, "version": "socks5",
            "user": null, "groups": [], "method": "none", "point": "Request",
        })
    );
    let form = "destination=[::ffff:192.0.2.1]:80&remote=192.0.2.1&peer=198.51.100.7&local=[2001:db8::1]:1080&\
                listener=in&version=socks4&command=udp-associate&user=a%ff&group=staff&group=all&method=chap&\
                point=udp-reply";
    let request = request("POST", "/rules/explain")
        .body(Body::from(form))
        .unwrap();
    let answer = json(fixture.ask(request).await).await;
    assert_eq!(
        answer["explanation"],
        json!({
            "destination": "192.0.2.1:80", "remote": "192.0.2.1", "command": "udp associate",
            "peer": "198.51.100.7:0", "local": "[2001:db8::1]:1080", "listener": "in",
            "version": "socks4", "user": "a\\xff", "groups": ["staff", "all"], "method": "chap",
            "point": "UdpReply",
        })
    );
    let answer = fixture
        .json("/rules/explain?point=accept&peer=192.0.2.1:5&listener=in")
        .await;
    assert_eq!(
        answer["explanation"],
        json!({ "peer": "192.0.2.1:5", "local": "unnamed", "listener": "in" })
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
        ("destination=a:1&remote=b", "remote: expected an IP address"),
        ("destination=a:1&x=y", "x: unknown"),
        ("point=accept&destination=a:1", "destination: unknown"),
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
