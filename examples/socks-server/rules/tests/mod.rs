mod judged;
mod reload;

use std::{fs, path::Path};

use socks_acl::SafeDefault;

use super::*;
use crate::config::{Config, Source};

fn prepare(text: &str) -> Result<Prepared, String> {
    let source = Source::new(Path::new("f.toml"), text);
    let config = Config::parse(&source).map_err(|error| error.to_string())?;
    let rules = config.rules.unwrap();
    let names = Names {
        limits: ["slow".into()].into(),
        listeners: ["inside".into()].into(),
    };
    let (trial, refused) = (config.trial_rules.as_ref(), config.refused_sessions);
    Prepared::new(&rules, trial, refused, names, &source).map_err(|error| error.to_string())
}

const ALLOW: &str = "[[rules.request]]\nname = \"all\"\nverdict = \"allow\"\n";

/// SE-3: what is wrong is told by file, line, column, key and what was expected, whether the rules are in
/// this file or in one of their own.
#[test]
fn errors_name_the_place() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("rules.toml");
    fs::write(&path, "[[request]]\nverdict = \"alow\"\n").unwrap();
    let path = path.display();
    for (text, expected) in [
        (
            format!("{ALLOW}port = [80, 70000]"),
            "f.toml:4:13: rules.request[1].port: expected a port".to_owned(),
        ),
        (
            format!("{ALLOW}prot = [80]"),
            "f.toml:4:1: rules.request[1].prot: unknown key".to_owned(),
        ),
        (
            "[[rules.accept]]\nuser = [\"a\"]\nverdict = \"deny\"".to_owned(),
            "f.toml:2:8: rules.accept[1].user: cannot be asked by accept rules".to_owned(),
        ),
        (
            format!("{ALLOW}limits = [\"fast\"]"),
            "f.toml:1:3: rules: no [[limit]] is called \"fast\"".to_owned(),
        ),
        (
            format!("{ALLOW}not.used_up = [\"slow\", \"dya\"]"),
            "f.toml:1:3: rules: no [[limit]] is called \"dya\"".to_owned(),
        ),
        (
            format!("{ALLOW}not.listener = [\"inside\", \"insied\"]"),
            "f.toml:1:3: rules: no listener is called \"insied\"".to_owned(),
        ),
        (
            format!("{ALLOW}route = \"tor\""),
            "f.toml:1:3: rules: route \"tor\": this server".to_owned(),
        ),
        (
            format!("rules = \"{path}\""),
            format!("f.toml:1:9: rules: {path}:2:11: request[1].verdict: expected"),
        ),
        (
            "rules = \"/nowhere/rules.toml\"".to_owned(),
            "f.toml:1:9: rules: /nowhere/rules.toml: No such file".to_owned(),
        ),
        (
            "rules = 5".to_owned(),
            "f.toml:1:9: rules: expected a table".to_owned(),
        ),
        (
            format!("trial_rules = \"/nowhere\"\n{ALLOW}"),
            "f.toml:1:15: trial_rules: /nowhere: No such file".to_owned(),
        ),
        (
            format!("refused_sessions = \"kill\"\n{ALLOW}"),
            "f.toml:1:20: refused_sessions: unknown variant `kill`".to_owned(),
        ),
    ] {
        let error = prepare(&text).unwrap_err();
        assert!(error.starts_with(&expected), "{error}\n{expected}");
    }
}

/// A limit that is there may be named; the summary is what `--check` shows.
#[test]
fn sound_rules() {
    let prepared = prepare(&format!("{ALLOW}limits = [\"slow\"]")).unwrap();
    let summary = prepared.to_string();
    assert!(summary.ends_with(" of f.toml"), "{summary}");
    assert_eq!(prepared.refused, RefusedSessions::Cut);
}

fn explained(question: &[&str]) -> Result<String, String> {
    let arguments: Vec<_> = question.iter().map(ToString::to_string).collect();
    let asked = Asked::new(Pairs::of_arguments(&arguments)?)?;
    let acl = socks_acl::Acl::new(without_any(SafeDefault::new(), None).unwrap());
    Ok(asked.explain(&acl).to_string())
}

/// Without rules the safe default is a rule that is seen.
#[test]
fn the_safe_default_is_explained() {
    let question = ["destination=10.0.0.1:80", "local=192.0.2.1:1080"];
    let text = explained(&question).unwrap();
    assert!(text.contains("safe default"), "{text}");
    assert!(text.lines().last().unwrap().starts_with("refused with 02"));
    let question = ["destination=example.com:80", "remote=127.0.0.1"];
    let text = explained(&question).unwrap();
    assert!(text.lines().last().unwrap().starts_with("refused with 02"));
    let question = [
        "destination=example.com:80",
        "remote=192.88.0.1",
        "user=alice",
        "group=staff",
    ];
    assert!(
        explained(&question)
            .unwrap()
            .ends_with("allowed by \"the rest\"")
    );
    assert!(explained(&["point=accept", "peer=192.0.2.1"]).is_ok());
}

#[test]
fn questions_that_cannot_be_asked() {
    for (question, expected) in [
        (&["destination"][..], "destination: expected NAME=VALUE"),
        (&["destination=a"], "destination: expected HOST:PORT"),
        (
            &["destination=a:1", "remote=x"],
            "remote: expected an IP address",
        ),
        (&["point=accept", "user=a"], "user: unknown, or there twice"),
    ] {
        let error = explained(question).unwrap_err();
        assert!(error.starts_with(expected), "{error}");
    }
}
