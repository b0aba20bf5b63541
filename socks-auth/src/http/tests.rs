use std::{error::Error, num::NonZeroUsize, sync::Arc, time::Duration};

use socks_core::{
    Method, Secret, UserName,
    message::{
        AuthRequest, Authentication, ConnInfo, Credentials, Endpoint, Identity, SessionId, Version,
    },
};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    sync::{mpsc, oneshot},
};
use tower::ServiceExt;

use super::{Http, HttpBuilder, HttpError};
use crate::BoxError;

/// A request as it came, and where to send the answer.
struct Asked {
    connection: usize,
    head: String,
    body: serde_json::Value,
    answer: oneshot::Sender<String>,
}

/// A scripted HTTP service.
struct Service {
    url: String,
    asked: mpsc::UnboundedReceiver<Asked>,
}

impl Service {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/login", listener.local_addr().unwrap());
        let (tell, asked) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            for connection in 0.. {
                let (stream, _) = listener.accept().await.unwrap();
                tokio::spawn(serve(stream, connection, tell.clone()));
            }
        });
        Self { url, asked }
    }

    fn builder(&self) -> HttpBuilder {
        Http::builder(&*self.url)
    }

    async fn asked(&mut self) -> Asked {
        self.asked.recv().await.unwrap()
    }
}

async fn serve(stream: TcpStream, connection: usize, tell: mpsc::UnboundedSender<Asked>) {
    let mut stream = BufReader::new(stream);
    loop {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if stream.read_line(&mut head).await.unwrap_or(0) == 0 {
                return;
            }
        }
        let lower = head.to_ascii_lowercase();
        let length = lower.split_once("content-length: ").unwrap().1;
        let length = length.split_once('\r').unwrap().0.parse().unwrap();
        let mut body = vec![0; length];
        stream.read_exact(&mut body).await.unwrap();
        let (answer, answered) = oneshot::channel();
        let asked = Asked {
            connection,
            head,
            body: serde_json::from_slice(&body).unwrap(),
            answer,
        };
        if tell.send(asked).is_err() {
            return;
        }
        let Ok(answer) = answered.await else { return };
        stream.write_all(answer.as_bytes()).await.unwrap();
    }
}

fn answer(status: &str, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\n\r\n{body}")
}

fn password(username: impl Into<UserName>, password: &[u8]) -> AuthRequest {
    let credentials = Credentials::Password {
        username: username.into(),
        password: Secret::new(password),
    };
    let peer = Endpoint::from(
        "[::ffff:192.0.2.7]:40000"
            .parse::<std::net::SocketAddr>()
            .unwrap(),
    );
    let local = Endpoint::from("198.51.100.1:1080".parse::<std::net::SocketAddr>().unwrap());
    let mut conn = ConnInfo::new(SessionId(7), Version::Socks5, peer, local);
    conn.listener = Some("outside".into());
    AuthRequest::new(Arc::new(conn), Method::USERNAME_PASSWORD, credentials)
}

/// What the store makes of what the service answers.
async fn judge(service: &mut Service, reply: &str) -> Result<Option<Identity>, BoxError> {
    let users = service.builder().build().unwrap();
    let asking = tokio::spawn(users.oneshot(password("alice", b"hunter2")));
    let asked = service.asked().await;
    asked.answer.send(reply.to_owned()).unwrap();
    match asking.await.unwrap()? {
        Authentication::Accepted(identity) => Ok(Some(identity)),
        Authentication::Rejected(_) => Ok(None),
    }
}

/// Everything that is known about the client is told, and the token is sent.
#[tokio::test]
async fn what_is_asked() {
    let mut service = Service::start().await;
    let users = service.builder().token("t0ken".into()).build().unwrap();
    let asking = tokio::spawn(users.oneshot(password("alice", b"correct \"horse\"")));
    let asked = service.asked().await;
    assert!(
        asked.head.starts_with("POST /login HTTP/1.1\r\n"),
        "{}",
        asked.head
    );
    let head = asked.head.to_ascii_lowercase();
    assert!(
        head.contains("\r\ncontent-type: application/json\r\n"),
        "{head}"
    );
    assert!(
        head.contains("\r\nauthorization: bearer t0ken\r\n"),
        "{head}"
    );
    let expected = serde_json::json!({
        "username": "alice",
        "username_base64": "YWxpY2U=",
        "password": "correct \"horse\"",
        "password_base64": "Y29ycmVjdCAiaG9yc2Ui",
        "client": "192.0.2.7:40000",
        "client_address": "192.0.2.7",
        "local": "198.51.100.1:1080",
        "listener": "outside",
        "version": "socks5",
        "session": 7,
    });
    assert_eq!(asked.body, expected);
    asked
        .answer
        .send(answer("200 OK", r#"{"allow":true}"#))
        .unwrap();
    assert!(asking.await.unwrap().unwrap().is_accepted());
}

/// UP-15, UP-16: octets that are no text are told apart, and NUL is one of them.
#[tokio::test]
async fn octets_are_told_apart() {
    let mut service = Service::start().await;
    let users = service.builder().build().unwrap();
    let mut bodies = Vec::new();
    for (name, word) in [
        (&b"caf\xe9"[..], &b"\xff\x00"[..]),
        ("caf\u{e9}".as_bytes(), "\u{ff}\0".as_bytes()),
        ("caf\u{fffd}".as_bytes(), "\u{fffd}\0".as_bytes()),
    ] {
        let asking = tokio::spawn(users.clone().oneshot(password(name, word)));
        let asked = service.asked().await;
        asked.answer.send(answer("403 Forbidden", "")).unwrap();
        assert!(!asking.await.unwrap().unwrap().is_accepted());
        bodies.push(asked.body);
    }
    assert_eq!(bodies[0]["username"], serde_json::Value::Null);
    assert_eq!(bodies[0]["username_base64"], "Y2Fm6Q==");
    assert_eq!(bodies[0]["password"], serde_json::Value::Null);
    assert_eq!(bodies[0]["password_base64"], "/wA=");
    assert_eq!(bodies[1]["username"], "caf\u{e9}");
    assert_eq!(bodies[1]["password"], "\u{ff}\0");
    assert_ne!(bodies[1], bodies[2]);
}

#[tokio::test]
async fn who_is_let_in() {
    let mut service = Service::start().await;
    let reply = answer("200 OK", r#"{"allow":true,"more":[1]}"#);
    let identity = judge(&mut service, &reply).await.unwrap().unwrap();
    assert_eq!(identity.user, Some("alice".into()));
    assert_eq!(identity.method, Method::USERNAME_PASSWORD);
    assert!(identity.groups.is_empty());

    let reply = r#"{"allow":true,"groups":["staff","admin","staff"],"user":"a.lice"}"#;
    let identity = judge(&mut service, &answer("200 OK", reply)).await;
    let identity = identity.unwrap().unwrap();
    assert_eq!(identity.user, Some("a.lice".into()));
    assert_eq!(identity.groups, ["staff".into(), "admin".into()]);
}

#[tokio::test]
async fn who_is_refused() {
    let mut service = Service::start().await;
    for reply in [
        answer("200 OK", r#"{"allow":false}"#),
        answer("200 OK", r#"{"allow":false,"user":"","groups":["staff"]}"#),
        answer("401 Unauthorized", r#"{"allow":true}"#),
        answer("403 Forbidden", ""),
    ] {
        let identity = judge(&mut service, &reply).await.unwrap();
        assert!(identity.is_none(), "{reply}");
    }
}

/// UP-17: what is no decision is an error, which a server answers with failure; it repeats nothing
/// of what was sent or answered (SE-34).
#[tokio::test]
async fn what_is_no_answer() {
    let mut service = Service::start().await;
    let ok = |body: &str| answer("200 OK", body);
    let long = format!(r#"{{"allow":true,"more":"{}"}}"#, "x".repeat(64 * 1024));
    for reply in [
        ok(""),
        ok("true"),
        ok("{}"),
        ok(r#"{"allow":"true"}"#),
        ok(r#"{"allow":1}"#),
        ok(r#"{"allow":null}"#),
        ok(r#"{"Allow":true}"#),
        ok(r#"{"allow":true,"allow":false}"#),
        ok(r#"{"allow":true} {"allow":false}"#),
        ok(r#"{"allow":true,"user":""}"#),
        ok(r#"{"allow":true,"user":7}"#),
        ok(&format!(r#"{{"allow":true,"user":"{}"}}"#, "x".repeat(256))),
        ok(r#"{"allow":true,"groups":"hunter2"}"#),
        ok(r#"{"allow":true,"groups":null}"#),
        ok(&long),
        answer("201 Created", r#"{"allow":true}"#),
        "HTTP/1.1 204 No Content\r\n\r\n".into(),
        answer(
            "302 Found\r\nLocation: http://127.0.0.1:1/",
            r#"{"allow":true}"#,
        ),
        answer("500 Internal Server Error", r#"{"allow":true}"#),
        "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"allow\":true}".into(),
        "hunter2\r\n\r\n".into(),
    ] {
        // A reply that is cut off must end.
        let users = service
            .builder()
            .timeout(Duration::from_millis(500))
            .build();
        let asking = tokio::spawn(users.unwrap().oneshot(password("alice", b"hunter2")));
        service.asked().await.answer.send(reply.clone()).unwrap();
        let error = asking.await.unwrap().unwrap_err();
        let error = error.downcast::<HttpError>().unwrap();
        let mut shown = format!("{error:?}");
        let mut next: Option<&dyn Error> = Some(&*error);
        while let Some(error) = next {
            shown += &error.to_string();
            next = error.source();
        }
        assert!(
            !shown.contains("hunter2") && !shown.contains("alice"),
            "{shown}"
        );
    }
}

/// UP-17: a service that cannot be reached is an error at once.
#[tokio::test]
async fn nobody_there() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    drop(listener);
    let users = Http::builder(url).build().unwrap();
    let error = users
        .oneshot(password("alice", b"hunter2"))
        .await
        .unwrap_err();
    let error = error.downcast::<HttpError>().unwrap();
    assert!(!error.is_timeout() && error.source().is_some());
}

/// UP-17: not silence until a timeout of somebody else. The time is paused, so nobody waits.
#[tokio::test]
async fn a_service_that_does_not_answer() {
    let mut service = Service::start().await;
    let users = service
        .builder()
        .timeout(Duration::from_secs(5))
        .build()
        .unwrap();
    let asking = tokio::spawn(users.oneshot(password("alice", b"hunter2")));
    let asked = service.asked().await;
    tokio::time::pause();
    let error = asking.await.unwrap().unwrap_err();
    assert!(error.downcast::<HttpError>().unwrap().is_timeout());
    drop(asked);
}

#[tokio::test]
async fn connections_are_used_again() {
    let mut service = Service::start().await;
    let users = service.builder().build().unwrap();
    for _ in 0..5 {
        let asking = tokio::spawn(users.clone().oneshot(password("alice", b"hunter2")));
        let asked = service.asked().await;
        assert_eq!(asked.connection, 0);
        asked
            .answer
            .send(answer("200 OK", r#"{"allow":true}"#))
            .unwrap();
        assert!(asking.await.unwrap().unwrap().is_accepted());
        // The connection is back as soon as its task has seen the end of the body.
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
    }
}

/// So many at once, so many in line; who does not fit in is told at once.
#[tokio::test]
async fn questions_are_bounded() {
    let mut service = Service::start().await;
    let users = service.builder().concurrency(NonZeroUsize::MIN, 1);
    let users = users.build().unwrap();
    let ask = || tokio::spawn(users.clone().oneshot(password("alice", b"hunter2")));
    let first = ask();
    let asked = service.asked().await;
    let second = ask();
    tokio::task::yield_now().await;
    let error = ask().await.unwrap().unwrap_err();
    assert!(error.downcast::<HttpError>().unwrap().is_busy());
    assert!(service.asked.try_recv().is_err());

    asked
        .answer
        .send(answer("200 OK", r#"{"allow":true}"#))
        .unwrap();
    assert!(first.await.unwrap().unwrap().is_accepted());
    // A client that leaves frees its place.
    let asked = service.asked().await;
    second.abort();
    assert!(second.await.unwrap_err().is_cancelled());
    drop(asked);
    let third = ask();
    let asked = service.asked().await;
    asked
        .answer
        .send(answer("200 OK", r#"{"allow":true}"#))
        .unwrap();
    assert!(third.await.unwrap().unwrap().is_accepted());
}

/// UP-7: an empty password needs permission even to be asked about.
#[tokio::test]
async fn empty_passwords_need_a_setting() {
    let mut service = Service::start().await;
    let users = service.builder().build().unwrap();
    let answer_to = users.oneshot(password("alice", b"")).await.unwrap();
    assert!(!answer_to.is_accepted() && service.asked.try_recv().is_err());

    let users = service
        .builder()
        .allow_empty_passwords(true)
        .build()
        .unwrap();
    let asking = tokio::spawn(users.oneshot(password("alice", b"")));
    let asked = service.asked().await;
    assert_eq!(asked.body["password"], "");
    asked
        .answer
        .send(answer("200 OK", r#"{"allow":true}"#))
        .unwrap();
    assert!(asking.await.unwrap().unwrap().is_accepted());
}

/// SE-34: no setting shows a token, and no URL with a login in it is taken.
#[test]
fn settings() {
    for url in [
        "",
        "/login",
        "127.0.0.1",
        "ftp://127.0.0.1/",
        "http://alice:hunter2@127.0.0.1/",
        "http:///login",
    ] {
        let error = Http::builder(url).build().unwrap_err().to_string();
        assert!(
            error.starts_with("expected a URL http://HOST/"),
            "{url}: {error}"
        );
        assert!(!error.contains("hunter2"));
    }
    assert_eq!(
        Http::builder("https://localhost/").build().is_ok(),
        cfg!(feature = "http-tls")
    );
    for token in ["", "two words", "line\n", "caf\u{e9}"] {
        let builder = Http::builder("http://localhost/").token(token.into());
        assert!(builder.build().is_err(), "{token}");
    }
    let builder = Http::builder("http://a:hunter2@localhost/").token("hunter2".into());
    let built = Http::builder("http://localhost/")
        .token("hunter2".into())
        .build();
    assert!(!format!("{builder:?} {built:?}").contains("hunter2"));
}
