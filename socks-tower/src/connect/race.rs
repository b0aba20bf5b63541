use std::{net::SocketAddr, time::Duration};

use futures_util::{StreamExt, stream::FuturesUnordered};

use super::{ConnectError, ConnectErrorKind, dial::Dial};

/// The order of attempts (RFC 8305 §4): families in turn, IPv6 first; within a family the
/// resolver's order.
pub(super) fn interleave(addrs: impl Iterator<Item = SocketAddr>) -> Vec<SocketAddr> {
    let (v6, v4): (Vec<_>, Vec<_>) = addrs.partition(SocketAddr::is_ipv6);
    let mut ordered = Vec::with_capacity(v6.len() + v4.len());
    let (mut v6, mut v4) = (v6.into_iter(), v4.into_iter());
    loop {
        let turn = [v6.next(), v4.next()];
        if turn == [None, None] {
            return ordered;
        }
        ordered.extend(turn.into_iter().flatten());
    }
}

/// Most attempts under way at once: a name with many addresses that never answer must not hold a
/// socket for each of them until the deadline.
const AT_ONCE: usize = 6;

/// Attempts the addresses in order, the next one after `delay` or as soon as one fails, until one
/// connects; then all others are dropped (RFC 8305 §5). With six under way the next one waits
/// until one of them fails.
///
/// # Errors
///
/// If all attempts fail, the error of the one that got furthest (`R5-60`).
pub(super) async fn race<D: Dial>(
    dial: &D,
    addrs: &[SocketAddr],
    delay: Duration,
) -> Result<(D::Stream, SocketAddr), ConnectError> {
    if let [addr] = *addrs {
        return Ok((dial.dial(addr).await?, addr));
    }
    let mut attempts = FuturesUnordered::new();
    let mut furthest: Option<ConnectError> = None;
    let mut addrs = addrs.iter().copied();
    loop {
        if attempts.len() < AT_ONCE
            && let Some(addr) = addrs.next()
        {
            attempts.push(async move { (dial.dial(addr).await, addr) });
        }
        let more = addrs.len() > 0 && attempts.len() < AT_ONCE;
        tokio::select! {
            biased;
            ended = attempts.next() => match ended {
                Some((Ok(stream), addr)) => return Ok((stream, addr)),
                Some((Err(error), _)) => {
                    if furthest.as_ref().is_none_or(|best| error.rank() > best.rank()) {
                        furthest = Some(error);
                    }
                }
                None => {
                    // Without any address there is nothing that was permitted.
                    let none = || ConnectError::new(ConnectErrorKind::NotPermitted);
                    return Err(furthest.unwrap_or_else(none));
                }
            },
            () = tokio::time::sleep(delay), if more => {}
        }
    }
}
