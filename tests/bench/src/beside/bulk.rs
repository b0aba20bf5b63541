use std::{io, thread};

use tokio::{io::AsyncWriteExt, net::TcpStream, runtime::Builder, sync::oneshot, time::Instant};

use crate::{
    BoxError, background,
    client::Door,
    pattern::Stretch,
    target::{DOWN, receive, receive_until, wish},
};

/// A tunnel that moves as much as it can, with a client in a thread of its own: the load beside it
/// is slow only where the server is.
pub(super) struct Bulk {
    stop: oneshot::Sender<()>,
    thread: thread::JoinHandle<Result<f64, BoxError>>,
}

impl Bulk {
    /// The client takes its turns among the other load, or runs `in_background`.
    pub(super) fn start(door: Door, in_background: bool) -> io::Result<Self> {
        let (stop, stopped) = oneshot::channel();
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let thread = thread::spawn(move || {
            if in_background {
                background::this_thread()?;
            }
            runtime.block_on(pull(door, stopped))
        });
        Ok(Self { stop, thread })
    }

    /// Answers GiB a second.
    pub(super) async fn stop(self) -> Result<f64, BoxError> {
        let _ = self.stop.send(());
        let joined = tokio::task::spawn_blocking(|| self.thread.join()).await?;
        joined.map_err(|_| "the bulk's thread ended")?
    }
}

/// Octets that a bulky tunnel moves at least.
const LEAST: u64 = 64 * 1024;

async fn pull(door: Door, stopped: oneshot::Receiver<()>) -> Result<f64, BoxError> {
    let mut stream: TcpStream = door.open().await?;
    let endless = u64::MAX / 2;
    stream.write_all(&wish(DOWN, 0, endless)).await?;
    let started = Instant::now();
    let mut stretch = Stretch::new(0, endless);
    tokio::select! {
        received = receive(&mut stream, &mut stretch) => received??,
        _ = stopped => {}
    }
    // One that had not begun was not beside anything.
    receive_until(&mut stream, &mut stretch, endless - LEAST).await??;
    let octets = endless - stretch.left();
    Ok(octets as f64 / (1_u64 << 30) as f64 / started.elapsed().as_secs_f64())
}
