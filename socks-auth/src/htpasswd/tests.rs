use std::{collections::HashSet, fs, num::NonZeroUsize, path::PathBuf, sync::Arc};

use proptest::prelude::*;
use socks_core::{
    Method, Secret, UserName,
    message::{
        AuthRequest, Authentication, ConnInfo, Credentials, Endpoint, Identity, SessionId, Version,
    },
};
use tempfile::TempDir;
use tower::ServiceExt;

use super::{Htpasswd, table::Table};
use crate::{Formats, VerifyPool, VerifyPoolError, password_hash::work};

/// Of "correct horse".
const APR1: &str = "$apr1$/XPkTXbz$MMXnONMSMRobZ2gBrx4EC/";
/// Of nothing that is known; for what it costs.
const SHA256: &str = "$5$rounds=1000$saltstring$m.8R5qbEB3fCUElmS3VJr1N3g4tD6zJ5M8L9GCG9ws6";
/// Of an empty password.
const EMPTY: &str = "$apr1$LOfNeJok$7bLXp1cMH8ZMLT5L.Ab.c.";

struct File {
    _folder: TempDir,
    path: PathBuf,
}

impl File {
    fn new(content: impl AsRef<[u8]>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("users");
        fs::write(&path, content).unwrap();
        Self {
            _folder: folder,
            path,
        }
    }

    fn open(&self) -> Htpasswd {
        Htpasswd::open(&self.path).unwrap()
    }
}

fn request(credentials: Credentials) -> AuthRequest {
    let end = Endpoint::Unnamed;
    let conn = ConnInfo::new(SessionId(7), Version::Socks5, end.clone(), end);
    AuthRequest::new(Arc::new(conn), Method::USERNAME_PASSWORD, credentials)
}

fn password(username: impl Into<UserName>, password: &[u8]) -> AuthRequest {
    request(Credentials::Password {
        username: username.into(),
        password: Secret::new(password),
    })
}

async fn ask(users: &Htpasswd, username: impl Into<UserName>, word: &str) -> Option<Identity> {
    let request = password(username, word.as_bytes());
    match users.clone().oneshot(request).await.unwrap() {
        Authentication::Accepted(identity) => Some(identity),
        Authentication::Rejected(_) => None,
    }
}

/// UP-24: a listed user is let in under the name that was sent.
#[tokio::test]
async fn listed_users_are_let_in() {
    let file = File::new(format!("# users\r\nalice:{APR1}\r\n\r\nbob:{APR1}"));
    let users = file.open();
    assert_eq!(users.len(), 2);
    for name in ["alice", "bob"] {
        let identity = ask(&users, name, "correct horse").await.unwrap();
        assert_eq!(identity.user, Some(name.into()));
        assert_eq!(identity.method, Method::USERNAME_PASSWORD);
    }
}

/// UP-13: whatever is wrong, the answer is the same.
#[tokio::test]
async fn wrong_logins_are_rejected_alike() {
    let users = File::new(format!("alice:{APR1}\nlocked:!{APR1}\nno:*\n")).open();
    for (name, word) in [
        ("alice", "correct horsf"),
        ("alice", ""),
        ("Alice", "correct horse"),
        ("mallory", "correct horse"),
        ("locked", "correct horse"),
        ("no", ""),
        ("", ""),
        ("", "correct horse"),
        ("# users", "correct horse"),
    ] {
        let answer = users.clone().oneshot(password(name, word.as_bytes())).await;
        let rejected = format!("{:?}", Authentication::rejected());
        assert_eq!(format!("{:?}", answer.unwrap()), rejected, "{name} {word}");
    }
}

/// UP-15, UP-16: names are octets; with plain text, so are passwords.
#[tokio::test]
async fn names_and_passwords_are_octets() {
    let file = File::new(b"caf\xe9 x:pa\xffss\n");
    let users = Htpasswd::builder().formats(Formats::new().plain_text(true));
    let users = users.open(&file.path).unwrap();
    let name: &[u8] = b"caf\xe9 x";
    let answer = users.clone().oneshot(password(name, b"pa\xffss")).await;
    assert!(answer.unwrap().is_accepted());
    for (name, word) in [
        ("caf\u{e9} x".as_bytes(), &b"pa\xffss"[..]),
        (name, "pa\u{ff}ss".as_bytes()),
        (name, b"pa\xffss\0"),
    ] {
        let answer = users.clone().oneshot(password(name, word)).await;
        assert!(!answer.unwrap().is_accepted());
    }
}

/// UP-21: what looks like a parameter is part of the name.
#[tokio::test]
async fn names_have_no_parameters() {
    let users = File::new(format!("alice:{APR1}\nbob+eu:{APR1}\n")).open();
    for name in [
        "alice+eu",
        "alice-session-7",
        "<torS0X>0alice",
        "alice@host",
        "bob",
    ] {
        assert!(ask(&users, name, "correct horse").await.is_none(), "{name}");
    }
    let bob = ask(&users, "bob+eu", "correct horse").await.unwrap();
    assert_eq!(bob.user, Some("bob+eu".into()));
}

/// UP-7: an empty password needs permission.
#[tokio::test]
async fn empty_passwords_need_a_setting() {
    let file = File::new(format!("guest:{EMPTY}\nalice:{APR1}\n"));
    assert!(ask(&file.open(), "guest", "").await.is_none());
    let users = Htpasswd::builder().allow_empty_passwords(true);
    let users = users.open(&file.path).unwrap();
    assert!(ask(&users, "guest", "").await.is_some());
    assert!(ask(&users, "alice", "").await.is_none());
    assert!(ask(&users, "nobody", "").await.is_none());
}

/// S4-2, SE-36: no anonymous client and no SOCKS4 client.
#[tokio::test]
async fn only_passwords_count() {
    let users = File::new(format!("alice:{APR1}\n")).open();
    let principal = Credentials::Gssapi {
        principal: "alice".into(),
    };
    let user_id = Credentials::UserId(socks_core::UserId::new(b"alice").unwrap());
    for credentials in [Credentials::None, user_id, principal] {
        let answer = users.clone().oneshot(request(credentials)).await.unwrap();
        assert!(!answer.is_accepted());
    }
}

/// UP-13, SE-32: an unknown or locked user, a wrong and an empty password cost one check, as a
/// right login does, of a kind that is in the file.
#[tokio::test]
async fn every_login_costs_one_check() {
    let users = File::new(format!("alice:{APR1}\nlocked:!\n")).open();
    for name in ["alice", "locked", "mallory", ""] {
        let word = format!("every login, {name}");
        ask(&users, name, &word).await;
        assert_eq!(work::take(word.as_bytes()), ["apr1"], "{name}");
    }
}

/// SE-32: where kinds are mixed, unknown names are as mixed, and each costs the same each time.
#[tokio::test]
async fn unknown_users_cost_what_others_cost() {
    let users = File::new(format!("alice:{APR1}\nbob:{SHA256}\n")).open();
    let mut kinds = HashSet::new();
    for number in 0..40 {
        let name = format!("nobody-{number}");
        let word = format!("mixed {number}");
        ask(&users, &*name, &word).await;
        ask(&users, &*name, &word).await;
        let [first, second] = work::take(word.as_bytes())[..] else {
            panic!("one check for each login")
        };
        assert_eq!(first, second);
        kinds.insert(first);
    }
    assert_eq!(kinds, HashSet::from(["apr1", "SHA-crypt"]));
}

/// UP-17: no room to check is an error, which a server answers with failure.
#[tokio::test]
async fn a_full_pool_is_an_error() {
    let pool = VerifyPool::new(NonZeroUsize::MIN, 0);
    let (hold, held) = std::sync::mpsc::channel::<()>();
    let busy = tokio::spawn({
        let pool = pool.clone();
        async move { pool.run(move || held.recv()).await }
    });
    tokio::task::yield_now().await;
    let file = File::new(format!("alice:{APR1}\n"));
    let users = Htpasswd::builder().pool(pool).open(&file.path).unwrap();
    let answer = users.oneshot(password("alice", b"correct horse")).await;
    let error = answer.unwrap_err().downcast::<VerifyPoolError>().unwrap();
    assert!(error.is_busy());
    drop(hold);
    assert!(busy.await.unwrap().unwrap().is_err());
}

/// A file that is not sound is refused as a whole, with its line and nothing of its content
/// (SE-31, SE-34).
#[test]
fn broken_files() {
    let long = "x".repeat(256);
    for (content, line, expected) in [
        ("", None, "expected at least one user"),
        (
            "# only a comment\n\n  \n",
            None,
            "expected at least one user",
        ),
        ("OK\nhunter2\n", Some(2), "NAME:HASH with one colon"),
        ("OK\nbob:hunter2\n", Some(2), "plain text is not allowed"),
        ("OK\nbob:{SHA}hunter2\n", Some(2), "{SHA} is not allowed"),
        ("OK\nbob:\n", Some(2), "expected a password hash"),
        ("OK\n:hunter2\n", Some(2), "name of 1 to 255 octets"),
        ("OK\nbob:HASH:hunter2\n", Some(2), "one colon"),
        ("OK\n\n\nalice:HASH\n", Some(4), "this one is in line 1 too"),
        ("OK\n bob:HASH\n", Some(2), "no space"),
        ("OK\nbob:HASH \n", Some(2), "no space"),
        ("OK\nbob:HASH\t\r\n", Some(2), "no space"),
        ("OK\nbob:hun\0ter2\n", Some(2), "no NUL"),
        ("\u{feff}OK\n", Some(1), "byte order mark"),
        ("OK\nbob:$2y$31$hunter2\n", Some(2), "bcrypt hash"),
        (
            &format!("{long}:HASH\n"),
            Some(1),
            "name of 1 to 255 octets",
        ),
    ] {
        let content = content.replace("OK", "alice:HASH").replace("HASH", APR1);
        let file = File::new(&content);
        let error = Htpasswd::open(&file.path).unwrap_err();
        let shown = error.to_string();
        assert_eq!(error.line(), line, "{content}: {shown}");
        assert!(shown.contains(expected), "{content}: {shown}");
        assert!(!format!("{error} {error:?}").contains("hunter2"), "{shown}");
    }
}

/// SE-31: plain text and {SHA} are asked for one by one.
#[tokio::test]
async fn weak_forms_on_request() {
    let file = File::new("alice:correct horse\n");
    let sha1 = Htpasswd::builder().formats(Formats::new().sha1(true));
    assert!(sha1.clone().open(&file.path).is_err());
    let plain = Htpasswd::builder().formats(Formats::new().plain_text(true));
    let users = plain.clone().open(&file.path).unwrap();
    assert!(ask(&users, "alice", "correct horse").await.is_some());

    let file = File::new("alice:{SHA}L55TUjtiq8FBorTWAZ0jy6g129A=\n");
    assert!(plain.open(&file.path).is_err());
    let users = sha1.open(&file.path).unwrap();
    assert!(ask(&users, "alice", "correct horse").await.is_some());
    assert!(ask(&users, "alice", "wrong").await.is_none());
}

/// New users replace the old ones as a whole, in every clone; a broken file replaces nothing.
#[tokio::test]
async fn reloading() {
    let file = File::new(format!("alice:{APR1}\n"));
    let users = file.open();
    let clone = users.clone();
    fs::write(&file.path, format!("bob:{APR1}\n")).unwrap();
    users.reload().await.unwrap();
    assert!(ask(&clone, "alice", "correct horse").await.is_none());
    assert!(ask(&clone, "bob", "correct horse").await.is_some());
    for broken in ["", "carol:plain\n", "bob\n"] {
        fs::write(&file.path, broken).unwrap();
        users.reload().await.unwrap_err();
        assert!(ask(&clone, "bob", "correct horse").await.is_some());
        assert!(ask(&clone, "carol", "plain").await.is_none());
    }
    fs::remove_file(&file.path).unwrap();
    users.reload().await.unwrap_err();
    assert!(ask(&clone, "bob", "correct horse").await.is_some());
}

/// SE-34, UP-23: neither a name, a hash nor a password is in debug output.
#[tokio::test]
async fn debug_shows_nobody() {
    let users = File::new(format!("alice:{APR1}\n")).open();
    let future = users.clone().oneshot(password("alice", b"hunter2"));
    let shown = format!("{users:?} {future:?}");
    assert!(shown.contains("users: 1"), "{shown}");
    for secret in ["hunter2", "apr1", "MMXn"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}

fn name() -> impl Strategy<Value = Vec<u8>> {
    let octet = any::<u8>().prop_filter("ends the name", |octet| !b":\n\r\0".contains(octet));
    let name = prop::collection::vec(octet, 1..30);
    name.prop_filter("is not a name here", |name| {
        name[0] != b'#' && name.trim_ascii_start() == *name && !name.starts_with(b"\xef\xbb\xbf")
    })
}

proptest! {
    #[test]
    fn any_octets(content in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = Table::parse(&content, Formats::new().plain_text(true).sha1(true));
    }

    /// Whoever is in the file is in the table under the same octets, and nobody else.
    #[test]
    fn who_is_written_is_read(
        names in prop::collection::hash_set(name(), 1..8),
        stranger in name(),
        crlf in any::<bool>(),
    ) {
        let end = if crlf { &b"\r\n"[..] } else { b"\n" };
        let lines = names.iter().map(|name| [name, &b":{PLAIN}x"[..], end].concat());
        let content = lines.collect::<Vec<_>>().concat();
        let table = Table::parse(&content, Formats::new().plain_text(true));
        let table = table.map_err(|error| TestCaseError::fail(error.what.into_owned()))?;
        prop_assert_eq!(table.len(), names.len());
        let right = Secret::from("x");
        for name in &names {
            prop_assert!(table.verify(&name.as_slice().into(), &right));
            prop_assert!(!table.verify(&name.as_slice().into(), &Secret::from("y")));
        }
        let known = names.contains(&stranger);
        prop_assert_eq!(table.verify(&stranger.as_slice().into(), &right), known);
    }
}
