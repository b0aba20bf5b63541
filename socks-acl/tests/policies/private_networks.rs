use super::prove;

/// SE-4, SE-9: closed in every form of the address, by name too, but for those who are let in.
#[test]
fn closed_but_for_what_is_meant() {
    prove(
        "private-networks.toml",
        "151.101.0.1:1080",
        r#"
        # Metadata, in each form.
        1.1.1.1 connect 169.254.169.254:80 -> deny 04 "metadata" log=alarm
        1.1.1.1 connect [::ffff:169.254.169.254]:80 -> deny 04 "metadata" log=alarm
        1.1.1.1 connect [64:ff9b::a9fe:a9fe]:80 -> deny 04 "metadata" log=alarm
        1.1.1.1 connect [2606:4700:64::a9fe:a9fe]:80 -> deny 04 "metadata" log=alarm
        1.1.1.1 connect [2002:a9fe:a9fe::1]:80 -> deny 04 "metadata" log=alarm
        1.1.1.1 connect [fd00:ec2::254]:80 -> deny 04 "metadata" log=alarm
        1.1.1.1 connect harmless.example.com:80 at=169.254.169.254 -> deny 04 "metadata" log=alarm
        1.1.1.1 connect metadata.google.internal:80 -> deny 04 "names of metadata" log=alarm
        1.1.1.1 connect instance-data:80 -> deny 04 "names of metadata" log=alarm
        1.1.1.1 connect metadata.google.internal:443 user=op group=operators tls -> deny 04 "names of metadata" log=alarm

        # RFC 1918, and what else is not public.
        1.1.1.1 connect 10.0.0.1:80 -> deny 02 "safe default"
        1.1.1.1 connect 172.16.0.1:80 -> deny 02 "safe default"
        1.1.1.1 connect 192.168.0.1:80 -> deny 02 "safe default"
        1.1.1.1 connect [fd00::1]:80 -> deny 02 "safe default"
        1.1.1.1 connect 127.0.0.1:80 -> deny 02 "safe default"
        1.1.1.1 connect [2606:4700:64::7f00:1]:80 -> deny 02 "safe default"
        1.1.1.1 connect 8.8.4.4:80 -> deny 02 "safe default"
        1.1.1.1 connect rebound.example.com:80 at=10.0.0.1 -> deny 02 "safe default"

        # Names of the inside.
        1.1.1.1 connect db.internal:80 -> deny 02 "names of the inside"
        1.1.1.1 connect internal:80 -> deny 02 "names of the inside"
        1.1.1.1 connect local:80 -> deny 02 "names of the inside"
        1.1.1.1 connect home.arpa:80 -> deny 02 "names of the inside"
        1.1.1.1 connect printer.local:80 -> deny 02 "names of the inside"
        1.1.1.1 connect nas.home.arpa:80 -> deny 02 "names of the inside"
        1.1.1.1 connect db.corp.example.com:80 -> deny 02 "names of the inside"
        1.1.1.1 connect corp.example.com:80 -> allow "web"
        # By name an operator is let in by the first rule that surely holds, and the address is judged by its own.
        1.1.1.1 connect db.internal:443 user=op group=operators tls at=10.20.1.1 -> allow "web"
        1.1.1.1 connect db.internal:443 user=op group=operators at=10.20.1.1 -> deny 02 "nobody else inside"
        1.1.1.1 connect db.internal:22 user=op group=operators tls at=10.20.1.1 -> allow "operators, inside"

        # Operators, by TLS, to two ports of a network; nobody to one host in it.
        1.1.1.1 connect 10.20.1.1:22 user=op group=operators tls -> allow "operators, inside"
        1.1.1.1 connect 10.20.1.1:443 user=op group=operators tls -> allow "operators, inside"
        1.1.1.1 connect [fd00:20::1]:443 user=op group=operators tls -> allow "operators, inside"
        1.1.1.1 connect 10.20.1.1:21 user=op group=operators tls -> deny 02 "nobody else inside"
        1.1.1.1 connect 10.20.1.1:23 user=op group=operators tls -> deny 02 "nobody else inside"
        1.1.1.1 connect 10.20.1.1:442 user=op group=operators tls -> deny 02 "nobody else inside"
        1.1.1.1 connect 10.20.1.1:444 user=op group=operators tls -> deny 02 "nobody else inside"
        1.1.1.1 connect 10.20.1.1:80 user=op group=operators tls -> deny 02 "nobody else inside"
        1.1.1.1 connect 10.20.1.1:443 user=op group=operators -> deny 02 "nobody else inside"
        1.1.1.1 connect 10.20.1.1:443 user=op group=guests tls -> deny 02 "nobody else inside"
        1.1.1.1 connect 10.20.1.1:443 -> deny 02 "nobody else inside"
        1.1.1.1 connect [fd00:20::1]:443 -> deny 02 "nobody else inside"
        1.1.1.1 udp 10.20.1.1:443 user=op group=operators tls -> deny 02 "nobody else inside"
        1.1.1.1 connect 10.20.0.53:22 user=op group=operators tls -> deny 02 "safe default"
        1.1.1.1 connect 10.20.0.52:22 user=op group=operators tls -> allow "operators, inside"
        1.1.1.1 connect 10.20.200.1:22 user=op group=operators tls -> allow "operators, inside"
        1.1.1.1 connect [fd00:20:ffff::1]:22 user=op group=operators tls -> allow "operators, inside"
        1.1.1.1 connect 10.0.0.1:443 user=op group=operators tls -> deny 02 "safe default"

        # The web and names, and nothing else.
        1.1.1.1 connect example.com:80 at=9.9.9.9 -> allow "web"
        1.1.1.1 connect [2620:fe::9]:443 -> allow "web"
        1.1.1.1 connect [2606:4700:64::909:909]:443 -> allow "web"
        1.1.1.1 connect 10.21.0.1:443 -> allow "web"
        1.1.1.1 connect [fd00:21::1]:80 -> allow "web"
        1.1.1.1 connect 10.22.0.1:443 -> deny 02 "safe default"
        1.1.1.1 connect [fd00:22::1]:443 -> deny 02 "safe default"
        1.1.1.1 connect [fd00:1f::1]:443 -> deny 02 "safe default"
        1.1.1.1 connect 8.8.5.1:443 -> allow "web"
        1.1.1.1 connect 8.8.4.200:443 -> deny 02 "safe default"
        1.1.1.1 connect 9.9.9.9:79 -> deny 02
        1.1.1.1 connect 9.9.9.9:81 -> deny 02
        1.1.1.1 connect 9.9.9.9:442 -> deny 02
        1.1.1.1 connect 9.9.9.9:444 -> deny 02
        1.1.1.1 udp 9.9.9.9:443 -> deny 02
        1.1.1.1 udp 9.9.9.9:53 -> allow "name servers"
        1.1.1.1 udp 9.9.9.9:52 -> deny 02
        1.1.1.1 udp 9.9.9.9:54 -> deny 02
        1.1.1.1 udp 10.0.0.53:53 -> deny 02 "safe default"
        1.1.1.1 udp 169.254.169.254:53 -> deny 04 "metadata" log=alarm
        1.1.1.1 connect 9.9.9.9:53 -> deny 02
        1.1.1.1 udp-reply 9.9.9.9:53 -> allow "answers of name servers"
        1.1.1.1 udp-reply 9.9.9.9:52 -> deny 02
        1.1.1.1 udp-reply 9.9.9.9:54 -> deny 02
        1.1.1.1 udp-reply 10.0.0.53:53 -> deny 02 "safe default"
        "#,
    );
}
