//! Values that flags and the configuration file share.

use std::{fmt, net::SocketAddr, ops::RangeInclusive, path::PathBuf, str::FromStr, time::Duration};

use clap::ValueEnum;
use serde::{Deserialize, Deserializer, de};
use socks_core::{Secret, UserName, message::Endpoint};
use socks_tower::Throttle;
use tracing::level_filters::LevelFilter;

/// Where to listen.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum Listen {
    Tcp(SocketAddr),
    Unix(PathBuf),
}

impl Listen {
    /// Whether there is room for one of the two only. Port 0 is another one each time.
    pub fn is_one_with(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Tcp(own), Self::Tcp(other)) => {
                own.port() != 0 && Endpoint::from(*own) == Endpoint::from(*other)
            }
            _ => self == other,
        }
    }
}

impl FromStr for Listen {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.strip_prefix("unix:") {
            Some(_) if !cfg!(unix) => Err("this system has no unix sockets"),
            Some("") => Err("a path is missing after unix:"),
            Some(path) => Ok(Self::Unix(path.into())),
            None => text
                .parse()
                .map(Self::Tcp)
                .map_err(|_| "expected IP:PORT or unix:/PATH"),
        }
    }
}

impl TryFrom<String> for Listen {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
            .map_err(|expected| format!("{text}: {expected}"))
    }
}

impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(addr) => addr.fmt(f),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

/// `START:RATE:FULL`.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(try_from = "String")]
pub struct HalfOpen(pub Throttle);

impl TryFrom<String> for HalfOpen {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
            .map(Self)
            .map_err(|_| "expected START:RATE:FULL, RATE from 1 to 100 and START not above FULL")
    }
}

/// A name of 1 to 255 octets (RFC 1929 §2).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(try_from = "String")]
pub struct Name(pub UserName);

impl TryFrom<String> for Name {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        match text.len() {
            1..=255 => Ok(Self(text.as_str().into())),
            _ => Err("expected a name of 1 to 255 octets"),
        }
    }
}

/// A password of 1 to 255 octets (RFC 1929 §2).
#[derive(Clone, Debug)]
pub struct Password(pub Secret);

impl TryFrom<&str> for Password {
    type Error = &'static str;

    fn try_from(text: &str) -> Result<Self, Self::Error> {
        match text.len() {
            1..=255 => Ok(Self(text.into())),
            _ => Err("expected a password of 1 to 255 octets"),
        }
    }
}

impl<'de> Deserialize<'de> for Password {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::try_from(text.as_str()).map_err(de::Error::custom)
    }
}

/// Text that is shown nowhere, such as the URL of a database.
#[cfg(feature = "sql")]
#[derive(Clone, Debug)]
pub struct SecretText(pub Secret);

#[cfg(feature = "sql")]
impl<'de> Deserialize<'de> for SecretText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Ok(Self(text.as_str().into()))
    }
}

/// What a file of one line holds, without the end of the line. At most 4 KiB.
#[cfg(any(feature = "admin", feature = "http", feature = "sql"))]
pub fn secret_file(path: &std::path::Path) -> Result<Secret, String> {
    use std::{fs::File, io::Read};

    const MAX: usize = 4096;
    let file = path.display();
    let mut content = Vec::with_capacity(MAX + 1);
    let read =
        File::open(path).and_then(|file| file.take(MAX as u64 + 1).read_to_end(&mut content));
    read.map_err(|error| format!("{file} cannot be read: {error}"))?;
    let line = content.trim_ascii_end();
    match line.is_empty() || line.len() > MAX || line.contains(&b'\n') {
        true => Err(format!("{file}: expected one line of at most {MAX} octets")),
        false => Ok(Secret::new(line)),
    }
}

/// `NAME:PASSWORD`, cut at the first colon.
pub fn user(text: &str) -> Result<(Name, Password), &'static str> {
    let (name, password) = text.split_once(':').ok_or("expected NAME:PASSWORD")?;
    Ok((
        Name::try_from(name.to_owned())?,
        Password::try_from(password)?,
    ))
}

/// A whole number of seconds.
#[derive(Clone, Copy, Debug)]
pub struct Seconds(pub Duration);

impl<'de> Deserialize<'de> for Seconds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl de::Visitor<'_> for Visitor {
            type Value = Seconds;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "a whole number of seconds from 1 to {}", u32::MAX)
            }

            fn visit_i64<E: de::Error>(self, seconds: i64) -> Result<Seconds, E> {
                match u32::try_from(seconds) {
                    Ok(seconds @ 1..) => Ok(Seconds(Duration::from_secs(seconds.into()))),
                    _ => Err(E::invalid_value(de::Unexpected::Signed(seconds), &self)),
                }
            }
        }

        deserializer.deserialize_i64(Visitor)
    }
}

/// Ports from one to another, both included, none of them privileged.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Ports(pub RangeInclusive<u16>);

impl TryFrom<String> for Ports {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let ports = text.split_once('-').and_then(|(first, last)| {
            let (first, last) = (first.parse().ok()?, last.parse().ok()?);
            (1024 <= first && first <= last).then_some(Self(first..=last))
        });
        ports.ok_or("expected FIRST-LAST, from 1024 to 65535")
    }
}

/// What a connection that a BIND does not expect does to it.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Strangers {
    #[default]
    Ignore,
    Refuse,
}

impl From<Strangers> for socks_tower::Strangers {
    fn from(strangers: Strangers) -> Self {
        match strangers {
            Strangers::Ignore => Self::Ignore,
            Strangers::Refuse => Self::Refuse,
        }
    }
}

/// What is logged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    Off,
    Error,
    Warn,
    #[default]
    Info,
    Debug,
    Trace,
}

impl From<Level> for LevelFilter {
    fn from(level: Level) -> Self {
        match level {
            Level::Off => Self::OFF,
            Level::Error => Self::ERROR,
            Level::Warn => Self::WARN,
            Level::Info => Self::INFO,
            Level::Debug => Self::DEBUG,
            Level::Trace => Self::TRACE,
        }
    }
}

/// Whose datagrams reach the client (`UD-33`).
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Replies {
    Any,
    Address,
    AddressAndPort,
}

/// From which port the client sends (`UD-6`).
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Pin {
    FirstValid,
    Declared,
    AnyPort,
}
