use md5::{Digest, Md5};
use subtle::ConstantTimeEq;

use super::{PasswordHashError, formats::is_crypt64};

/// MD5-crypt: `$1$SALT$HASH`, and the same with Apache's word in it, `$apr1$SALT$HASH`.
///
/// The steps are written out here over RustCrypto's MD5, since no kept crate knows `$apr1$`:
/// `htpasswd-verify` does, and stands on `rust-crypto`, which nobody mends any more. Follows
/// `apr_md5_encode` of apr-util and `crypt_md5.c` of FreeBSD.
#[derive(Clone)]
pub(super) struct Apr1 {
    magic: &'static str,
    salt: Box<[u8]>,
    hash: [u8; 22],
}

const ALPHABET: &[u8; 64] = b"./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

const EXPECTED: PasswordHashError =
    PasswordHashError("expected an MD5-crypt hash, $apr1$SALT$HASH or $1$SALT$HASH");

impl Apr1 {
    pub(super) fn parse(stored: &str) -> Result<Self, PasswordHashError> {
        let magic = match () {
            () if stored.starts_with("$apr1$") => "$apr1$",
            () if stored.starts_with("$1$") => "$1$",
            () => return Err(EXPECTED),
        };
        let rest = stored.strip_prefix(magic).ok_or(EXPECTED)?;
        let (salt, hash) = rest.split_once('$').ok_or(EXPECTED)?;
        let fits = (1..=8).contains(&salt.len())
            && salt
                .bytes()
                .chain(hash.bytes())
                .all(|octet| is_crypt64(&octet));
        match hash.as_bytes().try_into() {
            Ok(hash) if fits => Ok(Self {
                magic,
                salt: salt.as_bytes().into(),
                hash,
            }),
            _ => Err(EXPECTED),
        }
    }

    pub(super) fn name(&self) -> &'static str {
        match self.magic {
            "$1$" => "MD5-crypt",
            _ => "apr1",
        }
    }

    pub(super) fn verify(&self, password: &[u8]) -> bool {
        encode(&self.digest(password)).ct_eq(&self.hash).into()
    }

    fn digest(&self, password: &[u8]) -> [u8; 16] {
        let salt = &self.salt;
        let inner: [u8; 16] = Md5::new()
            .chain_update(password)
            .chain_update(salt)
            .chain_update(password)
            .finalize()
            .into();

        let mut outer = Md5::new()
            .chain_update(password)
            .chain_update(self.magic)
            .chain_update(salt);
        for piece in password.chunks(inner.len()) {
            outer.update(inner.get(..piece.len()).unwrap_or(&inner));
        }
        // For each bit of the length a NUL or the first octet, as the original has it.
        let mut length = password.len();
        while length > 0 {
            match (length & 1, password.first()) {
                (0, Some(first)) => outer.update([*first]),
                _ => outer.update([0]),
            }
            length >>= 1;
        }
        let mut digest: [u8; 16] = outer.finalize().into();

        for round in 0..1000 {
            let mut next = Md5::new();
            match round % 2 {
                0 => next.update(digest),
                _ => next.update(password),
            }
            if round % 3 != 0 {
                next.update(salt);
            }
            if round % 7 != 0 {
                next.update(password);
            }
            match round % 2 {
                0 => next.update(password),
                _ => next.update(digest),
            }
            digest = next.finalize().into();
        }
        digest
    }
}

/// Groups of three octets in the order that the format prescribes, the low six bits first.
fn encode(digest: &[u8; 16]) -> [u8; 22] {
    let [
        d0,
        d1,
        d2,
        d3,
        d4,
        d5,
        d6,
        d7,
        d8,
        d9,
        d10,
        d11,
        d12,
        d13,
        d14,
        d15,
    ] = digest.map(u32::from);
    let groups = [
        d0 << 16 | d6 << 8 | d12,
        d1 << 16 | d7 << 8 | d13,
        d2 << 16 | d8 << 8 | d14,
        d3 << 16 | d9 << 8 | d15,
        d4 << 16 | d10 << 8 | d5,
        d11,
    ];
    let mut encoded = [0; 22];
    for (place, octet) in encoded.iter_mut().enumerate() {
        let group = groups.get(place / 4).copied().unwrap_or_default();
        let index = group >> (6 * (place % 4)) & 0x3f;
        *octet = ALPHABET.get(index as usize).copied().unwrap_or(b'.');
    }
    encoded
}
