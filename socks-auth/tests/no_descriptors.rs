//! A process that has no descriptor left for a while, as a flood of clients may bring it about. Alone
//! in its process, which it starves.

#![cfg(all(feature = "htpasswd", target_os = "linux"))]

use std::{fs, fs::File, time::Duration};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use socks_auth::Htpasswd;
use tokio::time;

const HASH: &str = "$apr1$/XPkTXbz$MMXnONMSMRobZ2gBrx4EC/";

/// A file that cannot be opened at one look is read at a later one, though it has not changed since: a
/// user who was removed meanwhile must not stay.
#[tokio::test(start_paused = true)]
async fn a_file_is_read_when_descriptors_are_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("users");
    fs::write(&path, format!("alice:{HASH}\nmallory:{HASH}\n")).unwrap();
    let users = Htpasswd::open(&path).unwrap();
    let watch = tokio::spawn(users.watch(Duration::from_secs(1)));

    let before = getrlimit(Resource::Nofile);
    fs::write(&path, format!("alice:{HASH}\n")).unwrap();
    let none = Rlimit {
        current: Some(0),
        maximum: before.maximum,
    };
    setrlimit(Resource::Nofile, none).unwrap();
    time::sleep(Duration::from_secs(10)).await;
    let starved = File::open(&path).is_err();
    setrlimit(Resource::Nofile, before).unwrap();
    assert!(starved);
    assert_eq!(users.len(), 2, "what was read before stays in force");

    time::sleep(Duration::from_secs(10)).await;
    assert_eq!(users.len(), 1);
    watch.abort();
}
