use std::{fmt, sync::Arc};

/// Several sets, of which one is enough. They are shared, so one that many rules name is there once.
#[derive(Clone, PartialEq, Eq)]
pub struct AnyOf<T>(Vec<Arc<T>>);

impl<T> AnyOf<T> {
    /// No set at all.
    pub const fn none() -> Self {
        Self(Vec::new())
    }

    /// Whether there is no set. A set may be empty still.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The sets.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<T>> {
        self.0.iter()
    }

    pub(super) fn any(&self, contains: impl Fn(&T) -> bool) -> bool {
        self.0.iter().any(|set| contains(set))
    }
}

impl<T> Default for AnyOf<T> {
    fn default() -> Self {
        Self::none()
    }
}

impl<T> From<T> for AnyOf<T> {
    fn from(set: T) -> Self {
        Self(vec![Arc::new(set)])
    }
}

impl<T> From<Arc<T>> for AnyOf<T> {
    fn from(set: Arc<T>) -> Self {
        Self(vec![set])
    }
}

impl<T> FromIterator<Arc<T>> for AnyOf<T> {
    fn from_iter<I: IntoIterator<Item = Arc<T>>>(sets: I) -> Self {
        Self(sets.into_iter().collect())
    }
}

impl<T: fmt::Debug> fmt::Debug for AnyOf<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.0).finish()
    }
}
