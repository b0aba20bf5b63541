use socks_core::ReplyCode;

use super::*;

/// What a rule says beside yes comes with the permit.
#[test]
fn a_permit_says_what_its_rule_grants() {
    let acl = acl(
        "[[request]]\nname = \"slow\"\nport = 80\nroute = \"dsl\"\nlimits = [\"a\", \"b\"]\nlog = \"quiet\"\n\
         conceal = true\negress = { ipv4 = \"192.0.2.1\", ipv6 = \"2001:db8::1\", interface = \"eth0\", mark = 7 }\n\
         verdict = \"allow\"\n\
         [[request]]\nname = \"no\"\nlog = \"loud\"\nreply = \"ttl-expired\"\nverdict = \"deny\"",
    );
    let permit = ask(&acl, connect("a.example:80")).unwrap();
    let terms = permit.terms.unwrap();
    assert_eq!(
        (&*terms.rule, terms.log_class.as_deref()),
        ("slow", Some("quiet"))
    );
    assert_eq!(terms.limits, ["a".into(), "b".into()]);
    assert!(terms.conceal);
    assert_eq!(permit.route.as_deref(), Some("dsl"));
    let egress = permit.egress.unwrap();
    assert_eq!(egress.ipv4, Some([192, 0, 2, 1].into()));
    assert_eq!(egress.ipv6, Some("2001:db8::1".parse().unwrap()));
    assert_eq!(
        (egress.interface.as_deref(), egress.mark),
        (Some("eth0"), Some(7))
    );
    let denial = ask(&acl, connect("a.example:81")).unwrap_err();
    assert_eq!(denial.code, ReplyCode::TTL_EXPIRED);
    assert_eq!(denial.terms.unwrap().log_class.as_deref(), Some("loud"));
}

/// What a name is granted its addresses must be, too: another route or limit is a refusal.
#[test]
fn an_address_is_not_granted_something_else() {
    let grants = [
        "route = \"r\"",
        "limits = \"l\"",
        "conceal = true",
        "egress.mark = 1",
    ];
    for grant in grants {
        let acl = acl(&format!(
            "[[request]]\nname = \"lab\"\ndestination = \"198.41.9.0/24\"\n{grant}\nverdict = \"allow\"\n\
             [[request]]\nname = \"all\"\nverdict = \"allow\""
        ));
        let permit = ask(&acl, connect("a.example:80")).unwrap();
        assert_eq!(permit.terms.as_ref().unwrap().rule.as_ref(), "all");
        assert!(permits(&permit, "a.example:80", "192.33.14.30:80"));
        assert!(
            !permits(&permit, "a.example:80", "198.41.9.1:80"),
            "{grant}"
        );
        assert!(ask(&acl, connect("198.41.9.1:80")).is_ok());
        let told = acl.explain(
            &connect("a.example:80"),
            Some("198.41.9.1".parse().unwrap()),
        );
        assert!(
            !told.allowed && told.decision.contains("grants something else"),
            "{told}"
        );
        // The same for two forms of one address.
        let both = ask(&acl, connect("[64:ff9b::198.41.9.1]:80")).unwrap_err();
        assert_eq!(both.code, ReplyCode::NOT_ALLOWED);
    }
    // The class of the log is none of the client's.
    let acl = acl(
        "[[request]]\ndestination = \"198.41.9.0/24\"\nlog = \"l\"\nverdict = \"allow\"\n\
         [[request]]\nverdict = \"allow\"",
    );
    let permit = ask(&acl, connect("a.example:80")).unwrap();
    assert!(permits(&permit, "a.example:80", "198.41.9.1:80"));
}

/// A destination that is rewritten is judged again, and goes where it must be allowed.
#[test]
fn a_rewritten_destination_is_judged_again() {
    let rewrite = "[[request]]\nname = \"move\"\ndestination = \"old.example\"\nroute = \"r\"\n\
                   rewrite = \"new.example:8080\"\nverdict = \"allow\"\n";
    let allowed = format!(
        "{rewrite}[[request]]\nname = \"new\"\ndestination = \"new.example\"\nlimits = \"l\"\nverdict = \"allow\""
    );
    assert!(ask(&acl(rewrite), connect("old.example:80")).is_err());
    let acl = acl(&allowed);
    let permit = ask(&acl, connect("old.example:80")).unwrap();
    assert_eq!(permit.destination, Some(address("new.example:8080")));
    // The rule that rewrites says what is granted.
    assert_eq!(permit.terms.as_ref().unwrap().rule.as_ref(), "move");
    assert_eq!(permit.route.as_deref(), Some("r"));
    assert!(permits(&permit, "new.example:8080", "192.33.14.30:8080"));
    assert!(!permits(&permit, "new.example:8080", "127.0.0.1:8080"));
    assert!(!permits(
        &permit,
        "new.example:8080",
        "[::ffff:127.0.0.1]:8080"
    ));
    let told = acl.explain(&connect("old.example:80"), None);
    assert_eq!(told.questions.len(), 2, "{told}");
    assert!(
        acl.judge(
            &connect("old.example:80"),
            Some("192.33.14.30".parse().unwrap())
        )
        .allowed
    );
    assert!(
        !acl.judge(
            &connect("old.example:80"),
            Some("127.0.0.1".parse().unwrap())
        )
        .allowed
    );

    // To an address inside, or in a circle, which ends after one step.
    let inside =
        rewrite.replace("new.example:8080", "127.0.0.1") + "[[request]]\nverdict = \"allow\"";
    assert_eq!(
        rule(&ask(&super::acl(&inside), connect("old.example:80"))),
        "safe default"
    );
    let circle = rewrite.replace("new.example:8080", ":81");
    let permit = ask(&super::acl(&circle), connect("old.example:80")).unwrap();
    assert_eq!(permit.destination, Some(address("old.example:81")));
}

/// A rule that would rewrite because of an address does not do so before the address is known.
#[test]
fn nothing_is_rewritten_on_a_guess() {
    let rewrite = "[[request]]\nname = \"move\"\naddress = \"198.41.9.0/24\"\nrewrite = \"new.example\"\n\
                   verdict = \"allow\"\n";
    let all = "[[request]]\nname = \"all\"\nverdict = \"allow\"\n";
    let alone = acl(rewrite);
    assert!(ask(&alone, connect("a.example:80")).is_err());
    let acl = acl(&format!("{rewrite}{all}"));
    let permit = ask(&acl, connect("a.example:80")).unwrap();
    assert_eq!(permit.destination, None);
    assert!(!permits(&permit, "a.example:80", "198.41.9.1:80"));
    assert_eq!(rule(&ask(&acl, connect("198.41.9.1:80"))), "move");
}
