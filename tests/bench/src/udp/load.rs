use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use tokio::time::Instant;

use super::client::{Client, Received};
use crate::BoxError;

/// An association without an answer for so long has lost what it waits for.
const SILENCE: Duration = Duration::from_millis(500);

const SWEEP: Duration = Duration::from_millis(20);

/// However slow a relay is, one measurement ends.
const LONGEST: Duration = Duration::from_secs(20);

#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) sent: u64,
    pub(crate) echoed: u64,
    /// Came back after it was given up, or twice.
    pub(crate) late: u64,
    /// Came back different.
    pub(crate) wrong: u64,
    /// Until the last echo.
    pub(crate) elapsed: Duration,
}

/// Sends `datagrams` through all clients together. Each keeps `window` on their way, and sends the
/// next one when one is back: the relay is busy, and no receive buffer overflows.
pub(crate) fn run(
    clients: &mut [Client],
    window: usize,
    datagrams: u64,
) -> Result<Outcome, BoxError> {
    let started = Instant::now();
    let mut outcome = Outcome::default();
    let mut buffer = vec![0; 65_536];
    let (mut last, mut swept) = (started, started);
    for client in &mut *clients {
        client.heard = started;
        fill(client, window, datagrams, &mut outcome)?;
    }
    while clients.iter().any(|client| !client.outstanding.is_empty()) {
        for index in readable(clients)? {
            let Some(client) = clients.get_mut(index) else {
                continue;
            };
            // No more than a window each, so that a client whose echoes come as fast as they are read
            // does not keep the others unread until they count as lost. Another one's piece must
            // not come in between what is left of this one's.
            let mut left = window;
            while left > 0 || client.has_rest() {
                left = left.saturating_sub(1);
                match client.receive(&mut buffer)? {
                    Received::Nothing => break,
                    Received::Refused => {}
                    Received::Late => outcome.late += 1,
                    Received::Wrong => outcome.wrong += 1,
                    Received::Echo => {
                        outcome.echoed += 1;
                        fill(client, window, datagrams, &mut outcome)?;
                    }
                }
            }
            last = Instant::now();
            client.heard = last;
        }
        let now = Instant::now();
        if now - swept > SWEEP {
            swept = now;
            for client in &mut *clients {
                let silent = now - client.heard > SILENCE;
                client.give_up((!silent).then_some(4 * window as u64));
                fill(client, window, datagrams, &mut outcome)?;
            }
        }
        if now - started > LONGEST {
            break;
        }
    }
    for client in clients {
        client.give_up(None);
    }
    outcome.elapsed = last - started;
    Ok(outcome)
}

fn fill(
    client: &mut Client,
    window: usize,
    datagrams: u64,
    outcome: &mut Outcome,
) -> Result<(), BoxError> {
    loop {
        let left = usize::try_from(datagrams - outcome.sent)?;
        let missing = window.saturating_sub(client.outstanding.len());
        let worth = client.worth(missing.min(left), window.min(left));
        if worth == 0 {
            return Ok(());
        }
        client.send(worth)?;
        outcome.sent += worth as u64;
    }
}

fn readable(clients: &[Client]) -> Result<Vec<usize>, BoxError> {
    let wait = Timespec::try_from(SWEEP)?;
    let mut sockets: Vec<_> = clients
        .iter()
        .map(|client| PollFd::new(&client.socket, PollFlags::IN))
        .collect();
    poll(&mut sockets, Some(&wait))?;
    let ready = sockets.iter().enumerate();
    Ok(ready
        .filter(|(_, socket)| !socket.revents().is_empty())
        .map(|(index, _)| index)
        .collect())
}
