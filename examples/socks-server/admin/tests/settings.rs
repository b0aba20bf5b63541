use std::{fs, path::Path};

use crate::{
    admin::Prepared,
    config::{Config, Source},
    listen::Listening,
    value::Listen,
};

/// `[admin]` of a file, beside a listener on 127.0.0.1:1080.
fn prepare(table: &str) -> Result<Prepared, String> {
    let source = Source::new(Path::new("f.toml"), format!("[admin]\n{table}"));
    let config = Config::parse(&source).map_err(|error| error.to_string())?;
    let socks: Listen = "127.0.0.1:1080".parse().unwrap();
    let admin = config.admin.unwrap();
    admin
        .prepare(&[Listening::from(socks)], &source)
        .map_err(|error| error.to_string())
}

/// Whoever is elsewhere needs a token, and the mistake is named by file, line and key.
#[test]
fn where_a_token_is_needed() {
    let dir = tempfile::tempdir().unwrap();
    let (good, short) = (dir.path().join("good"), dir.path().join("short"));
    fs::write(&good, "0123456789abcdef\n").unwrap();
    fs::write(&short, "hunter2\n").unwrap();
    for local in [
        "127.0.0.1:9080",
        "127.9.9.9:1080",
        "[::1]:0",
        "[::ffff:127.0.0.1]:1",
        "unix:/run/admin",
    ] {
        let prepared = prepare(&format!("listen = '{local}'")).unwrap();
        let shown = prepared.to_string();
        assert!(
            shown.starts_with(local.rsplit('/').next_back().unwrap()),
            "{shown}"
        );
        assert!(shown.ends_with("without a token"), "{shown}");
    }
    for elsewhere in ["0.0.0.0:9080", "[::]:9080", "192.0.2.1:9080"] {
        let alone = format!("listen = '{elsewhere}'");
        let error = prepare(&alone).unwrap_err();
        assert_eq!(
            error,
            format!(
                "f.toml:2:10: admin.listen: {elsewhere} is reached from elsewhere: expected an address on loopback, \
                 unix:/PATH, or a token_file"
            )
        );
        let shown = prepare(&format!("{alone}\ntoken_file = {good:?}")).unwrap();
        assert_eq!(shown.to_string(), format!("{elsewhere}, with a token"));
        let error = prepare(&format!("{alone}\ntoken_file = {short:?}")).unwrap_err();
        assert!(
            error.starts_with("f.toml:3:14: admin.token_file: "),
            "{error}"
        );
        assert!(
            error.contains("at least 16") && !error.contains("hunter2"),
            "{error}"
        );
        let error = prepare(&format!("{alone}\ntoken_file = '/nowhere'")).unwrap_err();
        assert!(error.contains("/nowhere cannot be read"), "{error}");
    }
    for (table, expected) in [
        ("", "f.toml:1:1: admin: missing field `listen`"),
        (
            "listen = '127.0.0.1:1080'",
            "f.toml:2:10: admin.listen: 127.0.0.1:1080 listens for clients",
        ),
        (
            "listen = 'localhost:1'",
            "f.toml:2:10: admin.listen: localhost:1: expected IP:PORT",
        ),
        (
            "listen = '[::1]:1'\ntoken = 'x'",
            "f.toml:3:1: admin: unknown field `token`",
        ),
    ] {
        let error = prepare(table).unwrap_err();
        assert!(error.starts_with(expected), "{error}");
    }
}
