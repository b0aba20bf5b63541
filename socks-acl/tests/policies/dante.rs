use super::prove;

/// SE-1: client rules, socks rules, bind replies and udp replies; and a route.
#[test]
fn sample() {
    prove(
        "dante.toml",
        "10.0.0.1:1080",
        r#"
        10.1.2.3 accept -> allow "our clients"
        10.200.0.1 accept -> allow "our clients"
        11.1.2.3 accept -> deny 02 "strangers" log=errors

        # The proxy's own machine is nobody's; private networks are.
        10.1.2.3 connect 127.0.0.1:22 -> deny 02 "safe default"
        10.1.2.3 connect [::ffff:127.0.0.1]:22 -> deny 02 "safe default"
        10.1.2.3 connect localhost:22 at=127.0.0.1 -> deny 02 "safe default"
        10.1.2.3 connect 10.0.0.1:1080 -> deny 02 "own listeners"
        10.1.2.3 connect 10.9.9.9:22 -> allow "everything else"

        10.1.2.3 connect 172.15.255.255:22 -> allow "everything else"
        10.1.2.3 connect 172.16.0.1:22 -> deny 02 "the bad ones" log=errors
        10.1.2.3 connect 172.31.255.255:22 -> deny 02 "the bad ones" log=errors
        10.1.2.3 connect 172.32.0.0:22 -> allow "everything else"
        10.1.2.3 connect bad.example.org:22 at=172.16.0.1 -> deny 02 "the bad ones" log=errors
        10.1.2.3 bind 172.16.0.1:0 -> deny 02 "the bad ones" log=errors

        10.1.2.3 bind 9.9.9.9:0 -> allow "bind" log=errors
        10.1.2.3 bind 0.0.0.0:0 -> allow "bind" log=errors
        11.1.2.3 bind 9.9.9.9:0 -> deny 02 "the rest" log=errors
        10.1.2.3 bind-peer 9.9.9.9:20 -> allow "bind replies"
        11.1.2.3 bind-peer 9.9.9.9:20 -> deny 02
        10.1.2.3 bind-peer 127.0.0.1:20 -> deny 02 "safe default"
        10.1.2.3 udp-reply 9.9.9.9:53 -> allow "udp replies"
        11.1.2.3 udp-reply 9.9.9.9:53 -> deny 02
        10.1.2.3 udp-reply 127.0.0.1:53 -> deny 02 "safe default"

        10.1.2.3 connect example.com:80 user=alice -> allow "example.com, with a password" log=errors
        10.1.2.3 connect www.example.com:80 user=alice at=9.9.9.9 -> allow "example.com, with a password" log=errors
        10.1.2.3 connect www.example.com:80 user=alice at=172.16.0.1 -> deny 02 "the bad ones" log=errors
        10.1.2.3 connect example.com:80 -> deny 02 "example.com, without" log=errors
        10.1.2.3 connect example.com:80 gssapi=alice -> deny 02 "example.com, without" log=errors
        11.1.2.3 connect example.com:80 user=alice -> deny 02 "example.com, without" log=errors
        10.1.2.3 connect www.example.com:80 -> deny 02 "example.com, without" log=errors
        10.1.2.3 connect example.com:79 user=alice -> allow "everything else"
        10.1.2.3 connect example.com:81 user=alice -> allow "everything else"
        10.1.2.3 connect example.com:79 -> allow "everything else"
        10.1.2.3 connect example.com:81 -> allow "everything else"
        10.1.2.3 connect example.com:443 user=alice -> allow "everything else"
        10.1.2.3 connect example.com:443 -> allow "everything else"
        10.1.2.3 connect badexample.com:80 user=alice -> allow "web, through a chain" route=socks.example.net

        10.1.2.3 connect example.org:80 -> allow "web, through a chain" route=socks.example.net
        10.1.2.3 connect 9.9.9.9:80 user=alice -> allow "web, through a chain" route=socks.example.net
        11.1.2.3 connect example.org:80 -> deny 02 "the rest" log=errors
        10.1.2.3 udp 9.9.9.9:80 -> allow "everything else"

        10.1.2.3 associate -> allow "everything else"
        10.1.2.3 udp 9.9.9.9:53 -> allow "everything else"
        10.1.2.3 udp 172.16.0.1:53 -> deny 02 "the bad ones" log=errors
        11.1.2.3 udp 9.9.9.9:53 -> deny 02 "the rest" log=errors
        10.1.2.3 resolve example.org:0 -> deny 02 "the rest" log=errors
        11.1.2.3 connect 9.9.9.9:22 -> deny 02 "the rest" log=errors
        "#,
    );
}

#[test]
fn basic() {
    prove(
        "dante-basic.toml",
        "192.168.1.1:1080",
        r#"
        192.168.1.7 accept -> allow "the internal network"
        192.168.1.200 accept -> allow "the internal network"
        192.168.0.7 accept -> deny 02
        192.168.1.7 connect 127.0.0.1:22 -> deny 02 "safe default"
        192.168.1.7 connect [::1]:22 -> deny 02 "safe default"
        192.168.1.7 bind 9.9.9.9:0 -> deny 02 "no low ports" log=connects
        192.168.1.7 bind 9.9.9.9:1023 -> deny 02 "no low ports" log=connects
        192.168.1.7 bind 9.9.9.9:1024 -> allow "bind"
        192.168.1.7 bind 0.0.0.0:1024 -> allow "bind"
        192.168.1.7 connect 9.9.9.9:22 -> allow "the rest"
        192.168.1.7 connect 9.9.9.9:1024 -> allow "the rest"
        192.168.1.7 udp 9.9.9.9:53 -> allow "the rest"
        "#,
    );
}

#[test]
fn chaining() {
    prove(
        "dante-chaining.toml",
        "192.168.1.1:1080",
        r#"
        192.168.1.7 accept -> allow "the internal network"
        192.168.1.200 accept -> allow "the internal network"
        192.168.0.7 accept -> deny 02
        192.168.1.7 connect example.com:80 -> allow "web" route=sockd2.example.org
        192.168.1.7 connect example.com:79 -> deny 02
        192.168.1.7 connect example.com:81 -> deny 02
        192.168.1.7 udp 9.9.9.9:80 -> deny 02
        192.168.1.7 connect 127.0.0.1:80 -> deny 02 "safe default"
        "#,
    );
}
