//! The admin address without a process; `examples/tests/admin.rs` has the rest.

mod connection;
mod events;
mod explain;
mod guard;
mod health;
mod page;
mod sessions;
mod settings;

use std::convert::Infallible;

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{Request, StatusCode, header},
    response::Response,
};
use metrics_exporter_prometheus::PrometheusRecorder;
use serde_json::Value;
use socks_core::{
    Method, Secret,
    message::{AuthRequest, Authentication, Endpoint, Identity},
};
use socks_tower::{Sessions, SocksService, TcpConnector};
use support::{Peer, Script, Server, Target};
use tokio::sync::watch;
use tower::{Layer, ServiceExt, service_fn};

use super::{explain::Explain, metrics, router::router, state::Admin, token::Token};
use crate::pipeline::Watch;

/// An admin address, with what it looks at.
struct Fixture {
    sessions: Sessions,
    draining: watch::Sender<bool>,
    recorder: PrometheusRecorder,
    router: Router,
}

impl Fixture {
    fn new() -> Self {
        Self::with(None, None)
    }

    fn with(token: Option<&str>, explain: Option<Explain>) -> Self {
        let watch = Watch::default();
        let sessions = watch.sessions.clone();
        let (draining, drains) = watch::channel(false);
        let recorder = metrics::builder().unwrap().build_recorder();
        let token = token.map(|token| Token::new(&Secret::from(token)).unwrap());
        let admin = Admin::new(watch, recorder.handle(), token, drains, explain);
        Self {
            sessions,
            draining,
            recorder,
            router: router(admin),
        }
    }

    async fn ask(&self, mut request: Request<Body>) -> Response {
        request.extensions_mut().insert(Endpoint::Unnamed);
        self.router.clone().oneshot(request).await.unwrap()
    }

    async fn get(&self, path: &str) -> Response {
        self.ask(request("GET", path).body(Body::empty()).unwrap())
            .await
    }

    async fn delete(&self, path: &str) -> Response {
        self.ask(request("DELETE", path).body(Body::empty()).unwrap())
            .await
    }

    async fn json(&self, path: &str) -> Value {
        json(self.get(path).await).await
    }

    /// A server whose sessions it looks at. Every login is right; without one nobody gets in.
    async fn server(&self) -> Server {
        let login = service_fn(|request: AuthRequest| async move {
            let name = request.credentials.username().unwrap_or_default().to_vec();
            let identity = Identity::user(&*name, Method::USERNAME_PASSWORD).group("staff");
            Ok::<_, Infallible>(Authentication::Accepted(identity))
        });
        let socks = SocksService::new(TcpConnector::new()).authenticator(login);
        Server::start(self.sessions.layer().layer(socks)).await
    }
}

fn request(method: &str, path: &str) -> axum::http::request::Builder {
    Request::builder()
        .method(method)
        .uri(path)
        .header(header::HOST, "localhost:9080")
}

async fn text(response: Response) -> String {
    let octets = to_bytes(response.into_body(), 1 << 24).await.unwrap();
    String::from_utf8(octets.to_vec()).unwrap()
}

async fn json(response: Response) -> Value {
    let (status, text) = (response.status(), text(response).await);
    assert_eq!(status, StatusCode::OK, "{text}");
    serde_json::from_str(&text).unwrap()
}

/// A login with any octets for a name.
fn login(name: &[u8]) -> Script {
    let mut octets = vec![1, u8::try_from(name.len()).unwrap()];
    octets.extend(name);
    octets.extend([1, b'x']);
    let script = Peer::script().greet([2]).expect_method(2);
    script.send(octets).expect([1, 0])
}

/// An open tunnel of this user to the target.
async fn tunnel(server: &Server, name: &[u8], target: &Target) -> Peer {
    let script = login(name).connect(&target.addr.to_string());
    script.expect_reply(0).run(server.addr).await
}
