//! An HTTP service that judges, and one that repeats what it was asked.

use std::net::SocketAddr;

use socks_auth::{Http, HttpBuilder};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    time,
};

use crate::row::{PASSWORD, Row, Shown, WRONG};

const TOKEN: &str = "bearer-token-of-the-service";
const KEY: &str = "key-in-the-query-of-the-url";

pub(crate) fn rows() -> Vec<Row> {
    [
        Row::new("users of an HTTP service", judged)
            .logs("user=alice")
            .logs("end=\"rejected\""),
        Row::new("an HTTP service that fails", failing)
            .logs("end=\"authenticator_failed\"")
            .logs("the service answered with status 500")
            .logs("expected an answer")
            .logs("the service cannot be reached"),
        Row::new("an HTTP service that is set up wrongly", wrong),
    ]
    .map(|row| row.secret(TOKEN).secret(KEY))
    .into()
}

fn builder(service: SocketAddr) -> HttpBuilder {
    Http::builder(format!("http://{service}/login?key={KEY}")).token(TOKEN.into())
}

/// Answers each login with the next of `answers`, in whose place an empty one repeats the question.
async fn service(answers: Vec<(&'static str, &'static str)>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    tokio::spawn(async move {
        for (status, body) in answers {
            let (stream, _) = listener.accept().await.unwrap();
            answer(stream, status, body).await;
        }
    });
    addr
}

async fn answer(stream: TcpStream, status: &str, body: &str) {
    let mut stream = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        assert_ne!(stream.read_line(&mut head).await.unwrap(), 0);
    }
    assert!(head.contains(TOKEN) && head.contains(KEY), "{head}");
    let lower = head.to_ascii_lowercase();
    let length = lower.split_once("content-length: ").unwrap().1;
    let mut asked = vec![0; length.split_once('\r').unwrap().0.parse().unwrap()];
    stream.read_exact(&mut asked).await.unwrap();
    let asked = String::from_utf8(asked).unwrap();
    let body = if body.is_empty() { &asked } else { body };
    let length = body.len();
    let head =
        format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
    stream.write_all((head + body).as_bytes()).await.unwrap();
}

async fn judged(shown: &mut Shown) {
    // Sockets of the system know nothing of a clock that stands still.
    time::resume();
    let addr = service(vec![
        ("200 OK", "{\"allow\": true}"),
        ("200 OK", "{\"allow\": false}"),
        ("403 Forbidden", ""),
    ])
    .await;
    let users = builder(addr).build().unwrap();
    shown.debug(&builder(addr));
    shown.debug(&users);
    for (password, right) in [(PASSWORD, true), (WRONG, false), (WRONG, false)] {
        shown.log_in(users.clone(), password, right).await;
    }
    time::pause();
}

/// Its answers are the question once more, as a service that is being debugged may have it.
async fn failing(shown: &mut Shown) {
    time::resume();
    let addr = service(vec![
        ("500 Internal Server Error", ""),
        ("200 OK", ""),
        ("302 Found", ""),
        (PASSWORD, ""),
    ])
    .await;
    let users = builder(addr).build().unwrap();
    for _ in 0..5 {
        shown.log_in(users.clone(), PASSWORD, false).await;
    }
    time::pause();
}

async fn wrong(shown: &mut Shown) {
    let addr = "127.0.0.1:1".parse().unwrap();
    let with_login = format!("http://alice:{PASSWORD}@localhost/{KEY}");
    for builder in [
        Http::builder(with_login),
        Http::builder(format!("{PASSWORD}://{KEY}")),
        Http::builder(format!("http://{KEY}\n/")),
        builder(addr).token(format!("{TOKEN}\r\n{PASSWORD}").as_str().into()),
    ] {
        shown.debug(&builder);
        shown.error(&builder.build().unwrap_err());
    }
}
