use core::{
    any::{Any, TypeId},
    fmt,
};

use alloc::{collections::BTreeMap, sync::Arc};

/// Values that layers and applications attach to a message, one a type.
///
/// Cloning shares the values, so attach what is immutable or has its own lock.
#[derive(Clone, Default)]
pub struct Extensions {
    // Empty for nearly every session, and then it costs one word and no allocation.
    values: Option<Arc<BTreeMap<TypeId, Arc<dyn Any + Send + Sync>>>>,
}

impl Extensions {
    /// No values.
    pub const fn new() -> Self {
        Self { values: None }
    }

    /// Attaches `value`; a value of the same type that was there is replaced and returned.
    pub fn insert<T: Any + Send + Sync>(&mut self, value: T) -> Option<Arc<T>> {
        let values = Arc::make_mut(self.values.get_or_insert_default());
        let previous = values.insert(TypeId::of::<T>(), Arc::new(value));
        previous.and_then(|value| value.downcast().ok())
    }

    /// Takes the value of type `T` away, for clones made from here on; it is returned.
    pub fn remove<T: Any + Send + Sync>(&mut self) -> Option<Arc<T>> {
        self.get::<T>()?;
        let values = Arc::make_mut(self.values.as_mut()?);
        let previous = values.remove(&TypeId::of::<T>());
        previous.and_then(|value| value.downcast().ok())
    }

    /// The value of type `T`.
    pub fn get<T: Any + Send + Sync>(&self) -> Option<&T> {
        let value = self.values.as_ref()?.get(&TypeId::of::<T>())?;
        value.downcast_ref()
    }

    /// Attaches the values of `other` as well; they replace those of the same types.
    pub fn merge(&mut self, other: &Self) {
        let Some(others) = &other.values else {
            return;
        };
        match &mut self.values {
            None => self.values = Some(Arc::clone(others)),
            Some(values) => {
                let others = others.iter().map(|(of, value)| (*of, Arc::clone(value)));
                Arc::make_mut(values).extend(others);
            }
        }
    }

    /// Whether nothing is attached.
    pub fn is_empty(&self) -> bool {
        self.values.as_ref().is_none_or(|values| values.is_empty())
    }
}

impl fmt::Debug for Extensions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let len = self.values.as_ref().map_or(0, |values| values.len());
        f.debug_struct("Extensions").field("len", &len).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clone_does_not_see_later_values() {
        let mut first = Extensions::new();
        assert!(first.is_empty());
        first.insert(1_u8);
        let mut second = first.clone();
        assert_eq!(second.insert(2_u8).as_deref(), Some(&1));
        second.insert("text");
        assert_eq!(first.get::<u8>(), Some(&1));
        assert_eq!(second.get::<u8>(), Some(&2));
        assert_eq!(first.get::<&str>(), None);
    }

    #[test]
    fn what_is_removed_stays_in_clones() {
        let mut first = Extensions::new();
        assert_eq!(first.remove::<u8>(), None);
        first.insert(1_u8);
        let second = first.clone();
        assert_eq!(first.remove::<&str>(), None);
        assert_eq!(first.remove::<u8>().as_deref(), Some(&1));
        assert!(first.is_empty());
        assert_eq!(second.get::<u8>(), Some(&1));
    }

    #[test]
    fn merged_values_replace() {
        let mut first = Extensions::new();
        first.merge(&Extensions::new());
        assert!(first.is_empty());
        let mut second = Extensions::new();
        second.insert(2_u8);
        first.merge(&second);
        first.insert("text");
        second.insert(3_u8);
        first.merge(&second);
        assert_eq!((first.get(), first.get()), (Some(&3_u8), Some(&"text")));
        assert_eq!(second.get::<&str>(), None);
    }
}
