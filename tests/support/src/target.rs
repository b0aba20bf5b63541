use std::net::SocketAddr;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::mpsc,
    task::JoinHandle,
};

/// A TCP service to reach through a proxy. Gone when dropped.
#[derive(Debug)]
pub struct Target {
    pub addr: SocketAddr,
    streams: mpsc::UnboundedReceiver<TcpStream>,
    accepting: JoinHandle<()>,
}

impl Target {
    /// Accepts and does nothing: take the connections with [`accepted`](Self::accepted).
    pub async fn silent() -> Self {
        Self::silent_at("127.0.0.1:0").await
    }

    /// The same at an address of its own.
    pub async fn silent_at(addr: &str) -> Self {
        let listener = TcpListener::bind(addr).await.expect("a loopback port");
        let addr = listener.local_addr().expect("a bound socket");
        let (sender, streams) = mpsc::unbounded_channel();
        let accepting = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                if sender.send(stream).is_err() {
                    break;
                }
            }
        });
        Self {
            addr,
            streams,
            accepting,
        }
    }

    /// Sends back what it gets, and ends when it gets the end.
    pub async fn echo() -> Self {
        Self::serving(|mut stream| async move {
            let (mut reader, mut writer) = stream.split();
            let _ = tokio::io::copy(&mut reader, &mut writer).await;
            let _ = writer.shutdown().await;
        })
        .await
    }

    /// Says `greeting`, then ends.
    pub async fn source(greeting: impl Into<Vec<u8>>) -> Self {
        let greeting = greeting.into();
        Self::serving(move |mut stream| {
            let greeting = greeting.clone();
            async move {
                let _ = stream.write_all(&greeting).await;
                let _ = stream.shutdown().await;
                let _ = stream.read_to_end(&mut Vec::new()).await;
            }
        })
        .await
    }

    /// Runs `serve` for each connection.
    pub async fn serving<F, Fut>(serve: F) -> Self
    where
        F: Fn(TcpStream) -> Fut + Send + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a loopback port");
        let addr = listener.local_addr().expect("a bound socket");
        let (_, streams) = mpsc::unbounded_channel();
        let accepting = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream));
            }
        });
        Self {
            addr,
            streams,
            accepting,
        }
    }

    /// The next connection of a silent target.
    pub async fn accepted(&mut self) -> TcpStream {
        self.streams
            .recv()
            .await
            .expect("the target accepts for as long as it lives")
    }

    /// Whether a connection waits that nobody took.
    pub fn has_connection(&mut self) -> bool {
        self.streams.try_recv().is_ok()
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// Whether this machine has IPv6, if only on loopback; a test that needs it says so when it has not.
pub async fn has_ipv6() -> bool {
    let has = TcpListener::bind("[::1]:0").await.is_ok();
    if !has {
        println!("skipped: this machine has no IPv6");
    }
    has
}
