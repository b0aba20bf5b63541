use socks_core::Domain;

/// A name in the form in which names are compared: lower case, without one trailing dot (`R5-37`).
///
/// The server has made names canonical before rules see them; this form costs no allocation, and
/// holds whatever octets somebody else puts into a [`Domain`].
pub(super) struct NormalName {
    octets: [u8; Domain::MAX],
    len: usize,
}

impl NormalName {
    pub(super) fn new(name: &Domain) -> Self {
        let name = name.as_bytes();
        let name = name.strip_suffix(b".").unwrap_or(name);
        let mut octets = [0; Domain::MAX];
        let mut len = 0;
        for (to, from) in octets.iter_mut().zip(name) {
            *to = from.to_ascii_lowercase();
            len += 1;
        }
        Self { octets, len }
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        self.octets.get(..self.len).unwrap_or_default()
    }

    /// Turns the name into its [`key`].
    pub(super) fn into_key(mut self) -> Self {
        if let Some(octets) = self.octets.get_mut(..self.len) {
            octets.reverse();
            octets.iter_mut().for_each(|octet| *octet = rank(*octet));
        }
        self
    }
}

/// Octets of `name` from last to first, with dots as the lowest octet. In the order of these keys a
/// name is followed by all names below it, and then by all others.
pub(super) fn key(name: &[u8]) -> impl Iterator<Item = u8> + '_ {
    name.iter().rev().map(|octet| rank(*octet))
}

/// What separates labels in a key.
pub(super) const SEPARATOR: u8 = rank(b'.');

/// Dot and NUL change places, so that no two names have one key.
const fn rank(octet: u8) -> u8 {
    match octet {
        b'.' => 0,
        0 => b'.',
        octet => octet,
    }
}
