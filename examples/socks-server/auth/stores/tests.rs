#![allow(
    dead_code,
    unused_imports,
    reason = "each feature has a test of its own"
)]

use std::{fs, path::PathBuf};

use crate::auth::tests::{error, prepare};

const HASH: &str = "$apr1$/XPkTXbz$MMXnONMSMRobZ2gBrx4EC/";

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn file(&self, name: &str, content: &str) -> String {
        let path: PathBuf = self.0.path().join(name);
        fs::write(&path, content).unwrap();
        path.display().to_string()
    }
}

fn starts(text: &str, expected: &str) {
    let error = error(text);
    assert!(
        error.starts_with(expected),
        "{text:?}\n {error}\n {expected}"
    );
    assert!(!error.contains("hunter2"), "{error}");
}

/// A section of a feature that is off names it.
#[test]
fn features() {
    for (table, built) in [
        ("htpasswd", cfg!(feature = "htpasswd")),
        ("http", cfg!(feature = "http")),
        ("pam", cfg!(feature = "pam")),
        ("sql", cfg!(feature = "sql")),
    ] {
        let error = error(&format!("\n[auth.{table}]\nhunter2 = 1\n"));
        assert!(error.starts_with("f.toml:"), "{error}");
        let off = format!("built with `--features {table}`");
        assert_eq!(error.contains(&off), !built, "{error}");
        assert!(error.contains(&format!("auth.{table}: ")), "{error}");
    }
}

#[cfg(feature = "htpasswd")]
#[test]
fn htpasswd() {
    let folder = Folder::new();
    let users = folder.file("users", &format!("alice:{HASH}\nbob:{HASH}\n"));
    let groups = folder.file("groups", "staff: alice\n");
    let text = format!("[auth.htpasswd]\nfile = '{users}'\ngroups = '{groups}'\n");
    let prepared = prepare(&text).unwrap();
    assert!(prepared.takes_passwords() && !prepared.lets_anybody_in());
    assert!(format!("{prepared:?}").contains(&format!("2 users of {users}")));

    starts(
        "[auth.htpasswd]\nfile = '/nowhere/users'\n",
        "f.toml:2:8: auth.htpasswd.file: /nowhere/users: cannot be read: ",
    );
    let plain = folder.file("plain", &format!("alice:{HASH}\nbob:hunter2\n"));
    starts(
        &format!("[auth.htpasswd]\nfile = '{plain}'\n"),
        &format!("f.toml:2:8: auth.htpasswd.file: {plain}:2: expected a password hash; plain text"),
    );
    let text = format!("[auth.htpasswd]\nfile = '{plain}'\nallow_plain_text = true\n");
    prepare(&text).unwrap();
    let broken = folder.file("broken", "staff alice\n");
    starts(
        &format!("[auth.htpasswd]\nfile = '{users}'\ngroups = '{broken}'\n"),
        &format!("f.toml:3:10: auth.htpasswd.groups: {broken}:1: expected GROUP: USER"),
    );
    starts(
        "[auth.htpasswd]\ngroups = 'x'\n",
        "f.toml:1:1: auth.htpasswd: missing field `file`",
    );
    starts(
        &format!("[[user]]\nname = 'a'\npassword = 'hunter2'\n[auth.htpasswd]\nfile = '{users}'\n"),
        "f.toml:4:1: auth.htpasswd: expected one store of passwords, and [[user]] or --user is there too",
    );
}

/// With a cache, whom a file does not name any more is out as soon as the file is read again,
/// and groups are those of the file.
#[cfg(feature = "htpasswd")]
#[tokio::test(start_paused = true)]
async fn a_cache_is_cleared_when_a_file_changes() {
    use std::time::Duration;

    use socks_core::message::Authentication;
    use tokio::time;
    use tower::ServiceExt;

    use crate::auth::services::tests::login;

    let folder = Folder::new();
    let users = folder.file("users", "alice:secret\n");
    let groups = folder.file("groups", "staff: alice\n");
    let text = format!(
        "[auth.htpasswd]\nfile = '{users}'\ngroups = '{groups}'\nallow_plain_text = true\n\
         [auth.cache]\nttl = 3600\n"
    );
    let service = prepare(&text).unwrap().services().authenticator;
    let groups_of = async || match service.clone().oneshot(login("secret")).await.unwrap() {
        Authentication::Accepted(identity) => Some(identity.groups.join(" ")),
        Authentication::Rejected(_) => None,
    };
    let mut known = groups_of().await;
    assert_eq!(known.as_deref(), Some("staff"));
    for (file, content, expected) in [
        ("groups", "guests: alice\n", Some("guests")),
        ("users", "bob:secret\n", None),
    ] {
        folder.file(file, content);
        // The files are looked at every second.
        let seen = async {
            while groups_of().await == known {
                time::sleep(Duration::from_secs(1)).await;
            }
        };
        let in_time = time::timeout(Duration::from_secs(60), seen).await;
        assert!(in_time.is_ok(), "{file}");
        known = groups_of().await;
        assert_eq!(known.as_deref(), expected);
    }
}

#[cfg(feature = "pam")]
#[test]
fn pam() {
    starts(
        "[auth.pam]\nservice = 'socks/server'\n",
        "f.toml:2:11: auth.pam.service: expected the name of a PAM service",
    );
    starts(
        "[auth.pam]\nservice = 'socks-server-is-not-there'\n",
        "f.toml:2:11: auth.pam.service: there is no such service",
    );
}

#[cfg(feature = "sql")]
#[test]
fn sql() {
    let folder = Folder::new();
    let query = "query = 'SELECT hash FROM users WHERE name = $1'\n";
    prepare(&format!("[auth.sql]\n{query}url = 'sqlite:///nowhere'\n")).unwrap();
    let file = folder.file("url", "postgres://a:hunter2@localhost/b\n");
    let text = format!("[auth.sql]\n{query}url_file = '{file}'\n");
    assert!(!format!("{:?}", prepare(&text).unwrap()).contains("hunter2"));

    for (section, expected) in [
        (
            query.to_owned(),
            "f.toml:2:9: auth.sql.url: expected either url or url_file",
        ),
        (
            format!("{query}url = 'sqlite:x'\nurl_file = 'x'\n"),
            "f.toml:2:9: auth.sql.url: expected either url or url_file",
        ),
        (
            format!("{query}url = 'mysql://a:hunter2@b/c'\n"),
            "f.toml:3:7: auth.sql.url: expected a URL postgres://",
        ),
        (
            format!("{query}url_file = '/nowhere/url'\n"),
            "f.toml:3:12: auth.sql.url_file: /nowhere/url cannot be read: ",
        ),
        (
            "query = ' '\nurl = 'sqlite:x'\n".into(),
            "f.toml:2:9: auth.sql.query: expected a query",
        ),
        (
            format!("{query}url = 'sqlite:x'\nconnections = 0\n"),
            "f.toml:4:15: auth.sql.connections: wrong value, expected a nonzero u16",
        ),
        (
            format!("{query}url = ['hunter2']\n"),
            "f.toml:3:7: auth.sql.url: wrong value, expected a string",
        ),
    ] {
        starts(&format!("[auth.sql]\n{section}"), expected);
    }
}

#[cfg(feature = "http")]
#[test]
fn http() {
    let folder = Folder::new();
    let url = "url = 'http://127.0.0.1:8000/login'\n";
    let token = folder.file("token", "hunter2\n");
    let text = format!("[auth.http]\n{url}token_file = '{token}'\ntimeout = 3\n");
    assert!(!format!("{:?}", prepare(&text).unwrap()).contains("hunter2"));

    let two = folder.file("two", "hunter2\nhunter3\n");
    let space = folder.file("space", "hunter2 hunter3\n");
    for (section, expected) in [
        (
            "url = 'http://a:hunter2@localhost/'\n".to_owned(),
            "f.toml:2:7: auth.http.url: expected a URL http://HOST/".to_owned(),
        ),
        (
            format!("{url}token_file = '/nowhere/token'\n"),
            "f.toml:3:14: auth.http.token_file: /nowhere/token cannot be read: ".into(),
        ),
        (
            format!("{url}token_file = '{two}'\n"),
            format!("f.toml:3:14: auth.http.token_file: {two}: expected one line"),
        ),
        (
            format!("{url}token_file = '{space}'\n"),
            "f.toml:3:14: auth.http.token_file: expected a token of printable ASCII".into(),
        ),
    ] {
        starts(&format!("[auth.http]\n{section}"), &expected);
    }
}
