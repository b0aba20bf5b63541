use std::{
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

use super::*;

/// UD-28: a permit judges by the rules that are in force when it is asked, and kept verdicts are
/// dropped; a session can be judged again.
#[test]
fn permits_judge_by_the_rules_in_force() {
    let text = |port| format!("[[request]]\nport = {port}\nverdict = \"allow\"");
    let acl = acl(&text(53));
    let epoch = acl.epoch();
    let first = epoch.current();
    let permit = ask(&acl, request(Command::UdpAssociate, "0.0.0.0:0")).unwrap();
    let allowed = |port: u16| permit.permits(([198, 41, 0, 4], port).into());
    assert!(allowed(53) && !allowed(54));
    let session = connect("198.41.0.4:53");
    let remote = Some([198, 41, 0, 4].into());
    assert!(acl.judge(&session, remote).allowed);
    acl.replace(rules(&text(54)));
    assert!(!allowed(53) && allowed(54));
    assert_ne!(epoch.current(), first);
    let again = acl.judge(&session, remote);
    assert!(!again.allowed && again.reply == socks_core::ReplyCode::NOT_ALLOWED);
}

/// A session is judged again with the address at which it was reached.
#[test]
fn a_session_is_judged_with_its_address() {
    let acl = acl("[[request]]\nname = \"all\"\nverdict = \"allow\"");
    let session = connect("a.example:80");
    let there = Some("192.33.14.30".parse().unwrap());
    assert_eq!(
        acl.judge(&session, there).terms.unwrap().rule.as_ref(),
        "all"
    );
    acl.replace(rules(
        "[[request]]\nname = \"no\"\naddress = \"192.33.14.30\"\nverdict = \"deny\"\n\
         [[request]]\nname = \"all\"\nverdict = \"allow\"",
    ));
    assert!(acl.judge(&session, None).allowed);
    let decision = acl.judge(&session, there);
    assert!(!decision.allowed && decision.terms.unwrap().rule.as_ref() == "no");
}

/// Hits are counted by rule, go on after a reload under the same point and name, and nowhere else.
#[test]
fn hits_are_counted_and_kept() {
    let text = "[[request]]\nname = \"web\"\nport = 80\nverdict = \"allow\"\n\
                [[request]]\nname = \"rest\"\nverdict = \"deny\"\n";
    let acl = acl(text);
    let hits = || -> Vec<(String, u64)> {
        let rules = acl.rules();
        rules
            .list()
            .map(|status| (status.rule, status.hits))
            .collect()
    };
    let counted = |counts: [(&str, u64); 4]| {
        assert_eq!(hits(), counts.map(|(rule, hits)| (rule.to_owned(), hits)));
    };
    let permit = ask(&acl, connect("a.example:80")).unwrap();
    assert!(ask(&acl, connect("192.33.14.30:80")).is_ok());
    assert!(ask(&acl, connect("a.example:81")).is_err());
    counted([
        ("own listeners", 0),
        ("safe default", 0),
        ("web", 2),
        ("rest", 1),
    ]);
    // An address that is refused counts for the rule that does it, and none that is let through.
    assert!(permits(&permit, "a.example:80", "192.33.14.30:80"));
    assert!(!permits(&permit, "a.example:80", "127.0.0.1:80"));
    counted([
        ("own listeners", 0),
        ("safe default", 1),
        ("web", 2),
        ("rest", 1),
    ]);
    acl.explain(&connect("a.example:80"), None);
    acl.judge(&connect("a.example:80"), None);
    let other = text.replace("\"rest\"", "\"others\"");
    acl.replace(rules(&format!(
        "{other}[[accept]]\nname = \"web\"\nverdict = \"allow\""
    )));
    let client = AcceptRequest::new(SessionId(1), endpoint("198.41.0.4:50000"), endpoint(PUBLIC));
    assert!(ask_accept(&acl, client).is_ok());
    assert!(ask(&acl, connect("192.33.14.30:80")).is_ok());
    let now = hits().into_iter().map(|(_, hits)| hits);
    assert_eq!(now.collect::<Vec<_>>(), [1, 0, 1, 3, 0]);
}

/// Whoever asks while rules are replaced hears from the old ones or from the new ones, never from
/// both.
#[test]
fn rules_are_replaced_at_once() {
    // By either file one of the two is allowed, and one refused.
    let text = |user| format!("[[request]]\nname = {user:?}\nuser = {user:?}\nverdict = \"allow\"");
    let texts = [text("alice"), text("bob")];
    let acl = acl(&texts[0]);
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            for text in texts.iter().cycle().take(2_000) {
                acl.replace(rules(text));
            }
            stop.store(true, Ordering::Relaxed);
        });
        while !stop.load(Ordering::Relaxed) {
            for name in ["alice", "bob"] {
                let answer = ask(&acl, user(name, "192.33.14.30:80"));
                assert_eq!(rule(&answer), if answer.is_ok() { name } else { "" });
            }
        }
    });
}

/// Rules that are never asked are told of, BIND's exception included.
#[test]
fn rules_that_are_never_asked_are_told_of() {
    let told = |text: &str| -> Vec<String> {
        rules(text)
            .warnings()
            .iter()
            .map(ToString::to_string)
            .collect()
    };
    let all = "[[request]]\nname = \"all\"\nverdict = \"allow\"\n";
    let web = "[[request]]\nname = \"web\"\nport = 80\nverdict = \"deny\"\n";
    let bind = "[[request]]\nname = \"bind\"\ncommand = \"bind\"\nverdict = \"allow\"\n";
    let never = "request rule \"web\" is never asked: \"all\" before it has no conditions";
    assert!(told(&format!("{web}{bind}{all}")).is_empty());
    assert_eq!(told(&format!("{all}{web}{bind}")), [never]);
    assert_eq!(
        told(&format!("{}{bind}", all.replace("allow", "deny"))).len(),
        1
    );
}

/// More rules than anybody writes are refused.
#[test]
fn rules_are_bounded() {
    use crate::{Condition, Point, Rule};
    let many = |count: usize| {
        let builder = (0..count).fold(Rules::builder(), |builder, index| {
            builder.rule(
                Point::Request,
                Rule::deny(index.to_string()).when(Condition::Tls),
            )
        });
        builder.build()
    };
    assert!(many(Rules::MAX).is_ok());
    assert!(many(Rules::MAX + 1).is_err());
    let wide =
        (0..=Rules::MAX_CONDITIONS).fold(Rule::deny("x"), |rule, _| rule.when(Condition::Tls));
    assert!(Rules::builder().rule(Point::Accept, wide).build().is_err());
}
