//! Tunnels through which one small message at a time goes there and back.

use std::{io, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinSet,
    time::{Instant, sleep_until},
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
        self.run_at(each, None).await
    }

    /// The same, but every tunnel sends one message `every` so often, and the tunnels spread over
    /// that time. One whose echo is late sends its next when it would have anyway, and none twice.
    pub(crate) async fn run_every(
        &mut self,
        every: Duration,
        each: u64,
    ) -> Result<RoundTrips, BoxError> {
        self.run_at(each, Some(every)).await
    }

    async fn run_at(&mut self, each: u64, every: Option<Duration>) -> Result<RoundTrips, BoxError> {
        let started = Instant::now();
        let count = u32::try_from(self.tunnels.len())?;
        let mut running = JoinSet::new();
        for (index, (mut stream, seed)) in (0_u32..).zip(self.tunnels.drain(..)) {
            let beat = every.map(|every| Beat {
                next: started + every * index / count,
                every,
            });
            running.spawn(async move {
                let trips = trips(&mut stream, seed, each, beat).await?;
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

async fn trips(
    stream: &mut TcpStream,
    seed: u64,
    each: u64,
    mut beat: Option<Beat>,
) -> Result<Vec<u32>, BoxError> {
    let mut stretch = Stretch::new(seed, each * MESSAGE as u64);
    let mut trips = Vec::with_capacity(usize::try_from(each)?);
    let mut echo = [0; MESSAGE];
    for _ in 0..each {
        if let Some(beat) = &mut beat {
            beat.wait().await;
        }
        // Not when it should have been sent: how late the load is says nothing of the server.
        let began = Instant::now();
        stream.write_all(&stretch.next()[..MESSAGE]).await?;
        stream.read_exact(&mut echo).await?;
        trips.push(u32::try_from(began.elapsed().as_nanos()).unwrap_or(u32::MAX));
        stretch.check(&echo)?;
    }
    Ok(trips)
}

/// When a tunnel sends.
struct Beat {
    next: Instant,
    every: Duration,
}

impl Beat {
    /// Waits for the next time that has not passed: what was missed is not made up for.
    async fn wait(&mut self) {
        let missed = self
            .next
            .elapsed()
            .as_nanos()
            .div_ceil(self.every.as_nanos().max(1));
        self.next += self.every * u32::try_from(missed).unwrap_or(u32::MAX);
        sleep_until(self.next).await;
        self.next += self.every;
    }
}

impl RoundTrips {
    /// Microseconds that `share` of them do not exceed.
    pub(crate) fn us(&self, share: f64) -> f64 {
        f64::from(quantile(&self.sorted, share)) / 1e3
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_late_one_sends_no_burst() {
        let started = Instant::now();
        let ms = Duration::from_millis;
        let mut beat = Beat {
            next: started + ms(1),
            every: ms(4),
        };
        // How long each echo takes, and when the message before it was sent.
        for (at, takes) in [(1, 0), (5, 3), (9, 4), (13, 5), (21, 17), (41, 1), (45, 0)] {
            beat.wait().await;
            assert_eq!(started.elapsed(), ms(at));
            advance(ms(takes)).await;
        }
    }
}
