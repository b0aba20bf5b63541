use super::*;

fn bind(peer: &str) -> AccessRequest {
    request(Command::Bind, peer)
}

fn has_come(peer: &str) -> AccessRequest {
    bind(peer).at(AccessPoint::BindPeer)
}

const FTP: &str = "[[request]]\nname = \"ftp\"\ncommand = [\"connect\", \"bind\"]\n\
                   destination = [\"198.41.9.0/24\", \"ftp.example.com\"]\nverdict = \"allow\"\n";
const ALL: &str = "[[request]]\nname = \"all\"\nverdict = \"allow\"\n";

/// SE-55, BI-20: BIND needs a rule that allows it by name, for this client and this peer.
#[test]
fn bind_is_granted_by_name_only() {
    assert!(ask(&acl(ALL), bind("198.41.9.1:0")).is_err());
    assert!(ask(&acl(ALL), connect("198.41.9.1:80")).is_ok());
    let denied = acl("[[request]]\nnot.command = \"connect\"\nverdict = \"allow\"");
    assert!(ask(&denied, bind("198.41.9.1:0")).is_err());
    let acl = acl(&format!("{FTP}{ALL}"));
    assert_eq!(rule(&ask(&acl, bind("198.41.9.1:0"))), "ftp");
    assert!(ask(&acl, bind("198.41.8.1:0")).is_err());
    let permit = ask(&acl, bind("ftp.example.com:0")).unwrap();
    assert!(permits(&permit, "ftp.example.com:0", "192.33.14.30:0"));
    assert!(!permits(&permit, "ftp.example.com:0", "10.0.0.1:0"));
    // A rule that denies need not name it.
    let denied = super::acl(&format!(
        "[[request]]\nname = \"no\"\nverdict = \"deny\"\n{FTP}"
    ));
    assert_eq!(rule(&ask(&denied, bind("198.41.9.1:0"))), "no");
}

/// SE-58, BI-4, BI-24: any peer needs a permission of its own, and then whoever has come is judged; many
/// peers are not offered.
#[test]
fn any_peer_is_a_permission_of_its_own() {
    let zeros = ["0.0.0.0:0", "[::]:0", "0.0.0.0:4021"];
    let expected = acl("[[request]]\ncommand = \"bind\"\nverdict = \"allow\"");
    let any = acl(
        "[[request]]\ncommand = \"bind\"\nport = [0, 4021]\nany_peer = true\nnot.destination = \"198.41.9.0/24\"\nverdict = \"allow\"",
    );
    for zeros in zeros {
        assert!(ask(&expected, bind(zeros)).is_err(), "{zeros}");
        let permit = ask(&any, bind(zeros)).unwrap();
        // The port that it came from says nothing (BI-11).
        assert!(permit.permits("198.41.8.1:20".parse().unwrap()));
        assert!(!permit.permits("198.41.9.1:20".parse().unwrap()));
        assert!(!permit.permits("127.0.0.1:20".parse().unwrap()));
    }
    let open = acl(&format!(
        "{OPEN}[[request]]\ncommand = \"bind\"\nany_peer = true\nverdict = \"allow\""
    ));
    assert!(ask(&open, bind("255.255.255.255:0")).is_err());
    assert!(ask(&open, connect("255.255.255.255:80")).is_err());
}

/// SE-57, BI-22: rules about who has connected decide about that alone, and where there are none the
/// rules for requests do.
#[test]
fn who_has_connected_is_judged() {
    let own = acl(&format!(
        "{FTP}[[bind_peer]]\nname = \"ftp data\"\nport = 20\nverdict = \"allow\"\n\
         [[bind_peer]]\nname = \"others\"\nreply = \"general-failure\"\nverdict = \"deny\""
    ));
    assert_eq!(rule(&ask(&own, has_come("198.41.9.1:20"))), "ftp data");
    let refused = ask(&own, has_come("198.41.9.1:21")).unwrap_err();
    assert_eq!(refused.code, socks_core::ReplyCode::GENERAL_FAILURE);
    assert_eq!(rule(&ask(&own, has_come("10.0.0.1:20"))), "safe default");
    assert_eq!(rule(&ask(&own, has_come(PUBLIC))), "own listeners");

    let none = acl(FTP);
    assert!(ask(&none, has_come("198.41.9.1:20")).is_ok());
    // It may be what the name stood for.
    assert!(ask(&none, has_come("192.33.14.30:20")).is_ok());
    assert!(ask(&none, has_come("10.0.0.1:20")).is_err());
    let literal = acl(&FTP.replace(", \"ftp.example.com\"", ""));
    assert!(ask(&literal, has_come("192.33.14.30:20")).is_err());
    assert!(ask(&acl(ALL), has_come("198.41.9.1:20")).is_err());
}
