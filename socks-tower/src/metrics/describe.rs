use metrics::{Unit, describe_counter, describe_gauge, describe_histogram};

/// Tells the recorder units and meanings.
pub(super) fn describe() {
    for (name, unit, what) in [
        (
            "socks_connections_total",
            Unit::Count,
            "Connections accepted",
        ),
        (
            "socks_handshakes_total",
            Unit::Count,
            "Handshakes that came to an end",
        ),
        (
            "socks_sessions_total",
            Unit::Count,
            "Sessions that have ended",
        ),
        (
            "socks_replies_total",
            Unit::Count,
            "Last replies to clients, by REP",
        ),
        (
            "socks_payload_bytes_total",
            Unit::Bytes,
            "Octets of payload relayed",
        ),
        ("socks_datagrams_total", Unit::Count, "Datagrams relayed"),
        (
            "socks_datagrams_dropped_total",
            Unit::Count,
            "Datagrams not relayed",
        ),
        (
            "socks_rules_total",
            Unit::Count,
            "Requests that a rule decided",
        ),
        (
            "socks_limits_reached_total",
            Unit::Count,
            "Sessions refused or ended by a limit",
        ),
    ] {
        describe_counter!(name, unit, what);
    }
    describe_gauge!(
        "socks_connections_open",
        Unit::Count,
        "Connections of clients open"
    );
    describe_gauge!(
        "socks_sessions_open",
        Unit::Count,
        "Tunnels and associations open"
    );
    describe_histogram!(
        "socks_session_seconds",
        Unit::Seconds,
        "How long sessions with a tunnel or association were"
    );
    describe_histogram!(
        "socks_dial_seconds",
        Unit::Seconds,
        "How long it took to reach a target"
    );
}
