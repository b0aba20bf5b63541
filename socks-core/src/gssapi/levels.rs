use core::fmt;

use super::{ProtectionLevel, Services};

/// The protection levels that one side agrees to.
///
/// The selective level cannot be in it: it is not offered (`GS-15`).
///
/// ```
/// use socks_core::gssapi::{Levels, ProtectionLevel};
///
/// let levels = Levels::INTEGRITY.or(Levels::CONFIDENTIALITY);
/// assert_eq!(levels, Levels::PROTECTED);
/// assert!(!levels.contains(ProtectionLevel::Clear));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct Levels(u8);

impl Levels {
    /// None, so that nobody gets in.
    pub const NONE: Self = Self(0);
    /// 0: authenticate, then plain traffic (`GS-17`).
    pub const CLEAR: Self = Self(1);
    /// 1.
    pub const INTEGRITY: Self = Self(2);
    /// 2.
    pub const CONFIDENTIALITY: Self = Self(4);
    /// 1 and 2: what RFC 1961 has.
    pub const PROTECTED: Self = Self::INTEGRITY.or(Self::CONFIDENTIALITY);

    /// From the strongest to none.
    const BY_STRENGTH: [ProtectionLevel; 3] = [
        ProtectionLevel::Confidentiality,
        ProtectionLevel::Integrity,
        ProtectionLevel::Clear,
    ];

    /// These and those.
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether a level is one of them.
    pub const fn contains(self, level: ProtectionLevel) -> bool {
        self.0 & Self::of(level).0 != 0
    }

    /// Whether there are none.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The strongest that a context can keep (`GS-32`).
    pub fn strongest(self, services: Services) -> Option<ProtectionLevel> {
        Self::BY_STRENGTH
            .into_iter()
            .find(|level| self.contains(*level) && services.support(*level))
    }

    /// The level that a server answers: the one that was asked for if it will do, else the
    /// strongest (`GS-13`). "Clear" is nothing to ask for unless it is among them, and no answer to
    /// who asked for more unless it is the only one (`GS-16`, `GS-17`).
    pub fn answer(self, asked: ProtectionLevel, services: Services) -> Option<ProtectionLevel> {
        match asked {
            asked if self.contains(asked) && services.support(asked) => Some(asked),
            ProtectionLevel::Clear => None,
            _ if self == Self::CLEAR => Some(ProtectionLevel::Clear),
            _ => Self(self.0 & !Self::CLEAR.0).strongest(services),
        }
    }

    const fn of(level: ProtectionLevel) -> Self {
        match level {
            ProtectionLevel::Clear => Self::CLEAR,
            ProtectionLevel::Integrity => Self::INTEGRITY,
            ProtectionLevel::Confidentiality => Self::CONFIDENTIALITY,
            ProtectionLevel::Selective => Self::NONE,
        }
    }
}

impl From<ProtectionLevel> for Levels {
    /// None for the selective level.
    fn from(level: ProtectionLevel) -> Self {
        Self::of(level)
    }
}

impl fmt::Debug for Levels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let levels = Self::BY_STRENGTH.iter();
        let levels = levels.filter(|level| self.contains(**level));
        f.debug_set().entries(levels).finish()
    }
}
