use std::{fs, sync::Arc};

use proptest::prelude::*;
use socks_core::{
    Method,
    message::{
        AuthRequest, Authentication, ConnInfo, Credentials, Endpoint, Identity, SessionId, Version,
    },
};
use tower::{Layer, Service, ServiceExt};

use super::{Htgroup, table::Table};
use crate::{NoAuth, StaticUsers};

fn groups(content: &[u8], user: &str) -> Vec<String> {
    let table = Table::parse(content).unwrap();
    let groups = table.of(&user.into()).iter();
    groups.map(|group| group.to_string()).collect()
}

#[test]
fn groups_of_a_file() {
    let content =
        b"# who does what\r\nstaff: alice bob\r\n\nadmin:alice\nstaff: carol  bob\nempty:\n";
    assert_eq!(groups(content, "alice"), ["staff", "admin"]);
    assert_eq!(groups(content, "bob"), ["staff"]);
    assert_eq!(groups(content, "carol"), ["staff"]);
    assert!(groups(content, "Alice").is_empty() && groups(content, "").is_empty());
}

#[test]
fn what_is_no_group_is_refused() {
    for (content, line) in [
        (&b""[..], None),
        (b"# nothing\n\n", None),
        (b"a: b\nstaff", Some(2)),
        (b"a: b\n: alice", Some(2)),
        (b"a b: alice", Some(1)),
        (b"a: b: c", Some(1)),
        (b"\xff: alice", Some(1)),
        (b" a: b", Some(1)),
        (b"a: b ", Some(1)),
        (b"a: \0", Some(1)),
        (b"\xef\xbb\xbfa: b", Some(1)),
    ] {
        let error = Table::parse(content).err().unwrap();
        assert_eq!(
            error.line,
            line,
            "{}: {}",
            content.escape_ascii(),
            error.what
        );
    }
}

async fn ask<S>(service: S, credentials: Credentials) -> Authentication
where
    S: Service<AuthRequest, Response = Authentication, Error: std::fmt::Debug>,
{
    let end = Endpoint::Unnamed;
    let conn = ConnInfo::new(SessionId(1), Version::Socks5, end.clone(), end);
    let request = AuthRequest::new(Arc::new(conn), Method::USERNAME_PASSWORD, credentials);
    service.oneshot(request).await.unwrap()
}

fn password(username: &str, password: &str) -> Credentials {
    Credentials::Password {
        username: username.into(),
        password: password.into(),
    }
}

/// The layer adds to whom the authenticator lets in, and lets nobody in itself.
#[tokio::test]
async fn a_layer_beside_any_back_end() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("groups");
    fs::write(&path, "staff: alice mallory\nadmin: alice\n").unwrap();
    let file = Htgroup::open(&path).unwrap();
    let users = file
        .layer()
        .layer(StaticUsers::from_iter([("alice", "secret"), ("bob", "x")]));

    let of = |answer| match answer {
        Authentication::Accepted(Identity { groups, .. }) => Some(groups),
        Authentication::Rejected(_) => None,
    };
    let alice = of(ask(users.clone(), password("alice", "secret")).await).unwrap();
    assert_eq!(alice, ["staff".into(), "admin".into()]);
    let bob = of(ask(users.clone(), password("bob", "x")).await).unwrap();
    assert!(bob.is_empty());
    for (name, word) in [("alice", "wrong"), ("mallory", "x")] {
        assert!(of(ask(users.clone(), password(name, word)).await).is_none());
    }

    // S4-2: a claimed name has no groups.
    let claimed = ask(file.layer().layer(NoAuth::new()), password("alice", "")).await;
    assert!(of(claimed).unwrap().is_empty());

    // What the back end says is there once.
    let identity = Identity::user("alice", Method::USERNAME_PASSWORD).group("admin");
    assert_eq!(
        file.add_to(identity).groups,
        ["admin".into(), "staff".into()]
    );

    fs::write(&path, "staff: bob\n").unwrap();
    file.reload().await.unwrap();
    let bob = of(ask(users.clone(), password("bob", "x")).await).unwrap();
    assert_eq!(bob, ["staff".into()]);
    fs::write(&path, "").unwrap();
    file.reload().await.unwrap_err();
    let bob = of(ask(users, password("bob", "x")).await).unwrap();
    assert_eq!(bob, ["staff".into()]);
}

proptest! {
    #[test]
    fn any_octets(content in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = Table::parse(&content);
    }
}
