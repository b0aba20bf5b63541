//! Files that change while they are looked at. Time is paused, so a look costs none.

use std::{fs, path::PathBuf, time::Duration};

use tempfile::TempDir;
use tokio::time::sleep;

use super::{super::Reload, *};

const BLOCK: &str = "[domains]\nbad = { file = \"bad.txt\" }\n[[request]]\nname = \"bad\"\ndestination = \"$bad\"\n\
     verdict = \"deny\"\n[[request]]\nname = \"rest\"\nverdict = \"allow\"\n";

struct Files {
    dir: TempDir,
}

impl Files {
    fn new() -> Self {
        let files = Self {
            dir: tempfile::tempdir().unwrap(),
        };
        files.write("rules.toml", BLOCK);
        files.write("bad.txt", "bad.example\n");
        files
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    fn reload(&self) -> Reload {
        let rules = format!("rules = {:?}", self.path("rules.toml"));
        let prepared = prepare(&rules).unwrap();
        Reload::new(prepared, SafeDefault::new(), Default::default(), None).unwrap()
    }
}

fn refused(acl: &socks_acl::Acl, name: &str) -> bool {
    let arguments = [format!("destination={name}:80")];
    let asked = Asked::new(Pairs::of_arguments(&arguments).unwrap()).unwrap();
    !asked.explain(acl).allowed
}

async fn seconds(seconds: u64) {
    sleep(Duration::from_secs(seconds)).await;
}

/// SE-2: what a full disk leaves of a file is no list that refuses nobody, and no file of rules.
#[tokio::test(start_paused = true)]
async fn an_empty_file_changes_nothing() {
    let files = Files::new();
    let reload = files.reload();
    let acl = reload.acl();
    let _watch = tokio::spawn(reload.watch());
    for name in ["bad.txt", "rules.toml"] {
        let text = fs::read_to_string(files.path(name)).unwrap();
        files.write(name, "");
        seconds(5).await;
        assert!(refused(&acl, "bad.example") && !refused(&acl, "good.example"));
        files.write(name, &text);
        seconds(5).await;
    }
    files.write("bad.txt", "# none\n");
    seconds(5).await;
    assert!(!refused(&acl, "bad.example"));
}

/// A file that rules name and that comes later is found, although the files that are known look the same.
#[tokio::test(start_paused = true)]
async fn a_failure_is_not_for_ever() {
    let files = Files::new();
    let reload = files.reload();
    let acl = reload.acl();
    let _watch = tokio::spawn(reload.watch());
    seconds(2).await;
    files.write("rules.toml", &BLOCK.replace("bad.txt", "worse.txt"));
    seconds(5).await;
    files.write("worse.txt", "worse.example\n");
    assert!(!refused(&acl, "worse.example"));
    seconds(15).await;
    assert!(refused(&acl, "worse.example") && !refused(&acl, "bad.example"));
}

/// What is written between the first reading and the first look is read.
#[tokio::test(start_paused = true)]
async fn no_change_is_missed() {
    let files = Files::new();
    let reload = files.reload();
    let acl = reload.acl();
    files.write("bad.txt", "worse.example\n");
    let _watch = tokio::spawn(reload.watch());
    seconds(5).await;
    assert!(refused(&acl, "worse.example") && !refused(&acl, "bad.example"));
}
