use std::sync::Mutex;

use super::*;

/// A dry run tells where it would decide otherwise, for requests, addresses and clients, and changes
/// nothing, not even a counter.
#[test]
fn a_dry_run_tells_differences_and_changes_nothing() {
    let old = "[[request]]\nname = \"all\"\nverdict = \"allow\"";
    let new = "[[accept]]\nname = \"none\"\nverdict = \"deny\"\n\
               [[request]]\nname = \"no ssh\"\nport = 22\nreply = \"general-failure\"\nverdict = \"deny\"\n\
               [[request]]\nname = \"no lab\"\naddress = \"198.41.9.0/24\"\nverdict = \"deny\"\n\
               [[request]]\nname = \"rest\"\nport = [80, 81]\nverdict = \"allow\"\n\
               [[request]]\nname = \"limited\"\nlimits = \"slow\"\nverdict = \"allow\"";
    let acl = acl(old);
    let told = Arc::new(Mutex::new(Vec::new()));
    let to = Arc::clone(&told);
    acl.shadow(rules(new), move |difference| {
        to.lock().unwrap().push(difference.to_string())
    });
    let tell = || std::mem::take(&mut *told.lock().unwrap());

    let permit = ask(&acl, connect("a.example:80")).unwrap();
    assert!(permits(&permit, "a.example:80", "192.33.14.30:80"));
    assert!(!permits(&permit, "a.example:80", "127.0.0.1:80"));
    assert!(tell().is_empty());
    assert!(permits(&permit, "a.example:80", "198.41.9.1:80"));
    assert_eq!(
        tell(),
        [
            "request: connect a.example:80 for 198.41.0.4:50000, address 198.41.9.1:80: allowed by \"all\", \
          and on trial refused with 02 by \"no lab\""
        ]
    );
    assert!(ask(&acl, user("alice", "192.33.14.30:22")).is_ok());
    assert_eq!(
        tell(),
        [
            "request: connect 192.33.14.30:22 for alice at 198.41.0.4:50000: allowed by \"all\", and on trial \
          refused with 01 by \"no ssh\""
        ]
    );
    assert!(ask(&acl, connect("192.33.14.30:443")).is_ok());
    assert_eq!(tell().len(), 1, "another limit is a difference");
    let client = AcceptRequest::new(SessionId(1), endpoint("198.41.0.4:50000"), endpoint(PUBLIC));
    assert!(ask_accept(&acl, client).is_ok());
    assert_eq!(tell().len(), 1);
    let all = acl
        .rules()
        .list()
        .find(|status| status.rule == "all")
        .unwrap();
    assert_eq!(all.hits, 3);
    acl.without_shadow();
    assert!(ask(&acl, user("alice", "192.33.14.30:22")).is_ok());
    assert!(tell().is_empty());
}

/// Datagrams are tried as well: names before they are looked up, addresses, and who answers.
#[test]
fn datagrams_are_tried_too() {
    let all = "[[request]]\nname = \"all\"\nverdict = \"allow\"\n";
    let acl = acl(all);
    let permit = ask(&acl, request(Command::UdpAssociate, "0.0.0.0:0")).unwrap();
    let told = Arc::new(Mutex::new(Vec::new()));
    let to = Arc::clone(&told);
    let tried = "[[request]]\ndestination = [\"a.example\", \"198.41.9.0/24\"]\nverdict = \"deny\"\n\
                 [[request]]\nverdict = \"allow\"\n[[udp_reply]]\nport = 53\nverdict = \"allow\"";
    acl.shadow(rules(tried), move |difference| {
        let told = (
            difference.point,
            difference.address.map(|addr| addr.to_string()),
        );
        to.lock().unwrap().push(told);
    });
    let tell = || std::mem::take(&mut *told.lock().unwrap());
    let name = |name: &str| permit.permits_name(&name.try_into().unwrap(), 53);
    assert!(name("b.example") && tell().is_empty());
    assert!(name("a.example"));
    assert_eq!(tell(), [("request", None)]);
    assert!(permit.permits("198.41.9.1:53".parse().unwrap()));
    assert_eq!(tell(), [("request", Some("198.41.9.1:53".to_owned()))]);
    assert!(permit.permits_incoming("198.41.8.1:53".parse().unwrap()) && tell().is_empty());
    assert!(permit.permits_incoming("198.41.8.1:54".parse().unwrap()));
    assert_eq!(tell(), [("udp_reply", Some("198.41.8.1:54".to_owned()))]);
}
