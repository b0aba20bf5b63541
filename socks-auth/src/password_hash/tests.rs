use proptest::prelude::*;
use socks_core::Secret;

use super::{Formats, PasswordHash, work};

const ALL: Formats = Formats::new().plain_text(true).sha1(true);

/// As `htpasswd`, `openssl passwd`, `mkpasswd` and the reference implementation of argon2 made
/// them.
const VECTORS: &[(&str, &str)] = &[
    (
        "$2y$05$TxwnBpm5Uh5mQ/v7LKatkOQV4aGWArjiGlZ2c/OeuyLElpaZpidZm",
        "pässwörd",
    ),
    ("$apr1$/XPkTXbz$MMXnONMSMRobZ2gBrx4EC/", "correct horse"),
    ("$apr1$LOfNeJok$7bLXp1cMH8ZMLT5L.Ab.c.", ""),
    (
        "$apr1$xy$3XGJt6nXBKljAaRpcOjFv/",
        "a password that is longer than sixteen octets, even thirty-two",
    ),
    ("$1$abcdefgh$y6iHhJNbuC0xpbk0w9pm80", "correct horse"),
    (
        "$5$vHRplGr/ReYVqu22$68K7fYzEG7JcE8P1Zlambte4gQd7Xlu6QcXJO4maHO5",
        "correct horse",
    ),
    (
        "$6$iNebMyA332RfwMRf$wL2ZbsVEzAcdyxNwxlq8h.jhce162oL5vM3hM9bk7ou/meHEo0KeDELuAfOOC3hsuj4/GRUWLyyCn8gX5F32u1",
        "correct horse",
    ),
    (
        "$6$rounds=10000$oa2aUu.ocbyI/iBL$87nDnjV.a1LzoQTbLSxKuyZ/qM4G/U/.SrWSJulbH9nOAeIg1aHRoRw1skHTz4kyQpbAltvv5ihd9nnEFotq/1",
        "correct horse",
    ),
    (
        "$5$saltstring$5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5",
        "Hello world!",
    ),
    (
        "$6$rounds=1000$saltsalt$4GMtaIz3E1AdDi2SmCokEW0ehi.HdxNDcL3fGE1XXuzvo6kbx7UOloZKONqEk5H3JrQA4NOfU8BmqFPrpGqwA1",
        "correct horse",
    ),
    (
        "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
        "password",
    ),
    (
        "$argon2id$v=19$m=256,t=2,p=2$c29tZXNhbHQ$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc",
        "password",
    ),
    (
        "$argon2i$v=19$m=256,t=2,p=1$c29tZXNhbHQ$iekCn0Y3spW+sCcFanM2xBT63UP2sghkUoHLIUpWRS8",
        "password",
    ),
    // Without a version: the first one.
    (
        "$argon2i$m=256,t=2,p=1$c29tZXNhbHQ$/U3YPXYsSb3q9XxHvc0MLxur+GP960kN9j7emXX8zwY",
        "password",
    ),
    ("{SHA}L55TUjtiq8FBorTWAZ0jy6g129A=", "correct horse"),
    ("correct horse", "correct horse"),
    ("{PLAIN}$2y$ is not a hash", "$2y$ is not a hash"),
    ("{PLAIN}", ""),
];

fn parse(stored: &str) -> PasswordHash {
    ALL.parse(stored.as_bytes())
        .unwrap_or_else(|error| panic!("{stored}: {error}"))
}

/// SE-31: what others' tools store is checked; the password alone fits.
#[test]
fn stored_by_others() {
    for (stored, password) in VECTORS {
        let hash = parse(stored);
        assert!(hash.verify(&Secret::from(*password)), "{stored}");
        for wrong in [
            "correct horsf",
            "correct hors",
            "Correct horse",
            "passwor",
            "\0",
        ] {
            assert!(!hash.verify(&Secret::from(wrong)), "{stored} {wrong}");
        }
        let longer = [password.as_bytes(), b"\0"].concat();
        assert!(!hash.verify(&Secret::new(&longer)), "{stored}");
        assert!(
            !hash.verify(&Secret::from("")) || password.is_empty(),
            "{stored}"
        );
    }
}

/// 255 octets, the most that a client can send (UP-4).
#[test]
fn the_longest_password() {
    let hash = parse("$apr1$12345678$5kn.9avmlofnMXk2XzMW10");
    assert!(hash.verify(&Secret::new(&[b'x'; 255])));
    assert!(!hash.verify(&Secret::new(&[b'x'; 254])));
}

/// UP-16: to bcrypt "a" and "a", NUL, "a" are one key; not here.
#[test]
fn bcrypt_and_nul() {
    let hash = bcrypt::hash_with_salt("a", 4, [7; 16]).unwrap().to_string();
    let hash = parse(&hash);
    assert!(hash.verify(&Secret::from("a")));
    assert!(!hash.verify(&Secret::from("a\0a")));
}

/// bcrypt takes 72 octets, as everybody's does, so longer passwords that were set elsewhere fit.
#[test]
fn bcrypt_looks_at_72_octets() {
    let hash = bcrypt::hash_with_salt([b'x'; 100], 4, [7; 16]).unwrap();
    let hash = parse(&hash.to_string());
    assert!(hash.verify(&Secret::new(&[b'x'; 100])));
    assert!(hash.verify(&Secret::new(&[b'x'; 72])));
    assert!(!hash.verify(&Secret::new(&[b'x'; 71])));
}

/// What is refused, and what it says; never the hash itself (SE-34).
#[test]
fn refused() {
    let bcrypt = "TxwnBpm5Uh5mQ/v7LKatkOQV4aGWArjiGlZ2c/OeuyLElpaZpidZm";
    let sha5 = "68K7fYzEG7JcE8P1Zlambte4gQd7Xlu6QcXJO4maHO5";
    let argon2 = "c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";
    for (stored, expected) in [
        ("", "expected a password hash of bcrypt"),
        ("secret", "plain text is not allowed here"),
        ("{PLAIN}secret", "plain text is not allowed here"),
        (
            "{SHA}L55TUjtiq8FBorTWAZ0jy6g129A=",
            "{SHA} is not allowed here",
        ),
        (
            "{SSHA}L55TUjtiq8FBorTWAZ0jy6g129A=",
            "expected a password hash of bcrypt",
        ),
        ("YndcGMibfdsRM", "DES crypt"),
        ("$", "expected a password hash of bcrypt"),
        ("$y$j9T$salt$hash", "expected a password hash of bcrypt"),
        ("$2x$05$", "expected a password hash of bcrypt"),
        ("$2y$05$", "60 characters"),
        (&format!("$2y$16${bcrypt}"), "bcrypt cost from 4 to 15"),
        (&format!("$2y$31${bcrypt}"), "bcrypt cost from 4 to 15"),
        (&format!("$2y$03${bcrypt}"), "bcrypt cost from 4 to 15"),
        (&format!("$2y$05${bcrypt}x"), "60 characters"),
        (&format!("$5$${sha5}"), "SHA-crypt hash"),
        (&format!("$5$12345678901234567${sha5}"), "SHA-crypt hash"),
        (&format!("$5$sa!t${sha5}"), "SHA-crypt hash"),
        (&format!("$5$salt${sha5}x"), "SHA-crypt hash"),
        (&format!("$6$salt${sha5}"), "SHA-crypt hash"),
        (
            &format!("$5$rounds=999$salt${sha5}"),
            "rounds from 1000 to 1000000",
        ),
        (
            &format!("$5$rounds=1000001$salt${sha5}"),
            "rounds from 1000 to 1000000",
        ),
        (
            &format!("$5$rounds=999999999$salt${sha5}"),
            "rounds from 1000 to 1000000",
        ),
        (
            &format!("$5$rounds=99999999999$salt${sha5}"),
            "rounds from 1000 to 1000000",
        ),
        (
            &format!("$5$rounds=+5000$salt${sha5}"),
            "rounds from 1000 to 1000000",
        ),
        (
            &format!("$5$rounds=$salt${sha5}"),
            "rounds from 1000 to 1000000",
        ),
        ("$apr1$$MMXnONMSMRobZ2gBrx4EC/", "MD5-crypt hash"),
        ("$apr1$123456789$MMXnONMSMRobZ2gBrx4EC/", "MD5-crypt hash"),
        ("$apr1$12345678$MMXnONMSMRobZ2gBrx4EC", "MD5-crypt hash"),
        ("$apr1$12345678", "MD5-crypt hash"),
        (
            &format!("$argon2id$v=19$m=262145,t=1,p=1${argon2}"),
            "at most 256 MiB",
        ),
        (
            &format!("$argon2id$v=19$m=65536,t=17,p=1${argon2}"),
            "1 GiB",
        ),
        (
            &format!("$argon2id$v=19$m=4294967295,t=4294967295,p=1${argon2}"),
            "256 MiB",
        ),
        (
            &format!("$argon2id$v=19$m=256,t=1,p=17${argon2}"),
            "16 lanes",
        ),
        (
            &format!("$argon2id$v=18$m=256,t=1,p=1${argon2}"),
            "argon2 hash",
        ),
        ("$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ", "argon2 hash"),
        (
            "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$AAAAAAAA",
            "argon2 hash",
        ),
    ] {
        let error = Formats::new().parse(stored.as_bytes()).unwrap_err();
        let error = error.to_string();
        assert!(error.contains(expected), "{stored}: {error}");
        assert!(!error.contains("secret"), "{error}");
    }
}

/// With plain text allowed, what another program hashed is no password all the same.
#[test]
fn plain_text_is_not_a_hash() {
    for stored in ["YndcGMibfdsRM", "$y$j9T$salt$hash", "{SSHA}abc", "$2y$05$"] {
        assert!(ALL.parse(stored.as_bytes()).is_err(), "{stored}");
    }
    assert!(parse("{PLAIN}YndcGMibfdsRM").verify(&Secret::from("YndcGMibfdsRM")));
}

/// SE-34: hashes are not shown.
#[test]
fn debug_shows_no_hash() {
    for (stored, _) in VECTORS {
        let shown = format!("{:?}", parse(stored));
        assert_eq!(shown, format!("PasswordHash({})", parse(stored).name()));
    }
}

/// SE-32: the bounds make kinds and costs comparable.
#[test]
fn costs() {
    let [bcrypt, apr1] = [VECTORS[0].0, VECTORS[1].0].map(parse);
    assert!(bcrypt.costs_like(&bcrypt) && apr1.costs_like(&parse(VECTORS[2].0)));
    assert!(!bcrypt.costs_like(&apr1));
    let dearer = VECTORS[0].0.replace("$05$", "$06$");
    assert!(!bcrypt.costs_like(&parse(&dearer)));
    assert!(!parse(VECTORS[6].0).costs_like(&parse(VECTORS[7].0)));
    assert!(!parse(VECTORS[5].0).costs_like(&parse(VECTORS[6].0)));
    assert!(!parse(VECTORS[10].0).costs_like(&parse(VECTORS[11].0)));
}

/// Each check is counted, for the tests of the back ends.
#[test]
fn work_is_counted() {
    let hash = parse(VECTORS[1].0);
    hash.verify(&Secret::from("counted"));
    hash.verify(&Secret::from("counted"));
    assert_eq!(work::take(b"counted"), ["apr1", "apr1"]);
}

proptest! {
    /// Whatever a file holds is read or refused.
    #[test]
    fn any_octets(stored in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = ALL.parse(&stored);
    }

    /// What looks like a hash does not panic when it is read, nor, if it was read, when it is
    /// checked, and fits no password.
    #[test]
    fn any_hash(
        stored in r"\$(5|6|1|apr1|2y|argon2id)\$((rounds=100[0-9]|05|v=19\$m=[0-9]{1,2},t=1,p=[0-9])\$)?[./A-Za-z0-9$+=]{0,110}",
        password in prop::collection::vec(any::<u8>(), 0..40),
    ) {
        if let Ok(hash) = Formats::new().parse(stored.as_bytes()) {
            prop_assert!(!hash.verify(&Secret::new(&password)));
        }
    }

    /// UP-15, UP-16: a password is octets, all of them.
    #[test]
    fn plain_text_of_any_octets(password in prop::collection::vec(any::<u8>(), 0..255)) {
        let hash = ALL.parse(&[b"{PLAIN}", &password[..]].concat()).unwrap();
        prop_assert!(hash.verify(&Secret::new(&password)));
        let other = [&password[..], b"x"].concat();
        prop_assert!(!hash.verify(&Secret::new(&other)));
    }
}
