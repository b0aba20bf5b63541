use socks_core::Domain;

use super::*;

/// SE-4, SE-12, SE-41: a name that a rule about names allows is judged again with each address.
#[test]
fn a_name_and_its_addresses_are_judged_together() {
    let acl = acl(
        "[[request]]\nname = \"no lab\"\ndestination = \"198.41.9.0/24\"\nverdict = \"deny\"\n\
         [[request]]\nname = \"corp\"\ndestination = \".example.com\"\nverdict = \"allow\"",
    );
    let permit = ask(&acl, connect("www.Example.com:80")).unwrap();
    assert_eq!(permit.terms.as_ref().unwrap().rule.as_ref(), "corp");
    let to = "www.example.com:80";
    assert!(permits(&permit, to, "192.33.14.30:80"));
    for refused in [
        "198.41.9.1:80",
        "127.0.0.1:80",
        "[::ffff:10.0.0.1]:80",
        "[64:ff9b::7f00:1]:80",
    ] {
        assert!(!permits(&permit, to, refused), "{refused}");
    }
    // The name allowed it, so the address by itself, or under another name, is another question.
    assert!(!permit.permits("192.33.14.30:80".parse().unwrap()));
    assert!(!permits(&permit, "www.example.org:80", "192.33.14.30:80"));
    let name = |name: &str| Domain::try_from(name).unwrap();
    assert!(permit.permits_name(&name("a.example.com"), 80));
    assert!(!permit.permits_name(&name("badexample.com"), 80));
    assert!(ask(&acl, connect("badexample.com:80")).is_err());
    assert!(ask(&acl, connect("192.33.14.30:80")).is_err());
}

/// SE-4: a name is not refused for what only its addresses can tell, and refused for what they cannot
/// change.
#[test]
fn a_name_waits_for_its_addresses_only_where_they_matter() {
    let allow_net =
        "[[request]]\nname = \"net\"\ndestination = \"198.41.9.0/24\"\nverdict = \"allow\"\n";
    let deny_all = "[[request]]\nname = \"rest\"\nverdict = \"deny\"\n";
    // Perhaps it is inside.
    let acl = acl(&format!("{allow_net}{deny_all}"));
    let permit = ask(&acl, connect("a.example:80")).unwrap();
    assert_eq!(permit.terms.as_ref().unwrap().rule.as_ref(), "net");
    assert!(permits(&permit, "a.example:80", "198.41.9.1:80"));
    assert!(!permits(&permit, "a.example:80", "198.41.8.1:80"));
    // However it resolves.
    let acl = super::acl(&format!("{deny_all}{allow_net}"));
    assert_eq!(rule(&ask(&acl, connect("a.example:80"))), "rest");
    // Another port will not do, whatever the address.
    let narrow = allow_net.replace("verdict", "port = 443\nverdict");
    assert!(ask(&super::acl(&narrow), connect("a.example:80")).is_err());
    assert!(ask(&super::acl(&narrow), connect("a.example:443")).is_ok());
    // Not in a network is a matter of addresses, too.
    let negated = allow_net.replace("destination", "not.destination");
    let permit = ask(&super::acl(&negated), connect("a.example:80")).unwrap();
    assert!(permits(&permit, "a.example:80", "198.41.8.1:80"));
    assert!(!permits(&permit, "a.example:80", "198.41.9.1:80"));
}

/// Both a name and an address may be asked of one connection.
#[test]
fn a_rule_can_ask_for_a_name_at_an_address() {
    let acl = acl(
        "[[request]]\ndestination = \".example.com\"\naddress = \"198.41.9.0/24\"\nverdict = \"allow\"",
    );
    let permit = ask(&acl, connect("a.example.com:80")).unwrap();
    assert!(permits(&permit, "a.example.com:80", "198.41.9.1:80"));
    assert!(!permits(&permit, "a.example.com:80", "198.41.8.1:80"));
    assert!(ask(&acl, connect("a.example.org:80")).is_err());
    assert!(ask(&acl, connect("198.41.9.1:80")).is_err());
}

/// SE-9: each IPv4 address inside an IPv6 address must be allowed as well as that.
#[test]
fn embedded_addresses_are_judged_too() {
    let acl = acl(&format!(
        "{OPEN}safe_default.nat64 = \"2001:db8:64::/96\"\n\
         [[request]]\nname = \"no lab\"\naddress = \"198.41.9.0/24\"\nverdict = \"deny\"\n\
         [[request]]\nverdict = \"allow\""
    ));
    for (destination, allowed) in [
        ("[2606:4700::1111]:80", true),
        ("[::ffff:198.41.9.1]:80", false),
        ("[::198.41.9.1]:80", false),
        ("[64:ff9b::198.41.9.1]:80", false),
        ("[64:ff9b::198.41.8.1]:80", true),
        ("[2001:db8:64::198.41.9.1]:80", false),
        ("[2002:c629:901::1]:80", false),
        ("[2001:0:c629:901::]:80", false),
        ("[2a00::5efe:198.41.9.1]:80", false),
    ] {
        assert_eq!(
            ask(&acl, connect(destination)).is_ok(),
            allowed,
            "{destination}"
        );
        let permit = ask(&acl, connect("a.example:80")).unwrap();
        assert_eq!(
            permits(&permit, "a.example:80", destination),
            allowed,
            "{destination}"
        );
    }
    // To allow an IPv4 network is not to allow every way to it.
    let acl = super::acl(&format!(
        "{OPEN}[[request]]\naddress = \"198.41.9.0/24\"\nverdict = \"allow\""
    ));
    assert!(ask(&acl, connect("[::ffff:198.41.9.1]:80")).is_ok());
    assert!(ask(&acl, connect("[64:ff9b::198.41.9.1]:80")).is_err());
}

/// SE-5, SE-7, SE-8, SE-11: the safe default is the first rule unless it has another place, and the proxy's own
/// listeners are refused even without it.
#[test]
fn the_safe_default_is_a_rule() {
    let allow = "[[request]]\nname = \"all\"\nverdict = \"allow\"\n";
    let asked =
        |text: &str, destination: &str| rule(&ask(&acl(text), connect(destination))).to_owned();
    for destination in [
        "127.0.0.1:80",
        "169.254.169.254:80",
        "10.0.0.1:80",
        "localhost:80",
    ] {
        assert_eq!(asked(allow, destination), "safe default", "{destination}");
        assert_eq!(asked(&format!("{OPEN}{allow}"), destination), "all");
    }
    let after = "[[request]]\nname = \"lab\"\ndestination = \"10.1.0.0/16\"\nverdict = \"allow\"\n\
                 [[request]]\nsafe_default = true\n";
    assert_eq!(asked(&format!("{after}{allow}"), "10.1.0.1:80"), "lab");
    assert_eq!(
        asked(&format!("{after}{allow}"), "10.2.0.1:80"),
        "safe default"
    );
    assert_eq!(asked(&format!("{after}{allow}"), "192.33.14.30:80"), "all");
    let opened = format!("safe_default.allow = \"10.1.0.0/16\"\n{allow}");
    assert_eq!(asked(&opened, "10.1.0.1:80"), "all");
    // PUBLIC is what the client has connected to.
    for text in [allow, &format!("{OPEN}{allow}"), &format!("{after}{allow}")] {
        assert_eq!(asked(text, PUBLIC), "own listeners");
    }
    let managed = format!("{OPEN}safe_default.own_listeners = \"0.0.0.0:9090\"\n{allow}");
    assert_eq!(asked(&managed, "127.0.0.1:9090"), "own listeners");
    let local = crate::tests::request(LOCAL, Command::Connect, address("127.0.0.1:80"));
    assert_eq!(rule(&ask(&acl(allow), local)), "all");
}

/// SE-41: a literal inside a name field arrives as an address, and is judged as one.
#[test]
fn literals_are_addresses() {
    let acl = acl("[[request]]\ndestination = [\"*\"]\nverdict = \"allow\"");
    let literal = Address::domain("192.33.14.30", 80)
        .unwrap()
        .canonical()
        .unwrap();
    let asked = |to| {
        let mut request = connect("x.example:80");
        request.destination = to;
        ask(&acl, request)
    };
    assert!(asked(literal).is_err());
    assert!(asked(Address::domain("x.example", 80).unwrap()).is_ok());
}

/// SE-12, SE-41: a name that somebody else looks up is let go only by a rule that is about it: that one of
/// its addresses might be allowed, or granted something else, is no reason when nobody sees them.
#[test]
fn a_name_that_is_looked_up_elsewhere() {
    let acl = acl(
        "[[request]]\nname = \"bad\"\ndestination = \"bad.example\"\nverdict = \"deny\"\n\
         [[request]]\nname = \"lab\"\naddress = \"198.41.0.0/16\"\nverdict = \"allow\"\n\
         [[request]]\nname = \"names\"\ndestination = \".example\"\nport = 80\nverdict = \"allow\"\n\
         [[request]]\nname = \"web\"\ndestination = \".example\"\nport = 443\nverdict = \"allow\"\n\
         limits = [\"web\"]",
    );
    for (name, port, looked_up, unresolved) in [
        ("www.example", 80, true, true),
        ("www.example", 443, true, false),
        ("www.example", 25, true, false),
        ("www.test", 80, true, false),
        ("bad.example", 80, false, false),
        ("localhost", 80, false, false),
    ] {
        let permit = ask(&acl, connect("www.example:80")).unwrap();
        let domain = socks_core::Domain::try_from(name).unwrap();
        assert_eq!(
            permit.permits_name(&domain, port),
            looked_up,
            "{name} {port}"
        );
        let unseen = permit.permits_unresolved(&domain, port);
        assert_eq!(unseen, unresolved, "{name} {port}");
    }
    let not = super::acl("[[request]]\nnot.address = \"198.41.0.0/16\"\nverdict = \"allow\"");
    let permit = ask(&not, connect("www.example:80")).unwrap();
    assert!(permit.permits_unresolved(&"www.example".try_into().unwrap(), 80));
}
