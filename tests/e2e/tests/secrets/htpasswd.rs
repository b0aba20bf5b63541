//! Users of a file, and a file that cannot be read: its lines are not to be seen.

use e2e::open;
use socks_auth::{AttemptLimitLayer, AuthenticateService, Formats, Htpasswd};
use support::Peer;
use tower::Layer;

use crate::row::{PASSWORD, Row, Shown, WRONG};

/// Of [`PASSWORD`].
const HASH: &str = "{SHA}3WBs1Ju70GtMJgb8JEn4+4eXV4Y=";

pub(crate) fn rows() -> Vec<Row> {
    [
        Row::new("users of an htpasswd file", users).logs("end=\"rejected\""),
        Row::new("broken htpasswd files", broken),
    ]
    .map(|row| row.secret(&HASH[5..]))
    .into()
}

async fn users(shown: &mut Shown) {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), format!("alice:{HASH}\n")).unwrap();
    let users = read(file.path());
    shown.debug(&users);
    let limited = AttemptLimitLayer::new().layer(AuthenticateService::new(users));
    let server = open("127.0.0.1:1".parse().unwrap()).authenticator(limited);
    for (name, password) in [("alice", PASSWORD), ("alice", WRONG), ("mallory", PASSWORD)] {
        let right = (name, password) == ("alice", PASSWORD);
        let script = Peer::script().greet([2]).expect_method(2);
        let script = script.login(name, password).expect_login(right);
        shown.session(&server, script).await;
    }
}

fn read(path: &std::path::Path) -> Htpasswd {
    let formats = Formats::new().sha1(true);
    Htpasswd::builder().formats(formats).open(path).unwrap()
}

async fn broken(shown: &mut Shown) {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), format!("alice:{HASH}\n")).unwrap();
    let users = read(file.path());
    for content in [
        format!("alice:{PASSWORD}\n"),
        format!("{PASSWORD}\n"),
        format!("alice:{HASH}\nalice:{HASH}\n"),
        format!("alice:{HASH}{WRONG}\n"),
        format!(" {PASSWORD}:{HASH}\n"),
        format!(":{PASSWORD}\n"),
    ] {
        std::fs::write(file.path(), content).unwrap();
        shown.error(&Htpasswd::open(file.path()).unwrap_err());
        shown.error(&users.reload().await.unwrap_err());
    }
    shown.debug(&users);
}
