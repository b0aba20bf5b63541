use std::net::SocketAddr;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// An ident server (RFC 1413) that says what the test says. It listens and accepts nobody unless
/// told to.
#[derive(Debug)]
pub struct Identd {
    listener: TcpListener,
    pub port: u16,
}

/// A question and the connection to answer it on.
#[derive(Debug)]
pub struct IdentQuery {
    pub stream: TcpStream,
    /// Where it came from.
    pub from: SocketAddr,
    /// The two ports as they were sent.
    pub ports: String,
}

impl Identd {
    /// Listens on any port of `ip`.
    pub async fn start(ip: &str) -> Self {
        let listener = TcpListener::bind((ip, 0)).await.expect("a loopback port");
        let port = listener.local_addr().expect("a bound socket").port();
        Self { listener, port }
    }

    /// The next question.
    pub async fn query(&self) -> IdentQuery {
        let (mut stream, from) = self.listener.accept().await.expect("a loopback port");
        let mut line = Vec::new();
        while !line.ends_with(b"\r\n") {
            line.push(stream.read_u8().await.expect("a whole line"));
        }
        let ports = String::from_utf8(line).expect("digits");
        let ports = ports.trim_end().to_owned();
        IdentQuery {
            stream,
            from,
            ports,
        }
    }

    /// Whether anybody has connected and was not accepted.
    pub fn has_connection(&self) -> bool {
        let waker = std::task::Waker::noop();
        let mut cx = std::task::Context::from_waker(waker);
        self.listener.poll_accept(&mut cx).is_ready()
    }
}

impl IdentQuery {
    /// Answers; `PORTS` stands for what was asked.
    pub async fn answer(&mut self, template: impl AsRef<[u8]>) {
        let answer = self.filled(template.as_ref());
        // A server that has heard enough closes.
        let _ = self.stream.write_all(&answer).await;
    }

    fn filled(&self, template: &[u8]) -> Vec<u8> {
        match template.strip_prefix(b"PORTS") {
            Some(rest) => [self.ports.as_bytes(), rest].concat(),
            None => template.to_vec(),
        }
    }

    /// Waits until the asking side has closed.
    pub async fn closed(&mut self) {
        let mut rest = Vec::new();
        let _ = self.stream.read_to_end(&mut rest).await;
        assert_eq!(rest, b"", "one question a connection");
    }
}
