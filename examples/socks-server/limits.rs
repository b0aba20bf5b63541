//! Limits (`[[limit]]`): sessions, rates and volumes, shared by TCP and UDP.

use std::{error::Error, fmt, num::NonZeroU64, path::PathBuf, sync::Arc, time::Duration};

use bytesize::ByteSize;
use serde::Deserialize;
use socks_tower::limit::{Limit, Limits, LimitsError, Per, Period, Rate, UsageFile, Volume};
use tokio::{sync::oneshot, task::JoinHandle};
use toml::Spanned;

use crate::config::{ConfigError, Source};

/// `[[limit]]`: what it says holds for each of those that `per` tells apart.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LimitTable {
    name: Spanned<String>,
    per: Scope,
    when_named: Option<bool>,
    prefix_ipv4: Option<Spanned<u8>>,
    prefix_ipv6: Option<Spanned<u8>>,
    sessions: Option<usize>,
    connects: Option<NonZeroU64>,
    connects_burst: Option<Spanned<NonZeroU64>>,
    up: Option<Spanned<ByteSize>>,
    up_burst: Option<Spanned<ByteSize>>,
    down: Option<Spanned<ByteSize>>,
    down_burst: Option<Spanned<ByteSize>>,
    volume: Option<Spanned<ByteSize>>,
    volume_up: Option<Spanned<ByteSize>>,
    volume_down: Option<Spanned<ByteSize>>,
    period: Option<Spanned<VolumePeriod>>,
    time_zone: Option<Spanned<String>>,
    tell_only: Option<Spanned<bool>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Scope {
    Server,
    Listener,
    Client,
    User,
    Group,
    Session,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum VolumePeriod {
    Day,
    Week,
    Month,
}

/// Limits that are sound, and where volumes are kept.
#[derive(Clone, Debug, Default)]
pub struct Prepared {
    limits: Vec<Limit>,
    usage: Option<PathBuf>,
}

/// Limits in force, and the file of their volumes if there is one.
pub struct Open {
    pub limits: Limits,
    pub file: Option<Arc<UsageFile>>,
}

/// Between two times that volumes are written down.
const SAVE_EVERY: Duration = Duration::from_secs(10);

impl Prepared {
    pub fn new(
        tables: &[LimitTable],
        usage: Option<PathBuf>,
        source: &Source,
    ) -> Result<Self, ConfigError> {
        let mut limits: Vec<Limit> = Vec::new();
        for table in tables {
            let limit = table.limit(source)?;
            if limits.iter().any(|other| other.name() == limit.name()) {
                let what = format!("{} is there twice", limit.name());
                return Err(source.error(table.name.span(), "limit.name", what));
            }
            limits.push(limit);
        }
        if let Err(error) = Limits::new(limits.clone()) {
            return Err(source.whole(format_args!("limit: {error}")));
        }
        Ok(Self { limits, usage })
    }

    /// The names that rules may name.
    pub fn names(&self) -> impl Iterator<Item = Arc<str>> {
        self.limits.iter().map(|limit| Arc::clone(limit.name()))
    }

    /// Puts them in force, with what was used before. `None` if there are none.
    pub fn open(&self) -> Result<Option<Open>, String> {
        if self.limits.is_empty() {
            return Ok(None);
        }
        let limits = Limits::new(self.limits.clone()).map_err(|error| error.to_string())?;
        let Some(path) = &self.usage else {
            return Ok(Some(Open { limits, file: None }));
        };
        let named = |error| format!("limits.usage: {}: {error}", path.display());
        let file = UsageFile::open(path).map_err(|error| named(error.to_string()))?;
        limits
            .restore(&file)
            .map_err(|error| named(error.to_string()))?;
        Ok(Some(Open {
            limits,
            file: Some(Arc::new(file)),
        }))
    }
}

/// Volumes that are written down now and then.
pub struct Usage {
    stop: oneshot::Sender<()>,
    kept: JoinHandle<Result<(), LimitsError>>,
}

impl Usage {
    pub fn keep(limits: Limits, file: Arc<UsageFile>) -> Self {
        let (stop, stopped) = oneshot::channel();
        let kept = limits.keep(file, SAVE_EVERY, async {
            // Nothing is ever sent; the other end is dropped.
            let _ = stopped.await;
        });
        Self {
            stop,
            kept: tokio::spawn(kept),
        }
    }
}

/// Writes down what sessions have used until now.
pub async fn finish(usage: Option<Usage>) -> Result<(), Box<dyn Error>> {
    if let Some(Usage { stop, kept }) = usage {
        drop(stop);
        kept.await??;
    }
    Ok(())
}

impl LimitTable {
    fn limit(&self, source: &Source) -> Result<Limit, ConfigError> {
        let name = self.name.get_ref().as_str();
        if name.is_empty() || name.chars().any(char::is_control) {
            let what = "expected a name without control characters";
            return Err(source.error(self.name.span(), "limit.name", what));
        }
        let mut limit = Limit::new(name, self.per(source)?);
        if self.when_named.unwrap_or(false) {
            limit = limit.when_named();
        }
        if let Some(sessions) = self.sessions {
            limit = limit.sessions(sessions);
        }
        if let Some(connects) = self.connects {
            let mut rate = Rate::per_second(connects);
            if let Some(burst) = &self.connects_burst {
                rate = rate.burst(*burst.get_ref());
            }
            limit = limit.connects(rate);
        } else if let Some(burst) = &self.connects_burst {
            let what = "expected connects beside it";
            return Err(source.error(burst.span(), "limit.connects_burst", what));
        }
        if let Some(up) = rate(&self.up, &self.up_burst, "up", source)? {
            limit = limit.up(up);
        }
        if let Some(down) = rate(&self.down, &self.down_burst, "down", source)? {
            limit = limit.down(down);
        }
        if let Some(volume) = self.volume(source)? {
            limit = limit.volume(volume);
        }
        Ok(limit)
    }

    fn per(&self, source: &Source) -> Result<Per, ConfigError> {
        let prefix = |length: &Option<Spanned<u8>>, key: &str, most: u8, usual: u8| {
            let Some(length) = length else {
                return Ok(usual);
            };
            if self.per != Scope::Client {
                let what = "expected per = \"client\" beside it";
                return Err(source.error(length.span(), key, what));
            }
            match *length.get_ref() {
                bits if bits <= most => Ok(bits),
                _ => Err(source.error(length.span(), key, format!("expected 0 to {most} bits"))),
            }
        };
        let v4 = prefix(&self.prefix_ipv4, "limit.prefix_ipv4", 32, 32)?;
        let v6 = prefix(&self.prefix_ipv6, "limit.prefix_ipv6", 128, 64)?;
        Ok(match self.per {
            Scope::Server => Per::Server,
            Scope::Listener => Per::Listener,
            Scope::Client => Per::Network { v4, v6 },
            Scope::User => Per::User,
            Scope::Group => Per::Group,
            Scope::Session => Per::Session,
        })
    }

    fn volume(&self, source: &Source) -> Result<Option<Volume>, ConfigError> {
        let given = [&self.volume, &self.volume_up, &self.volume_down];
        let first = given.into_iter().flatten().next();
        let Some(first) = first else {
            let beside = [
                ("limit.period", self.period.as_ref().map(Spanned::span)),
                (
                    "limit.time_zone",
                    self.time_zone.as_ref().map(Spanned::span),
                ),
                (
                    "limit.tell_only",
                    self.tell_only.as_ref().map(Spanned::span),
                ),
            ];
            return match beside
                .into_iter()
                .find_map(|(key, span)| Some((key, span?)))
            {
                Some((key, span)) => Err(source.error(span, key, "expected a volume beside it")),
                None => Ok(None),
            };
        };
        let Some(period) = &self.period else {
            let what = "expected period beside it: day, week or month";
            return Err(source.error(first.span(), "limit.volume", what));
        };
        let mut volume = Volume::new(match period.get_ref() {
            VolumePeriod::Day => Period::Day,
            VolumePeriod::Week => Period::Week,
            VolumePeriod::Month => Period::Month,
        });
        if let Some(octets) = &self.volume {
            volume = volume.total(octets.get_ref().as_u64());
        }
        if let Some(octets) = &self.volume_up {
            volume = volume.up(octets.get_ref().as_u64());
        }
        if let Some(octets) = &self.volume_down {
            volume = volume.down(octets.get_ref().as_u64());
        }
        if let Some(zone) = &self.time_zone {
            volume = volume
                .time_zone(zone.get_ref())
                .map_err(|error| source.error(zone.span(), "limit.time_zone", error))?;
        }
        Ok(Some(match &self.tell_only {
            Some(tell_only) if *tell_only.get_ref() => volume.tell_only(),
            _ => volume,
        }))
    }
}

/// Octets a second, and how many at once.
fn rate(
    amount: &Option<Spanned<ByteSize>>,
    burst: &Option<Spanned<ByteSize>>,
    key: &str,
    source: &Source,
) -> Result<Option<Rate>, ConfigError> {
    let octets = |value: &Spanned<ByteSize>, key: &str| {
        NonZeroU64::new(value.get_ref().as_u64()).ok_or_else(|| {
            let what = "expected a size of at least one octet, such as \"10 MiB\"";
            source.error(value.span(), key, what)
        })
    };
    let burst_key = format!("limit.{key}_burst");
    match (amount, burst) {
        (None, None) => Ok(None),
        (None, Some(burst)) => {
            let what = format!("expected {key} beside it");
            Err(source.error(burst.span(), &burst_key, what))
        }
        (Some(amount), burst) => {
            let mut rate = Rate::per_second(octets(amount, &format!("limit.{key}"))?);
            if let Some(burst) = burst {
                rate = rate.burst(octets(burst, &burst_key)?);
            }
            Ok(Some(rate))
        }
    }
}

/// For `--check`.
impl fmt::Display for Prepared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for limit in &self.limits {
            writeln!(f, "limit: {limit:?}")?;
        }
        match &self.usage {
            Some(path) => writeln!(f, "usage: {}", path.display()),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::Config;

    fn prepare(text: &str) -> Result<Prepared, String> {
        let source = Source::new(Path::new("f.toml"), text);
        let config = Config::parse(&source).map_err(|error| error.to_string())?;
        let prepared = Prepared::new(&config.limit, None, &source);
        prepared.map_err(|error| error.to_string())
    }

    const USER: &str = "[[limit]]\nname = \"u\"\nper = \"user\"\n";

    /// SE-20: sizes are numbers of octets or have a unit.
    #[test]
    fn sizes() {
        let ten = Rate::per_second(NonZeroU64::new(10 << 20).unwrap());
        for size in ["10485760", "\"10 MiB\"", "\"10mib\""] {
            let limits = prepare(&format!("{USER}down = {size}")).unwrap().limits;
            assert_eq!(limits, [Limit::new("u", Per::User).down(ten)], "{size}");
        }
        let text = format!("{USER}volume = \"1 TB\"\nperiod = \"month\"\nwhen_named = true");
        let volume = Volume::new(Period::Month).total(1_000_000_000_000);
        let limit = Limit::new("u", Per::User).when_named().volume(volume);
        assert_eq!(prepare(&text).unwrap().limits, [limit]);
    }

    #[test]
    fn errors_name_the_place() {
        for (text, expected) in [
            (
                "down = 0",
                "f.toml:4:8: limit.down: expected a size of at least one octet",
            ),
            ("down = \"fast\"", "f.toml:4:8: limit.down: "),
            (
                "up_burst = 1",
                "f.toml:4:12: limit.up_burst: expected up beside it",
            ),
            (
                "connects_burst = 1",
                "f.toml:4:18: limit.connects_burst: expected connects",
            ),
            (
                "prefix_ipv4 = 24",
                "f.toml:4:15: limit.prefix_ipv4: expected per = \"client\"",
            ),
            (
                "volume = 1",
                "f.toml:4:10: limit.volume: expected period beside it",
            ),
            (
                "period = \"day\"",
                "f.toml:4:10: limit.period: expected a volume beside it",
            ),
            (
                "period = \"year\"",
                "f.toml:4:10: limit.period: unknown variant `year`",
            ),
            (
                "volume = 1\nperiod = \"day\"\ntime_zone = \"Mars/Olympus\"",
                "f.toml:6:13: limit.time_zone: ",
            ),
            ("speed = 1", "f.toml:4:1: limit: unknown field `speed`"),
        ] {
            let error = prepare(&format!("{USER}{text}")).unwrap_err();
            assert!(error.starts_with(expected), "{error}\n{expected}");
        }
        let error = prepare(&format!("{USER}{USER}")).unwrap_err();
        assert_eq!(error, "f.toml:5:8: limit.name: u is there twice");
        let client = USER.replace("user", "client");
        let error = prepare(&format!("{client}prefix_ipv4 = 33")).unwrap_err();
        assert!(error.contains("expected 0 to 32 bits"), "{error}");
    }
}
