use super::prove;

/// 2026-03-02 is a Monday; Berlin is at +01:00.
#[test]
fn times_quotas_and_redirection() {
    prove(
        "3proxy.toml",
        "192.168.1.1:1080",
        r#"
        192.168.1.7 accept -> allow "the office"
        192.168.1.200 accept -> allow "the office"
        192.168.0.7 accept -> deny 02

        192.168.1.7 connect 127.0.0.1:3128 user=root -> deny 02 "safe default"
        192.168.1.7 connect 192.168.1.1:3128 user=root -> deny 02 "safe default"
        192.168.1.7 connect 9.9.9.9:22 user=root -> allow "administrators"
        192.168.1.7 udp 9.9.9.9:22 user=ADMINISTRATOR -> allow "administrators"
        192.168.1.7 connect 9.9.9.9:22 user=root used_up=day -> allow "administrators"

        # Updates are not counted, and go on when the volume is used up.
        192.168.1.7 connect a.updates.example.com:443 used_up=day -> allow "updates, not counted"
        192.168.1.7 connect updates.example.com:8443 used_up=day -> allow "updates, not counted"
        192.168.1.7 connect updates.example.com:80 used_up=day -> deny 05 "the day's volume is used up" log=quota
        192.168.1.7 connect example.com:443 user=test used_up=day -> deny 05 "the day's volume is used up" log=quota
        192.168.1.7 connect example.com:443 user=test used_up=month time=2026-03-02T12:00+01 -> allow "web" limits=day,slow egress=10.1.1.1

        # Bandwidth is limited by day only.
        192.168.1.7 connect example.com:80 user=test time=2026-03-02T21:59:59+01 -> allow "web" limits=day,slow egress=10.1.1.1
        192.168.1.7 connect example.com:80 user=test time=2026-03-02T22:00+01 -> allow "web at night" limits=day egress=10.1.1.1
        192.168.1.7 connect example.com:88 user=3APA3A time=2026-03-03T05:59:59+01 -> allow "web at night" limits=day egress=10.1.1.1
        192.168.1.7 connect example.com:8088 user=test time=2026-03-03T06:00+01 -> allow "web" limits=day,slow egress=10.1.1.1
        192.168.1.7 connect example.com:8443 user=test time=2026-03-03T23:00+01 -> allow "web at night" limits=day egress=10.1.1.1
        192.168.1.7 udp 9.9.9.9:443 user=test time=2026-03-03T23:00+01 -> deny 02
        192.168.1.7 connect example.com:25 user=test time=2026-03-03T23:00+01 -> allow "everything else in spare time" limits=day
        192.168.1.7 connect example.com:443 user=guest time=2026-03-03T23:00+01 -> deny 02

        # The ports of the web and their neighbours.
        192.168.1.7 connect example.com:79 user=test time=2026-03-02T12:00+01 -> deny 02
        192.168.1.7 connect example.com:80 user=test time=2026-03-02T12:00+01 -> allow "web" limits=day,slow egress=10.1.1.1
        192.168.1.7 connect example.com:88 user=test time=2026-03-02T12:00+01 -> allow "web" limits=day,slow egress=10.1.1.1
        192.168.1.7 connect example.com:89 user=test time=2026-03-02T12:00+01 -> deny 02
        192.168.1.7 connect example.com:8079 user=test time=2026-03-02T12:00+01 -> deny 02
        192.168.1.7 connect example.com:8080 user=test time=2026-03-02T12:00+01 -> allow "web" limits=day,slow egress=10.1.1.1
        192.168.1.7 connect example.com:8088 user=test time=2026-03-02T12:00+01 -> allow "web" limits=day,slow egress=10.1.1.1
        192.168.1.7 connect example.com:8089 user=test time=2026-03-02T12:00+01 -> deny 02
        192.168.1.7 connect example.com:442 user=test time=2026-03-02T12:00+01 -> deny 02
        192.168.1.7 connect example.com:443 user=test time=2026-03-02T12:00+01 -> allow "web" limits=day,slow egress=10.1.1.1
        192.168.1.7 connect example.com:444 user=test time=2026-03-02T12:00+01 -> deny 02
        192.168.1.7 connect example.com:8442 user=test time=2026-03-02T12:00+01 -> deny 02
        192.168.1.7 connect example.com:8443 user=test time=2026-03-02T12:00+01 -> allow "web" limits=day,slow egress=10.1.1.1
        192.168.1.7 connect example.com:8444 user=test time=2026-03-02T12:00+01 -> deny 02
        192.168.1.7 connect example.com:443 user=guest time=2026-03-02T12:00+01 -> deny 02
        192.168.1.7 udp 9.9.9.9:443 user=test time=2026-03-02T12:00+01 -> deny 02
        192.168.1.7 connect example.com:443 user=test at=192.168.1.2 time=2026-03-02T12:00+01 -> allow "web" limits=day,slow egress=10.1.1.1
        192.168.1.7 connect example.com:443 user=test at=192.168.1.3 time=2026-03-02T12:00+01 -> deny 02 "safe default"

        # Mail and such before 8, from 17, and at weekends.
        192.168.1.7 connect example.com:25 time=2026-03-02T07:59:59+01 -> allow "everything else in spare time" limits=day
        192.168.1.7 connect example.com:25 time=2026-03-02T08:00+01 -> deny 02
        192.168.1.7 connect example.com:25 time=2026-03-02T17:00+01 -> allow "everything else in spare time" limits=day
        192.168.1.7 connect example.com:25 time=2026-03-06T07:59:59+01 -> allow "everything else in spare time" limits=day
        192.168.1.7 connect example.com:25 time=2026-03-06T16:59:59+01 -> deny 02
        192.168.1.7 connect example.com:53 time=2026-03-06T17:00+01 -> allow "everything else in spare time" limits=day
        192.168.1.7 udp 9.9.9.9:53 time=2026-03-07T12:00+01 -> allow "everything else in spare time" limits=day
        192.168.1.7 connect example.com:25 time=2026-03-03T00:00:30+01 -> allow "everything else in spare time" limits=day
        192.168.1.7 connect example.com:25 time=2026-03-03T23:59:30+01 -> allow "everything else in spare time" limits=day
        192.168.0.7 connect example.com:25 time=2026-03-08T12:00+01 -> deny 02
        # The ports and their neighbours.
        192.168.1.7 connect example.com:19 time=2026-03-08T12:00+01 -> deny 02
        192.168.1.7 connect example.com:20 time=2026-03-08T12:00+01 -> allow "everything else in spare time" limits=day
        192.168.1.7 connect example.com:21 time=2026-03-08T12:00+01 -> allow "everything else in spare time" limits=day
        192.168.1.7 connect example.com:22 time=2026-03-08T12:00+01 -> deny 02
        192.168.1.7 connect example.com:24 time=2026-03-08T12:00+01 -> deny 02
        192.168.1.7 connect example.com:25 time=2026-03-08T12:00+01 -> allow "everything else in spare time" limits=day
        192.168.1.7 connect example.com:26 time=2026-03-08T12:00+01 -> deny 02
        192.168.1.7 connect example.com:52 time=2026-03-08T12:00+01 -> deny 02
        192.168.1.7 connect example.com:53 time=2026-03-08T12:00+01 -> allow "everything else in spare time" limits=day
        192.168.1.7 connect example.com:54 time=2026-03-08T12:00+01 -> deny 02
        192.168.1.7 connect example.com:109 time=2026-03-08T12:00+01 -> deny 02
        192.168.1.7 connect example.com:110 time=2026-03-08T12:00+01 -> allow "everything else in spare time" limits=day
        192.168.1.7 connect example.com:111 time=2026-03-08T12:00+01 -> deny 02
        192.168.1.7 connect example.com:1023 time=2026-03-08T12:00+01 -> deny 02
        192.168.1.7 connect example.com:1024 time=2026-03-08T12:00+01 -> allow "everything else in spare time" limits=day
        192.168.1.7 connect example.com:65535 time=2026-03-08T12:00+01 -> allow "everything else in spare time" limits=day
        # By the clock of Berlin, in summer too: 07:30 and 08:30.
        192.168.1.7 connect example.com:25 time=2026-07-06T05:30Z -> allow "everything else in spare time" limits=day
        192.168.1.7 connect example.com:25 time=2026-07-06T06:30Z -> deny 02

        # Who is not of the staff sees the office's own page.
        192.168.1.10 connect example.com:80 time=2026-03-02T12:00+01 -> allow "the office's own page" to=192.168.1.2:80
        192.168.1.20 connect 9.9.9.9:80 time=2026-03-02T12:00+01 -> allow "the office's own page" to=192.168.1.2:80
        192.168.1.10 connect example.com:80 user=test time=2026-03-02T12:00+01 -> allow "web" limits=day,slow egress=10.1.1.1
        192.168.1.11 connect example.com:80 time=2026-03-02T12:00+01 -> deny 02
        192.168.1.21 connect example.com:80 time=2026-03-02T12:00+01 -> deny 02
        192.168.1.10 connect example.com:79 time=2026-03-02T12:00+01 -> deny 02
        192.168.1.10 connect example.com:81 time=2026-03-02T12:00+01 -> deny 02
        192.168.1.10 udp 9.9.9.9:80 time=2026-03-02T12:00+01 -> deny 02
        "#,
    );
}
