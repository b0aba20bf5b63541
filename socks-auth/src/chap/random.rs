use socks_core::Secret;

/// `None` on a system that has no randomness to give.
pub(super) fn octets<const N: usize>() -> Option<[u8; N]> {
    let mut octets = [0; N];
    getrandom::fill(&mut octets).ok()?;
    Some(octets)
}

pub(super) fn secret<const N: usize>() -> Option<Secret> {
    octets::<N>().map(|octets| Secret::new(&octets))
}
