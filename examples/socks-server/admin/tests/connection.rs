use std::time::Duration;

use socks_core::message::Endpoint;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex},
    task::JoinHandle,
    time::Instant,
};

use super::*;
use crate::admin::server::connection;

/// A connection whose pipe holds so many octets.
fn connect(octets: usize) -> (DuplexStream, JoinHandle<()>) {
    let (client, server) = duplex(octets);
    let router = Fixture::new().router;
    (
        client,
        tokio::spawn(connection(server, Endpoint::Unnamed, router)),
    )
}

const GET: &[u8] = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";

/// Who never says what it wants is cut off, at first and after an answer.
#[tokio::test(start_paused = true)]
async fn a_header_has_ten_seconds() {
    for begin in [&b""[..], b"GET / HTTP/1.1\r\nHost: l", GET] {
        let (mut client, served) = connect(4096);
        let began = Instant::now();
        client.write_all(begin).await.unwrap();
        served.await.unwrap();
        assert_eq!(began.elapsed().as_secs(), 10);
        let mut answer = String::new();
        client.read_to_string(&mut answer).await.unwrap();
        assert_eq!(answer.starts_with("HTTP/1.1 200"), begin == GET);
    }
}

/// Who does not read the answer is cut off, and so is who stops to read a stream.
#[tokio::test(start_paused = true)]
async fn an_answer_that_is_not_read_has_ten_seconds() {
    let events = b"GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n";
    for (request, read) in [(GET, 0), (events, 0), (events, 2000)] {
        let (mut client, served) = connect(64);
        client.write_all(request).await.unwrap();
        client.read_exact(&mut vec![0; read]).await.unwrap();
        let began = Instant::now();
        served.await.unwrap();
        let waited = began.elapsed();
        assert!(waited.abs_diff(Duration::from_secs(10)) <= Duration::from_secs(1));
    }
}

#[tokio::test]
async fn headers_are_bounded() {
    let long = format!(
        "GET / HTTP/1.1\r\nHost: localhost\r\nA: {}\r\n\r\n",
        "a".repeat(20_000)
    );
    let many = format!(
        "GET / HTTP/1.1\r\nHost: localhost\r\n{}\r\n",
        "A: a\r\n".repeat(64)
    );
    for request in [long, many] {
        let (client, _served) = connect(64 * 1024);
        let (mut read, mut write) = tokio::io::split(client);
        write.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        read.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
    }
}
