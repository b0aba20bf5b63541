use std::{error::Error, fmt, io, sync::Arc};

use crate::{BoxError, Cut};

/// What is wrong with limits that were to be put in force, or with where their usage is kept.
#[derive(Debug)]
pub struct LimitsError {
    kind: LimitsErrorKind,
    source: Option<BoxError>,
}

/// What kind of mistake it is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LimitsErrorKind {
    /// Two limits have the same name.
    Duplicate(Arc<str>),
    /// A limit has no name, or one of more than 255 octets.
    Name,
    /// More limits than [`Limits::MAX`](super::Limits::MAX).
    TooMany,
    /// There is no time zone of this name.
    TimeZone(String),
    /// The usage that was kept cannot be read: what is used up is not known.
    Load,
    /// The usage could not be kept.
    Save,
}

impl LimitsError {
    pub(super) const fn new(kind: LimitsErrorKind) -> Self {
        Self { kind, source: None }
    }

    pub(super) fn with(kind: LimitsErrorKind, source: impl Into<BoxError>) -> Self {
        Self {
            kind,
            source: Some(source.into()),
        }
    }

    pub(super) fn time_zone(name: &str, source: jiff::Error) -> Self {
        Self::with(LimitsErrorKind::TimeZone(name.into()), source)
    }

    /// What kind of mistake it is.
    pub fn kind(&self) -> &LimitsErrorKind {
        &self.kind
    }
}

impl fmt::Display for LimitsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            LimitsErrorKind::Duplicate(name) => write!(f, "two limits are named {name:?}"),
            LimitsErrorKind::Name => f.write_str("a limit's name is empty or too long"),
            LimitsErrorKind::TooMany => f.write_str("too many limits"),
            LimitsErrorKind::TimeZone(name) => write!(f, "no time zone {name:?}"),
            LimitsErrorKind::Load => f.write_str("the usage that was kept cannot be read"),
            LimitsErrorKind::Save => f.write_str("the usage could not be kept"),
        }
    }
}

impl Error for LimitsError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        let source = self.source.as_deref()?;
        Some(source)
    }
}

/// A session was cut because a volume was used up while it ran.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VolumeUsedUp {
    pub(super) limit: Arc<str>,
}

impl VolumeUsedUp {
    /// The name of the limit.
    pub fn limit(&self) -> &Arc<str> {
        &self.limit
    }
}

impl fmt::Display for VolumeUsedUp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the volume of limit {:?} is used up", self.limit)
    }
}

impl Error for VolumeUsedUp {}

/// With the reason `used_up`.
impl From<VolumeUsedUp> for Cut {
    fn from(used_up: VolumeUsedUp) -> Self {
        Self::new("used_up").limit(used_up.limit)
    }
}

impl From<VolumeUsedUp> for io::Error {
    fn from(used_up: VolumeUsedUp) -> Self {
        Cut::from(used_up).into()
    }
}
