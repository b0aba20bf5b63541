use std::{
    collections::HashMap,
    hash::Hash,
    io::BufRead,
    path::{Path, PathBuf},
    str::FromStr,
    sync::Arc,
};

use jiff::tz::TimeZone;

use super::{node::Node, value::Value};
use crate::{
    AnyOf, DomainPattern, DomainSet, EntryFile, FileError, NameSet, Network, NetworkSet, PortRange,
    PortSet, RuleError, TimeWindow, TimeWindows,
};

/// The named sets of a file.
pub(super) struct Sets<'n> {
    pub(super) networks: Named<'n, NetworkSet>,
    pub(super) domains: Named<'n, DomainSet>,
    pub(super) ports: Named<'n, PortSet>,
    pub(super) users: Named<'n, NameSet>,
    pub(super) times: Named<'n, TimeWindows>,
    pub(super) zone: Option<TimeZone>,
}

pub(super) type Named<'n, T> = HashMap<&'n str, Arc<T>>;

impl<'n> Sets<'n> {
    pub(super) fn read(root: &'n Node, base: Option<&Path>) -> Result<Self, RuleError> {
        let zone = match root.get("time_zone") {
            Some(node) => Some(zone(&Value::new("time_zone", node))?),
            None => None,
        };
        let networks = named(root, "networks", |value| set::<Network, _>(value, base))?;
        let domains = named(root, "domains", |value| {
            set::<DomainPattern, _>(value, base)
        })?;
        unlike(root, &domains, &networks)?;
        let ports = named(root, "ports", |value| ports(value, base))?;
        let users = named(root, "users", |value| set::<Name, _>(value, base))?;
        let times = named(root, "times", |value| times(value, zone.as_ref()))?;
        Ok(Self {
            networks,
            domains,
            ports,
            users,
            times,
            zone,
        })
    }
}

/// A destination names sets of both kinds, so no name may mean two.
fn unlike<D, N>(
    root: &Node,
    domains: &Named<'_, D>,
    networks: &Named<'_, N>,
) -> Result<(), RuleError> {
    let Some(node) = root.get("domains") else {
        return Ok(());
    };
    for entry in Value::new("domains", node).entries()? {
        if domains.contains_key(entry.key) && networks.contains_key(entry.key) {
            let what = "a set of [networks] has this name, too, and a destination may name either";
            return Err(entry.value.error(what));
        }
    }
    Ok(())
}

/// The name of a set that a text refers to: `$office`. A text that begins with a `$` of its own is
/// written with two.
pub(super) fn reference(text: &str) -> Option<&str> {
    text.strip_prefix('$').filter(|rest| !rest.starts_with('$'))
}

pub(super) fn unescaped(text: &str) -> &str {
    match text.starts_with("$$") {
        true => text.get(1..).unwrap_or(text),
        false => text,
    }
}

/// Reads the values of a condition: those that refer to a set are that set, and `inline` makes one of
/// the others.
pub(super) fn any_of<'n, T, I>(
    value: &Value<'n>,
    named: &Named<'_, T>,
    kind: &str,
    mut inline: impl FnMut(&Value<'n>) -> Result<I, RuleError>,
) -> Result<AnyOf<T>, RuleError>
where
    T: FromIterator<I>,
{
    let (mut sets, mut items) = (Vec::new(), Vec::new());
    for item in value.items() {
        match item.string().ok().and_then(reference) {
            Some(name) => sets.push(find(&item, named, kind, name)?),
            None => items.push(inline(&item)?),
        }
    }
    if !items.is_empty() {
        sets.push(Arc::new(items.into_iter().collect()));
    }
    Ok(sets.into_iter().collect())
}

pub(super) fn find<T>(
    value: &Value<'_>,
    named: &Named<'_, T>,
    kind: &str,
    name: &str,
) -> Result<Arc<T>, RuleError> {
    let set = named.get(name).map(Arc::clone);
    set.ok_or_else(|| {
        value.error(format_args!(
            "expected a set of [{kind}], and ${name} is none"
        ))
    })
}

fn named<'n, T>(
    root: &'n Node,
    key: &str,
    read: impl Fn(&Value<'n>) -> Result<T, RuleError>,
) -> Result<Named<'n, T>, RuleError> {
    let Some(node) = root.get(key) else {
        return Ok(HashMap::new());
    };
    let mut sets = HashMap::new();
    for entry in Value::new(key, node).entries()? {
        let plain = |octet: u8| octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'_');
        if entry.key.is_empty() || !entry.key.bytes().all(plain) {
            let what = "expected a name of letters, digits, - and _";
            return Err(entry.value.error(what));
        }
        sets.insert(entry.key, Arc::new(read(&entry.value)?));
    }
    Ok(sets)
}

/// Entries, and files of them: `"192.0.2.0/24"`, `{ file = "networks.txt" }`.
fn set<E, T>(value: &Value<'_>, base: Option<&Path>) -> Result<T, RuleError>
where
    E: FromStr<Err: std::error::Error + Send + Sync + 'static>,
    T: FromIterator<E>,
{
    let mut entries = Vec::new();
    for item in value.items() {
        match file_of(&item)? {
            Some(file) => read_file(&file, base, &mut entries)?,
            None => entries.push(item.parse()?),
        }
    }
    Ok(entries.into_iter().collect())
}

fn ports(value: &Value<'_>, base: Option<&Path>) -> Result<PortSet, RuleError> {
    let mut entries: Vec<PortRange> = Vec::new();
    for item in value.items() {
        match file_of(&item)? {
            Some(file) => read_file(&file, base, &mut entries)?,
            None => entries.push(port(&item)?),
        }
    }
    Ok(entries.into_iter().collect())
}

/// `80` or `"8000-8099"`.
pub(super) fn port(value: &Value<'_>) -> Result<PortRange, RuleError> {
    let what = "a port, 0 to 65535, or a range such as \"8000-8099\"";
    match value.node {
        Node::String(_) => value.parse(),
        _ => value.number::<u16>(what).map(PortRange::from),
    }
}

/// `"mon-fri 08:00-18:00"`, or `{ time_zone = "Asia/Tokyo", windows = […] }`.
fn times(value: &Value<'_>, zone: Option<&TimeZone>) -> Result<TimeWindows, RuleError> {
    let Node::Table(_) = value.node else {
        return windows(value, own_zone(value, zone)?);
    };
    let (mut own, mut listed) = (None, None);
    for entry in value.entries()? {
        match entry.key {
            "time_zone" => own = Some(self::zone(&entry.value)?),
            "windows" => listed = Some(entry.value),
            _ => return Err(entry.unknown(&["time_zone", "windows"])),
        }
    }
    let listed = listed.ok_or_else(|| value.error("expected the key windows"))?;
    let zone = own.map_or_else(|| own_zone(value, zone), Ok)?;
    windows(&listed, zone)
}

fn windows(value: &Value<'_>, zone: TimeZone) -> Result<TimeWindows, RuleError> {
    let windows: Result<Vec<TimeWindow>, _> = value.items().map(|item| item.parse()).collect();
    Ok(TimeWindows::new(zone, windows?))
}

/// The file's zone, or else the system's.
pub(super) fn own_zone(value: &Value<'_>, zone: Option<&TimeZone>) -> Result<TimeZone, RuleError> {
    match zone {
        Some(zone) => Ok(zone.clone()),
        None => TimeZone::try_system().map_err(|_| {
            value.error("the system does not say its time zone, expected time_zone in this file")
        }),
    }
}

fn zone(value: &Value<'_>) -> Result<TimeZone, RuleError> {
    let name = value.string()?;
    let expected =
        |_| value.error("expected a time zone that the system knows, such as \"Europe/Berlin\"");
    TimeZone::get(name).map_err(expected)
}

/// The name of a file, if that is what stands there.
pub(super) fn file_of<'n>(item: &Value<'n>) -> Result<Option<Value<'n>>, RuleError> {
    let Node::Table(_) = item.node else {
        return Ok(None);
    };
    let mut file = None;
    for entry in item.entries()? {
        match entry.key {
            "file" => file = Some(entry.value),
            _ => return Err(entry.unknown(&["file"])),
        }
    }
    let file = file.ok_or_else(|| item.error("expected the key file"))?;
    file.string()?;
    Ok(Some(file))
}

fn read_file<E>(
    file: &Value<'_>,
    base: Option<&Path>,
    entries: &mut Vec<E>,
) -> Result<(), RuleError>
where
    E: FromStr<Err: std::error::Error + Send + Sync + 'static>,
{
    let Some(base) = base else {
        return Err(file.error("files of entries are read for rules that come from a file only"));
    };
    let path: PathBuf = base.join(file.string()?);
    let failed = |error: FileError| {
        let reason = std::error::Error::source(&error).map(|reason| format!(": {reason}"));
        let what = format!("{}, {error}{}", path.display(), reason.unwrap_or_default());
        file.error(what)
    };
    let opened = EntryFile::open(&path).map_err(failed)?;
    read_entries(opened, entries).map_err(failed)
}

fn read_entries<E, R: BufRead>(file: EntryFile<R>, entries: &mut Vec<E>) -> Result<(), FileError>
where
    E: FromStr<Err: std::error::Error + Send + Sync + 'static>,
{
    for entry in file.entries() {
        entries.push(entry?);
    }
    Ok(())
}

/// The name of a user, as it stands.
#[derive(PartialEq, Eq, Hash)]
pub(super) struct Name(Box<str>);

impl FromStr for Name {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(text.into()))
    }
}

impl AsRef<[u8]> for Name {
    fn as_ref(&self) -> &[u8] {
        self.0.as_bytes()
    }
}
