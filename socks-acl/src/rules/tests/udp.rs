use socks_core::{Domain, message::RulesEpoch};

use super::*;

const DNS: &str = "[[request]]\nname = \"dns\"\ncommand = \"udp-associate\"\nport = 53\n\
                   destination = [\"198.41.0.0/16\", \"ns.example.com\"]\nverdict = \"allow\"\n";

fn associate() -> AccessRequest {
    request(Command::UdpAssociate, "0.0.0.0:0")
}

/// UD-28, SE-27, SE-4: an association is let through if some datagram could be, and each datagram is
/// judged by its destination, by address or by name.
#[test]
fn each_datagram_is_judged() {
    let acl = acl(DNS);
    for from in ["0.0.0.0:0", "10.0.0.1:4000", "127.0.0.1:9"] {
        assert!(
            ask(&acl, request(Command::UdpAssociate, from)).is_ok(),
            "{from}"
        );
    }
    let permit = ask(&acl, associate()).unwrap();
    let permits_addr = |addr: &str| permit.permits(addr.parse().unwrap());
    assert!(permits_addr("198.41.0.4:53"));
    for refused in [
        "198.41.0.4:80",
        "192.33.14.30:53",
        "127.0.0.1:53",
        "224.0.0.1:53",
    ] {
        assert!(!permits_addr(refused), "{refused}");
    }
    let name = |name: &str, port| permit.permits_name(&Domain::try_from(name).unwrap(), port);
    assert!(name("ns.example.com", 53) && name("perhaps.example", 53));
    assert!(!name("ns.example.com", 80) && !name("localhost", 53));
    assert!(permits(&permit, "ns.example.com:53", "192.33.14.30:53"));
    assert!(!permits(&permit, "ns.example.com:53", "10.0.0.1:53"));
    assert!(!permits(&permit, "perhaps.example:53", "192.33.14.30:53"));
    assert!(permit.extensions.get::<RulesEpoch>().is_some());

    assert!(
        ask(
            &super::acl("[[request]]\ncommand = \"connect\"\nverdict = \"allow\""),
            associate()
        )
        .is_err()
    );
    assert!(
        ask(
            &super::acl(&format!(
                "[[request]]\ncommand = \"udp-associate\"\nverdict = \"deny\"\n{DNS}"
            )),
            associate()
        )
        .is_err()
    );
    // Datagrams cannot go elsewhere.
    let elsewhere = DNS.replace("verdict", "rewrite = \"192.33.14.30\"\nverdict");
    assert!(ask(&super::acl(&elsewhere), associate()).is_err());
    let behind = format!("{elsewhere}[[request]]\nverdict = \"allow\"");
    let permit = ask(&super::acl(&behind), associate()).unwrap();
    assert!(permit.permits("192.33.14.30:53".parse().unwrap()));
    assert!(!permit.permits("198.41.0.4:53".parse().unwrap()));
}

/// UD-34, SE-1: replies have rules of their own, with the sender's address and port; without them they
/// follow from what may be asked.
#[test]
fn replies_have_rules_of_their_own() {
    let without = ask(&acl(DNS), associate()).unwrap();
    assert!(without.permits_incoming("192.33.14.30:4000".parse().unwrap()));
    let acl = acl(&format!(
        "{DNS}[[udp_reply]]\nname = \"blocked\"\ndestination = \"198.41.9.0/24\"\nverdict = \"deny\"\n\
         [[udp_reply]]\nport = 53\nverdict = \"allow\""
    ));
    let permit = ask(&acl, associate()).unwrap();
    let incoming = |addr: &str| permit.permits_incoming(addr.parse().unwrap());
    assert!(incoming("198.41.0.4:53") && incoming("192.33.14.30:53"));
    for refused in [
        "198.41.9.1:53",
        "198.41.0.4:54",
        "10.0.0.1:53",
        "[64:ff9b::198.41.9.1]:53",
    ] {
        assert!(!incoming(refused), "{refused}");
    }
    // What a rule was about counts when its host asks an access controller, too.
    let from = |from| request(Command::UdpAssociate, from).at(AccessPoint::UdpReply);
    assert_eq!(rule(&ask(&acl, from("198.41.9.1:53"))), "blocked");
    assert!(ask(&super::acl(DNS), from("198.41.0.4:53")).is_ok());
    assert!(
        ask(
            &super::acl("[[request]]\ndestination = \"198.41.9.0/24\"\nverdict = \"allow\""),
            from("198.41.0.4:53")
        )
        .is_err()
    );
    // Replies follow from the requests again once the rules about them are gone.
    let both = acl.rules();
    acl.replace(rules(DNS));
    assert!(incoming("198.41.9.1:53"));
    acl.replace((*both).clone());
    assert!(!incoming("198.41.9.1:53"));
}
