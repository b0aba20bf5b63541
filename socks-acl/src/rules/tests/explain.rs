use super::*;

const TEXT: &str = "[[request]]\nname = \"lab\"\nuser = \"alice\"\ndestination = \"198.41.9.0/24\"\n\
                    verdict = \"allow\"\n\
                    [[request]]\nname = \"web\"\nport = [80, 443]\nnot.client = \"192.0.2.0/24\"\n\
                    verdict = \"allow\"\n\
                    [[request]]\nname = \"rest\"\nverdict = \"deny\"";

/// Which rule decided, and which condition of each earlier one did not hold.
#[test]
fn each_rule_says_why_it_did_not_decide() {
    let acl = acl(TEXT);
    assert_eq!(
        acl.explain(&user("bob", "www.example.com:22"), None)
            .to_string(),
        "request: connect www.example.com, port 22\n\
         \x20 \"own listeners\" depends: the address is not known yet\n\
         \x20 \"safe default\" depends: the address is not known yet\n\
         \x20 \"lab\" does not match: user: bob\n\
         \x20 \"web\" does not match: port: 22\n\
         \x20 \"rest\" matches: deny\n\
         refused with 02 by \"rest\""
    );
    assert_eq!(
        acl.explain(
            &user("alice", "a.example:22"),
            Some("198.41.9.1".parse().unwrap())
        )
        .to_string(),
        "request: connect a.example, port 22\n\
         \x20 \"own listeners\" depends: the address is not known yet\n\
         \x20 \"safe default\" depends: the address is not known yet\n\
         \x20 \"lab\" depends: destination: a.example\n\
         \x20 \"web\" does not match: port: 22\n\
         \x20 \"rest\" matches: deny\n\
         request: connect a.example at 198.41.9.1, port 22\n\
         \x20 \"own listeners\" does not match: it refuses other destinations\n\
         \x20 \"safe default\" does not match: it refuses other destinations\n\
         \x20 \"lab\" matches: allow\n\
         allowed by \"lab\""
    );
    let told = acl.explain(&connect("[64:ff9b::169.254.169.254]:80"), None);
    assert_eq!(told.questions.len(), 2);
    assert_eq!(told.rule.as_deref(), Some("safe default"));
    let last = told.questions[1].rules.last().unwrap();
    assert_eq!(last.why, "deny, cloud metadata address");
    let bind = acl
        .explain(&request(Command::Bind, "198.41.0.4:0"), None)
        .to_string();
    assert!(
        bind.contains("\"lab\" does not match: BIND needs a rule whose command names it"),
        "{bind}"
    );
    let json = serde_json::to_value(&told).unwrap();
    assert_eq!(json["questions"][0]["point"], "request");
    assert_eq!(
        (&json["allowed"], &json["reply"]),
        (&false.into(), &2.into())
    );
}

/// SE-38: what a client sent is escaped.
#[test]
fn hostile_names_are_escaped() {
    let told = acl(TEXT)
        .explain(&user("a\r\n\x1b[2J", "198.41.9.1:22"), None)
        .to_string();
    assert!(told.contains("user: a\\r\\n\\x1b[2J"), "{told}");
    assert!(!told.contains('\x1b') && !told.contains('\r'));
}

/// An explanation decides as the service does.
#[test]
fn accept_is_explained_too() {
    let acl = acl("[[accept]]\nname = \"tls\"\ntls = true\nverdict = \"allow\"");
    let client = AcceptRequest::new(SessionId(1), endpoint("198.41.0.4:50000"), endpoint(PUBLIC));
    assert_eq!(
        acl.explain_accept(&client).to_string(),
        "accept: client 198.41.0.4:50000\n\x20 \"tls\" does not match: tls: no\n\
         refused with 02, no rule matches"
    );
    let none = super::acl("").explain_accept(&client);
    assert_eq!(none.to_string(), "allowed, there are no rules for this");
}
