//! The configuration file.

mod error;

use std::{
    collections::HashSet,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    num::{NonZeroU16, NonZeroU32},
    path::PathBuf,
};

use ipnet::IpNet;
use serde::Deserialize;
use toml::Spanned;

pub use self::error::{ConfigError, Source};
use crate::{
    admin::Admin,
    auth::{Auth, AuthMethod},
    limits::LimitTable,
    records::{AccessLogTable, AccountingTable},
    rules::{RefusedSessions, RulesTable},
    value::{HalfOpen, Level, Listen, Name, Password, Pin, Ports, Replies, Seconds, Strangers},
};

/// Every key is optional; `socks-server.toml` next to this file shows them all.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    pub listen: Option<Vec<Listen>>,
    pub allow_private: Option<bool>,
    pub workers: Option<NonZeroU16>,
    pub log: Option<Level>,
    pub listener: Vec<Listener>,
    pub rules: Option<Spanned<RulesTable>>,
    pub trial_rules: Option<Spanned<PathBuf>>,
    pub refused_sessions: Option<RefusedSessions>,
    pub access_log: Option<AccessLogTable>,
    pub accounting: Option<AccountingTable>,
    pub admin: Option<Admin>,
    pub auth: Auth,
    user: Vec<User>,
    pub bind: Bind,
    pub deadlines: Deadlines,
    pub egress: Egress,
    pub limit: Vec<LimitTable>,
    pub limits: Limits,
    pub udp: Udp,
}

/// A listener that differs from the others.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Listener {
    pub address: Spanned<Listen>,
    pub name: Option<Spanned<String>>,
    pub methods: Option<Spanned<Vec<AuthMethod>>>,
    pub proxy_protocol: Option<Vec<IpNet>>,
}

impl Listener {
    /// What rules and logs call it.
    pub fn name(&self) -> String {
        match &self.name {
            Some(name) => name.get_ref().clone(),
            None => self.address.get_ref().to_string(),
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct User {
    name: Spanned<Name>,
    password: Password,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Bind {
    pub enabled: Option<bool>,
    pub any_peer: Option<bool>,
    pub strangers: Option<Strangers>,
    pub external_ipv4: Option<Ipv4Addr>,
    pub external_ipv6: Option<Ipv6Addr>,
    pub advertised_ipv4: Option<Ipv4Addr>,
    pub advertised_ipv6: Option<Ipv6Addr>,
    pub ports: Option<Ports>,
    pub excluded_ports: Option<Vec<u16>>,
    pub listeners: Option<NonZeroU16>,
    pub listeners_per_client: Option<NonZeroU16>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Deadlines {
    pub first_octet: Option<Seconds>,
    pub handshake: Option<Seconds>,
    pub request: Option<Seconds>,
    pub bind: Option<Seconds>,
    pub idle: Option<Seconds>,
    pub half_closed: Option<Seconds>,
    pub lifetime: Option<Seconds>,
    pub drain: Option<Seconds>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Egress {
    pub ipv4: Option<Ipv4Addr>,
    pub ipv6: Option<Ipv6Addr>,
    pub interface: Option<String>,
    pub mark: Option<u32>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    pub sessions: Option<NonZeroU32>,
    pub half_open: Option<HalfOpen>,
    pub half_open_per_client: Option<HalfOpen>,
    pub usage: Option<PathBuf>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Udp {
    pub enabled: Option<bool>,
    pub advertise: Option<IpAddr>,
    pub ports: Option<Ports>,
    pub idle: Option<Seconds>,
    pub max_targets: Option<NonZeroU32>,
    pub fragments: Option<bool>,
    pub replies: Option<Replies>,
    pub pin: Option<Pin>,
    pub segmentation_offload: Option<bool>,
}

impl Config {
    pub fn parse(source: &Source) -> Result<Self, ConfigError> {
        let config: Self =
            toml::from_str(source.text()).map_err(|error| source.parse_error(error))?;
        config.check(source)?;
        Ok(config)
    }

    fn check(&self, source: &Source) -> Result<(), ConfigError> {
        if self.listen.as_ref().is_some_and(Vec::is_empty) {
            return Err(source.whole("listen: expected at least one address"));
        }
        let mut names = HashSet::new();
        for user in &self.user {
            if !names.insert(user.name.get_ref()) {
                let what = format!("{} is there twice", user.name.get_ref().0);
                return Err(source.error(user.name.span(), "user.name", what));
            }
        }
        let mut names = HashSet::new();
        for listener in &self.listener {
            if !names.insert(listener.name()) {
                let what = format!("{} is there twice", listener.name());
                let address = || listener.address.span();
                let span = listener.name.as_ref().map_or_else(address, Spanned::span);
                return Err(source.error(span, "listener.name", what));
            }
        }
        Ok(())
    }

    pub fn users(&self) -> impl Iterator<Item = (Name, Password)> {
        self.user
            .iter()
            .map(|user| (user.name.get_ref().clone(), user.password.clone()))
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn error(text: &str) -> String {
        Config::parse(&Source::new(Path::new("f.toml"), text))
            .unwrap_err()
            .to_string()
    }

    /// Tables that this program may be built without.
    const FEATURES: [(&str, bool); 6] = [
        ("admin", cfg!(feature = "admin")),
        ("gssapi", cfg!(feature = "gssapi")),
        ("htpasswd", cfg!(feature = "htpasswd")),
        ("http", cfg!(feature = "http")),
        ("pam", cfg!(feature = "pam")),
        ("sql", cfg!(feature = "sql")),
    ];

    /// Everything that the sample has commented out, but for those tables.
    fn active(sample: &str) -> String {
        let lines = sample.lines().filter_map(|line| line.strip_prefix('#'));
        let mut left_out = false;
        lines
            .filter(|line| {
                if line.starts_with('[') {
                    let is = |table| {
                        line.starts_with(&format!("[auth.{table}"))
                            || line.starts_with(&format!("[{table}"))
                    };
                    left_out = FEATURES.iter().any(|(table, built)| !built && is(table));
                }
                !line.starts_with(' ') && !left_out
            })
            .map(|line| format!("{line}\n"))
            .collect()
    }

    /// The sample next to this file holds every key, commented out with its default.
    #[test]
    fn the_sample_parses() {
        let sample = include_str!("../socks-server.toml");
        let parse = |text: &str| Config::parse(&Source::new(Path::new("sample"), text));
        let config = parse(sample).unwrap();
        assert!(config.user.is_empty() && config.listen.is_none());

        let active = active(sample);
        let config = parse(&active).unwrap();
        let mut debug = format!("{config:?}");
        for (table, built) in FEATURES {
            if !built {
                debug = debug.replace(&format!("{table}: None"), "");
            }
        }
        assert!(
            !debug.contains("None"),
            "every key is in the sample: {debug}"
        );
        assert_eq!(config.user.len(), 1);
    }

    /// The README's configuration is one that works.
    #[test]
    #[cfg(feature = "htpasswd")]
    fn the_readme_prepares() {
        let readme = include_str!("../../../README.md");
        let (_, rest) = readme.split_once("```toml\n").unwrap();
        let (file, _) = rest.split_once("```").unwrap();
        let dir = tempfile::tempdir().unwrap();
        let users = dir.path().join("users");
        // The hash of "x", as `htpasswd -B` writes it.
        let alice = "alice:$2y$05$bvIG6Nmid91Mu9RcmmWZfO5HJIMCT8riNW0hEp8f6/FuA2/mHZFpe\n";
        std::fs::write(&users, alice).unwrap();
        let file = file.replace("\"users\"", &format!("{users:?}"));
        let source = Source::new(Path::new("README.md"), file);
        let config = Config::parse(&source).unwrap();
        let handshake = std::time::Duration::from_secs(30);
        let prepared = config
            .auth
            .prepare(Vec::new(), &config.listener, handshake, &source);
        let prepared = prepared.unwrap();
        assert!(prepared.takes_passwords() && prepared.lets_anybody_in());
    }

    /// So are its rules, and the configuration around them.
    #[test]
    #[cfg(feature = "admin")]
    fn the_readme_has_rules() {
        let readme = include_str!("../../../README.md");
        let blocks: Vec<_> = readme.split("```toml\n").skip(1).collect();
        let [_, rules, server] = blocks[..] else {
            panic!("three configurations");
        };
        let text = |block: &str| block.split_once("```").unwrap().0.to_owned();
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
        std::fs::write(path("ads.txt"), "ads.example\n").unwrap();
        std::fs::write(path("rules.toml"), text(rules)).unwrap();
        let server = text(server)
            .replace("\"rules.toml\"", &format!("{:?}", path("rules.toml")))
            .replace("\"access.log\"", &format!("{:?}", path("access.log")));
        std::fs::write(path("server.toml"), server).unwrap();
        let arguments = ["socks-server", "--config", &path("server.toml")];
        let args = <crate::args::Args as clap::Parser>::try_parse_from(arguments).unwrap();
        let settings = crate::settings::Settings::new(args).unwrap().to_string();
        for said in [
            "rules: 4 rules of ",
            "admin: 127.0.0.1:9080",
            "limit: Limit { name: \"slow\"",
        ] {
            assert!(settings.contains(said), "{settings}");
        }
    }

    #[test]
    fn errors_name_place_key_and_expectation() {
        for (text, expected) in [
            (
                "lissten = []",
                "f.toml:1:1: unknown field `lissten`, expected one of `listen`",
            ),
            (
                "\n[deadlines]\nidle = 5\nidel = 6",
                "f.toml:4:1: deadlines: unknown field `idel`, expected one of",
            ),
            (
                "\n[deadlines]\nidle = \"5s\"",
                "f.toml:3:8: deadlines.idle: wrong value, expected a whole number of seconds",
            ),
            (
                "[deadlines]\nidle = 0",
                "f.toml:2:8: deadlines.idle: wrong value, expected a whole",
            ),
            (
                "[udp]\nenabled = 1",
                "f.toml:2:11: udp.enabled: wrong value, expected a boolean",
            ),
            (
                "[bind]\nports = \"1000-2000\"",
                "f.toml:2:9: bind.ports: expected FIRST-LAST, from 1024 to 65535",
            ),
            (
                "[bind]\nstrangers = \"welcome\"",
                "f.toml:2:13: bind.strangers: unknown variant `welcome`, expected `ignore` or `refuse`",
            ),
            (
                "workers = 0",
                "f.toml:1:11: workers: wrong value, expected a nonzero u16",
            ),
            (
                "log = \"loud\"",
                "f.toml:1:7: log: unknown variant `loud`, expected one of",
            ),
            (
                "listen = [\"127.0.0.1:1\", \"localhost:1\"]",
                "f.toml:1:10: listen: localhost:1: expected IP:PORT or unix:/PATH",
            ),
            (
                "listen = \"127.0.0.1:1\"",
                "f.toml:1:10: listen: wrong value, expected a sequence",
            ),
            (
                "listen = []",
                "f.toml: listen: expected at least one address",
            ),
            (
                "[egress]\nipv4 = \"::1\"",
                "f.toml:2:8: egress.ipv4: invalid IPv4 address syntax",
            ),
            (
                "[limits]\nsessions = 0",
                "f.toml:2:12: limits.sessions: wrong value, expected",
            ),
            (
                "[[user]]\nname = \"a\"",
                "f.toml:1:1: user: missing field `password`",
            ),
            (
                "[[user]]\nname = \"\"\npassword = \"x\"",
                "f.toml:2:8: user.name: expected a name of 1 to 255 octets",
            ),
            (
                "[[user]]\nname = \"a\"\npassword = \"\"",
                "f.toml:3:12: user.password: expected a password of 1 to 255 octets",
            ),
            (
                "[[user]]\nname='a'\npassword='x'\n[[user]]\nname = 'a'\npassword = 'y'",
                "f.toml:5:8: user.name: a is there twice",
            ),
            ("listen = [", "f.toml:1:11: "),
        ] {
            let error = error(text);
            assert!(
                error.starts_with(expected),
                "{text:?}\n {error}\n {expected}"
            );
            assert!(!error.contains('\n'), "{error:?}");
        }
    }

    /// SE-34: whatever is wrong with a password, the message does not repeat it.
    #[test]
    fn errors_keep_passwords() {
        for text in [
            "[[user]]\nname = 'a'\npassword = 73617",
            "[[user]]\nname = 'a'\npassword = 73617.5",
            "[[user]]\nname = 'a'\npassword = ['73617']",
            "[[user]]\nname = 'a'\npassword = '73617",
            "[[user]]\nname = 'a'\npassword = \"\\73617\"",
            "[[user]]\nname = 'a'\npassword = a73617",
            "user = 'a:73617'",
            "user = ['a:73617, expected 73617x']",
            "[user]\na = '73617'",
            "[[user]]\nname = 'a'\npassword = '73617'\npassword = '73617'",
        ] {
            let error = error(text);
            assert!(!error.contains("73617"), "{error}");
        }
    }
}
