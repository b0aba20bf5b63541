/// Whether a condition holds, as far as that can be told: a name has no addresses until it is looked
/// up (`SE-4`). Combined by Kleene's logic, so what is certain stays so whatever is still unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Truth {
    No,
    Depends,
    Yes,
}

impl Truth {
    pub(super) fn not(self) -> Self {
        match self {
            Self::No => Self::Yes,
            Self::Depends => Self::Depends,
            Self::Yes => Self::No,
        }
    }

    pub(super) fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Yes, _) | (_, Self::Yes) => Self::Yes,
            (Self::No, Self::No) => Self::No,
            _ => Self::Depends,
        }
    }
}

impl From<bool> for Truth {
    fn from(holds: bool) -> Self {
        match holds {
            true => Self::Yes,
            false => Self::No,
        }
    }
}

/// One thing about a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Known<T> {
    Is(T),
    /// There is none: who asks for an address gives no name.
    None,
    /// There will be one.
    Unknown,
}

impl<T> Known<T> {
    /// Whether it is one of a set that `contains` tells, of which `is_empty` that it has nothing.
    pub(super) fn is_in(&self, is_empty: bool, contains: impl FnOnce(&T) -> bool) -> Truth {
        match self {
            Self::Is(value) => contains(value).into(),
            Self::Unknown if !is_empty => Truth::Depends,
            Self::None | Self::Unknown => Truth::No,
        }
    }
}
