//! Tunnels through which one small message at a time goes there and back.

use std::{io, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinSet,
    time::Instant,
};

use crate::{BoxError, client::Door, pattern::Stretch, report::quantile, target::ECHO};

/// Octets of one message.
const MESSAGE: usize = 64;

/// Tunnels to an echo, and where each is in the pattern.
pub(crate) struct PingPong {
    tunnels: Vec<(TcpStream, u64)>,
}

/// Round trips, in nanoseconds, sorted.
pub(crate) struct RoundTrips {
    pub(crate) sorted: Vec<u32>,
    pub(crate) elapsed: Duration,
}

impl PingPong {
    pub(crate) async fn open(door: &Door, tunnels: usize) -> io::Result<Self> {
        let mut opened = Vec::with_capacity(tunnels);
        for seed in 0..tunnels as u64 {
            let mut stream = door.open().await?;
            stream.write_all(&[ECHO]).await?;
            stream.read_u8().await?;
            opened.push((stream, seed));
        }
        Ok(Self { tunnels: opened })
    }

    /// Sends `each` messages through every tunnel, all tunnels at once, and compares what comes
    /// back.
    pub(crate) async fn run(&mut self, each: u64) -> Result<RoundTrips, BoxError> {
        let started = Instant::now();
        let mut running = JoinSet::new();
        for (mut stream, seed) in self.tunnels.drain(..) {
            running.spawn(async move {
                let trips = trips(&mut stream, seed, each).await?;
                Ok::<_, BoxError>((stream, seed, trips))
            });
        }
        let mut sorted = Vec::new();
        while let Some(done) = running.join_next().await {
            let (stream, seed, trips) = done??;
            self.tunnels.push((stream, seed + 1));
            sorted.extend(trips);
        }
        let elapsed = started.elapsed();
        sorted.sort_unstable();
        Ok(RoundTrips { sorted, elapsed })
    }
}

async fn trips(stream: &mut TcpStream, seed: u64, each: u64) -> Result<Vec<u32>, BoxError> {
    let mut stretch = Stretch::new(seed, each * MESSAGE as u64);
    let mut trips = Vec::with_capacity(usize::try_from(each)?);
    let mut echo = [0; MESSAGE];
    for _ in 0..each {
        let began = Instant::now();
        stream.write_all(&stretch.next()[..MESSAGE]).await?;
        stream.read_exact(&mut echo).await?;
        trips.push(u32::try_from(began.elapsed().as_nanos()).unwrap_or(u32::MAX));
        stretch.check(&echo)?;
    }
    Ok(trips)
}

impl RoundTrips {
    /// Microseconds that `share` of them do not exceed.
    pub(crate) fn us(&self, share: f64) -> f64 {
        f64::from(quantile(&self.sorted, share)) / 1e3
    }
}
