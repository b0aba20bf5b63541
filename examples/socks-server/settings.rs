//! What flags, the configuration file and the defaults come to.

use std::{
    collections::HashSet, error::Error, fmt, net::SocketAddr, num::NonZeroU16, path::Path,
    str::FromStr, time::Duration,
};

use socks_core::message::{ConnInfo, Egress};
use socks_tower::{
    AdaptiveRelay, Deadlines, HalfOpenLayer, UdpRelay,
    udp::{ClientPin, ReplyPolicy},
};

use crate::{
    admin,
    args::Args,
    auth::Prepared,
    bind::Bind,
    config::{self, Config, Source},
    limits,
    listen::{Listening, ProxyProtocol},
    records,
    rules::{self, Names},
    value::{HalfOpen, Level, Listen, Name, Password, Pin, Ports, Replies, Seconds, user},
};

#[derive(Debug)]
pub struct Settings {
    pub listen: Vec<Listening>,
    pub admin: Option<admin::Prepared>,
    pub auth: Prepared,
    pub allow_private: bool,
    pub bind: Option<Bind>,
    pub udp: Option<UdpRelay>,
    pub workers: Option<NonZeroU16>,
    pub log: Level,
    pub deadlines: Deadlines,
    pub relay: AdaptiveRelay,
    pub drain: Duration,
    pub egress: Egress,
    pub sessions: usize,
    pub half_open: Option<HalfOpenLayer>,
    pub proxy_protocol: ProxyProtocol,
    pub rules: Option<rules::Prepared>,
    pub limits: limits::Prepared,
    pub records: records::Prepared,
}

/// The default of [`Deadlines::handshake`] with an authenticator.
const HANDSHAKE: Duration = Duration::from_secs(30);

impl Settings {
    pub fn new(args: Args) -> Result<Self, Box<dyn Error>> {
        let (config, source) = match args.config.as_deref() {
            Some(path) => {
                let source = Source::read(path)?;
                (Config::parse(&source)?, source)
            }
            None => (Config::default(), Source::new(Path::new("no file"), "")),
        };
        let (bind, udp) = (args.bind(), args.udp());
        let users = match args.user.as_slice() {
            [] => config.users().collect(),
            flags => users(flags)?,
        };
        let listen = listen(args.listen, config.listen, &config.listener)?;
        let deadlines = deadlines(&config.deadlines);
        let handshake = deadlines.handshake.unwrap_or(HANDSHAKE);
        let admin = config.admin.as_ref();
        let admin = admin.map(|admin| admin.prepare(&listen, &source));
        let limits = limits::Prepared::new(&config.limit, config.limits.usage.clone(), &source)?;
        let rules = config.rules.as_ref().map(|rules| {
            let names = Names::new(&limits, &listen, &config.listener);
            let (trial, refused) = (config.trial_rules.as_ref(), config.refused_sessions);
            rules::Prepared::new(rules, trial, refused, names, &source)
        });
        let rules = rules.transpose()?;
        if let (None, Some(trial)) = (&rules, &config.trial_rules) {
            let what = "expected rules beside it";
            return Err(source.error(trial.span(), "trial_rules", what).into());
        }
        let records = records::Prepared::new(config.access_log, config.accounting, &source)?;
        let settings = Self {
            proxy_protocol: ProxyProtocol::new(&listen, &config.listener),
            rules,
            limits,
            records,
            half_open: half_open(&config.limits),
            listen,
            admin: admin.transpose()?,
            auth: config
                .auth
                .prepare(users, &config.listener, handshake, &source)?,
            allow_private: args.allow_private || config.allow_private.unwrap_or(false),
            bind: bind
                .or(config.bind.enabled)
                .unwrap_or(true)
                .then(|| Bind::new(&config.bind, &config.egress)),
            udp: udp
                .or(config.udp.enabled)
                .unwrap_or(true)
                .then(|| udp_relay(&config.udp, egress(&config.egress))),
            workers: args.workers.or(config.workers),
            log: args.log.or(config.log).unwrap_or_default(),
            deadlines,
            relay: relay(&config.deadlines),
            drain: config
                .deadlines
                .drain
                .map_or(Duration::from_secs(30), |drain| drain.0),
            egress: egress(&config.egress),
            sessions: sessions(&config.limits)?,
        };
        settings.check()?;
        Ok(settings)
    }

    fn check(&self) -> Result<(), String> {
        self.check_listeners()?;
        self.check_sessions()
    }

    /// Of two listeners on one address, or of one name, it would be left to chance whose methods a
    /// client gets: workers share a port with whoever asks for it (`SE-36`).
    fn check_listeners(&self) -> Result<(), String> {
        for (index, listening) in self.listen.iter().enumerate() {
            let earlier = self.listen.iter().take(index);
            for other in earlier {
                if listening.at.is_one_with(&other.at) {
                    return Err(format!("listen: {} is there twice", listening.at));
                }
                if listening.name == other.name && listening.at != other.at {
                    return Err(format!("listener.name: {} is there twice", listening.name));
                }
            }
        }
        Ok(())
    }

    /// A loop that got no session to keep would never accept.
    fn check_sessions(&self) -> Result<(), String> {
        let unix = self
            .listen
            .iter()
            .any(|listening| matches!(listening.at, Listen::Unix(_)));
        let loops = self.workers.map_or(1, |workers| usize::from(workers.get()));
        let least = loops + usize::from(unix);
        if self.sessions < least {
            return Err(format!(
                "limits.sessions: expected at least {least}, one a listening loop"
            ));
        }
        Ok(())
    }
}

/// Flags replace both lists of the file; what the file says about a listener of the same address
/// stays, or its methods would be those of everybody.
fn listen(
    flags: Vec<Listen>,
    file: Option<Vec<Listen>>,
    listeners: &[config::Listener],
) -> Result<Vec<Listening>, &'static str> {
    let plain = |list: Vec<Listen>| list.into_iter().map(Listening::from).collect::<Vec<_>>();
    let configured = listeners.iter().map(|listener| Listening {
        at: listener.address.get_ref().clone(),
        name: listener.name().into(),
    });
    if !flags.is_empty() {
        let mut all = plain(flags);
        for listening in &mut all {
            if let Some(configured) = configured.clone().find(|other| other.at == listening.at) {
                *listening = configured;
            }
        }
        return Ok(all);
    }
    let mut all = plain(file.unwrap_or_default());
    all.extend(configured);
    if all.is_empty() {
        all.push(Listen::from_str("127.0.0.1:1080")?.into());
    }
    Ok(all)
}

fn users(flags: &[String]) -> Result<Vec<(Name, Password)>, String> {
    let mut names = HashSet::new();
    let mut users = Vec::new();
    for flag in flags {
        let (name, password) = user(flag).map_err(|expected| format!("--user: {expected}"))?;
        if !names.insert(name.clone()) {
            return Err(format!("--user: {} is there twice", name.0));
        }
        users.push((name, password));
    }
    Ok(users)
}

fn deadlines(config: &config::Deadlines) -> Deadlines {
    let mut deadlines = Deadlines::default();
    let set = |deadline: &mut Duration, seconds: Option<Seconds>| {
        if let Some(Seconds(seconds)) = seconds {
            *deadline = seconds;
        }
    };
    set(&mut deadlines.first_octet, config.first_octet);
    set(&mut deadlines.request, config.request);
    set(&mut deadlines.bind, config.bind);
    deadlines.handshake = config.handshake.map(|handshake| handshake.0);
    deadlines
}

fn relay(config: &config::Deadlines) -> AdaptiveRelay {
    let mut relay = AdaptiveRelay::new();
    if let Some(Seconds(idle)) = config.idle {
        relay = relay.idle_timeout(idle);
    }
    if let Some(Seconds(half_closed)) = config.half_closed {
        relay = relay.half_closed_timeout(half_closed);
    }
    if let Some(Seconds(lifetime)) = config.lifetime {
        relay = relay.max_lifetime(lifetime);
    }
    relay
}

fn udp_relay(config: &config::Udp, egress: Egress) -> UdpRelay {
    let mut relay = UdpRelay::new().egress(egress);
    if let Some(ip) = config.advertise {
        relay = relay
            .advertise(move |_: &ConnInfo, bound: SocketAddr| SocketAddr::new(ip, bound.port()));
    }
    if let Some(Ports(ports)) = &config.ports {
        relay = relay.ports(ports.clone());
    }
    if let Some(Seconds(idle)) = config.idle {
        relay = relay.idle_timeout(idle);
    }
    if let Some(max) = config.max_targets {
        relay = relay.max_targets(usize::try_from(max.get()).unwrap_or(usize::MAX));
    }
    if let Some(offload) = config.segmentation_offload {
        relay = relay.segmentation_offload(offload);
    }
    if config.fragments.unwrap_or(false) {
        relay = relay.reassemble(64 * 1024, 16 * 1024 * 1024);
    }
    relay = match config.replies {
        None => relay,
        Some(Replies::Any) => relay.replies(ReplyPolicy::AnyRemote),
        Some(Replies::Address) => relay.replies(ReplyPolicy::AddressRestricted),
        Some(Replies::AddressAndPort) => relay.replies(ReplyPolicy::AddressAndPortRestricted),
    };
    match config.pin {
        None => relay,
        Some(Pin::FirstValid) => relay.client_pin(ClientPin::FirstValid),
        Some(Pin::Declared) => relay.client_pin(ClientPin::Declared),
        Some(Pin::AnyPort) => relay.client_pin(ClientPin::AnyPort),
    }
}

pub fn egress(config: &config::Egress) -> Egress {
    let mut egress = Egress::new();
    egress.ipv4 = config.ipv4;
    egress.ipv6 = config.ipv6;
    egress.interface = config.interface.as_deref().map(Into::into);
    egress.mark = config.mark;
    egress
}

fn sessions(config: &config::Limits) -> Result<usize, Box<dyn Error>> {
    Ok(config
        .sessions
        .map_or(Ok(10_000), |sessions| sessions.get().try_into())?)
}

fn half_open(config: &config::Limits) -> Option<HalfOpenLayer> {
    let (total, each) = (config.half_open, config.half_open_per_client);
    let throttle = |limit: Option<HalfOpen>| limit.map(|HalfOpen(throttle)| throttle);
    (total.is_some() || each.is_some())
        .then(|| HalfOpenLayer::new(throttle(total)).per_client(throttle(each)))
}

/// For `--check`: everything but the passwords.
impl fmt::Display for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for listening in &self.listen {
            writeln!(f, "listen: {listening}")?;
        }
        match &self.admin {
            Some(admin) => writeln!(f, "admin: {admin}")?,
            None => writeln!(f, "admin: none")?,
        }
        write!(f, "{}", self.auth)?;
        writeln!(f, "allow_private: {}", self.allow_private)?;
        match &self.bind {
            Some(bind) => writeln!(f, "bind: {bind:?}")?,
            None => writeln!(f, "bind: false")?,
        }
        match &self.udp {
            Some(udp) => writeln!(f, "udp: {udp:?}")?,
            None => writeln!(f, "udp: false")?,
        }
        match self.workers {
            Some(workers) => writeln!(f, "workers: {workers}")?,
            None => writeln!(f, "workers: none, one runtime")?,
        }
        writeln!(f, "log: {:?}", self.log)?;
        writeln!(f, "deadlines: {:?}", self.deadlines)?;
        writeln!(f, "relay: {:?}", self.relay)?;
        writeln!(f, "drain: {:?}", self.drain)?;
        writeln!(f, "egress: {:?}", self.egress)?;
        writeln!(f, "sessions: {}", self.sessions)?;
        match &self.half_open {
            Some(layer) => writeln!(f, "half_open: {:?}", layer.handle().limits())?,
            None => writeln!(f, "half_open: any number")?,
        }
        writeln!(f, "proxy_protocol: {}", self.proxy_protocol)?;
        match &self.rules {
            Some(rules) => writeln!(f, "rules: {rules}")?,
            None => writeln!(f, "rules: none, the safe default")?,
        }
        write!(f, "{}{}", self.limits, self.records)
    }
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory, Parser};

    use super::*;

    fn settings(flags: &[&str]) -> Result<Settings, String> {
        let args = Args::try_parse_from([&["socks-server"], flags].concat());
        Settings::new(args.map_err(|error| error.to_string())?).map_err(|error| error.to_string())
    }

    #[test]
    fn the_command_line_is_sound() {
        Args::command().debug_assert();
    }

    #[test]
    fn defaults() {
        let settings = settings(&[]).unwrap();
        assert_eq!(settings.listen[0].to_string(), "127.0.0.1:1080");
        assert!(settings.auth.is_open() && !settings.allow_private);
        assert!(settings.bind.is_some() && settings.udp.is_some() && settings.workers.is_none());
    }

    #[test]
    fn the_last_of_two_opposite_flags_counts() {
        assert!(settings(&["--bind", "--no-bind"]).unwrap().bind.is_none());
        assert!(settings(&["--no-udp"]).unwrap().udp.is_none());
    }

    /// The first colon ends the name; an empty part is a mistake, and no message repeats it.
    #[test]
    fn users_of_the_command_line() {
        let users = users(&["a:b:c".to_owned(), "d:e".to_owned()]).unwrap();
        assert_eq!(users[0].0.0.as_bytes(), b"a");
        assert_eq!(users[0].1.0.expose(), b"b:c");
        for (flags, expected) in [
            (&["--user", "alice"][..], "--user: expected NAME:PASSWORD"),
            (
                &["--user", ":hunter2"],
                "--user: expected a name of 1 to 255 octets",
            ),
            (
                &["--user", "alice:"],
                "--user: expected a password of 1 to 255 octets",
            ),
            (
                &["--user", "a:hunter2", "--user", "a:y"],
                "--user: a is there twice",
            ),
        ] {
            assert_eq!(settings(flags).unwrap_err(), expected);
        }
    }

    #[test]
    fn flags_override_the_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("socks.toml");
        let file = "listen = ['127.0.0.1:1']\nworkers = 2\nlog = 'warn'\n\
                    [bind]\nenabled = false\n[deadlines]\nidle = 7\n[limits]\nsessions = 9\n\
                    [[user]]\nname = 'filed'\npassword = 'x'\n";
        std::fs::write(&path, file).unwrap();
        let config = ["--config", path.to_str().unwrap()];

        let read = settings(&config).unwrap();
        assert_eq!(read.listen[0].to_string(), "127.0.0.1:1");
        assert_eq!((read.udp.is_some(), read.sessions), (true, 9));
        assert!(read.bind.is_none());
        assert_eq!((read.workers, read.log), (NonZeroU16::new(2), Level::Warn));
        assert!(read.auth.to_string().contains("users filed\n"));

        let flags = [
            "--listen",
            "[::1]:2",
            "--user",
            "flag:y",
            "--workers",
            "1",
            "--bind",
        ];
        let read = settings(&[&config[..], &flags].concat()).unwrap();
        assert_eq!((read.listen.len(), read.bind.is_some()), (1, true));
        assert_eq!(read.listen[0].to_string(), "[::1]:2");
        assert!(read.auth.to_string().contains("users flag\n"));

        let error = settings(&[&config[..], &["--workers", "10"]].concat()).unwrap_err();
        assert_eq!(
            error,
            "limits.sessions: expected at least 10, one a listening loop"
        );
    }

    /// Whoever listens on the address that the file has methods for has those methods.
    #[test]
    fn flags_keep_the_methods_of_a_listener() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("socks.toml");
        let file = "[auth]\nmethods = ['no-authentication']\n\
                    [[user]]\nname = 'a'\npassword = 'b'\n\
                    [[listener]]\naddress = '0.0.0.0:1080'\nname = 'outside'\n\
                    methods = ['username-password']\n";
        std::fs::write(&path, file).unwrap();
        let flags = ["--config", path.to_str().unwrap(), "--listen"];
        for (listen, shown) in [
            ("0.0.0.0:1080", "0.0.0.0:1080 (outside)"),
            ("127.0.0.1:1080", "127.0.0.1:1080"),
        ] {
            let read = settings(&[&flags[..], &[listen]].concat()).unwrap();
            assert_eq!(read.listen[0].to_string(), shown);
        }
    }

    /// No address has two listeners, and no name.
    #[test]
    fn listeners_are_told_apart() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("socks.toml");
        for (file, expected) in [
            (
                "listen = ['127.0.0.1:1']\n[[listener]]\naddress = '127.0.0.1:1'\nname = 'x'",
                Some("listen: 127.0.0.1:1 is there twice"),
            ),
            (
                "listen = ['127.0.0.1:1', '[::ffff:127.0.0.1]:1']",
                Some("listen: [::ffff:127.0.0.1]:1 is there twice"),
            ),
            (
                "listen = ['unix:/a', 'unix:/a']",
                Some("listen: unix:/a is there twice"),
            ),
            (
                "listen = ['127.0.0.1:1']\n[[listener]]\naddress = '127.0.0.1:2'\nname = '127.0.0.1:1'",
                Some("listener.name: 127.0.0.1:1 is there twice"),
            ),
            ("listen = ['127.0.0.1:0', '127.0.0.1:0']", None),
        ] {
            std::fs::write(&path, file).unwrap();
            let error = settings(&["--config", path.to_str().unwrap()]).err();
            assert_eq!(error.as_deref(), expected, "{file}");
        }
    }

    /// SE-34: neither `--check` nor debug formatting shows a password.
    #[test]
    fn passwords_stay_in() {
        let settings = settings(&["--user", "alice:hunter2"]).unwrap();
        assert!(!format!("{settings} {settings:?}").contains("hunter2"));
        assert!(settings.to_string().contains("users alice\n"));
    }
}
