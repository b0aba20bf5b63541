use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
};

use metrics::SharedString;

/// Values of a label that the application chooses, of which there may be too many one day.
#[derive(Debug, Default)]
pub(super) struct Names(Mutex<HashSet<Arc<str>>>);

const MAX: usize = 256;

impl Names {
    /// The name if it is one of the first so many.
    pub(super) fn label(&self, name: &Arc<str>) -> SharedString {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.contains(name) || known.len() < MAX {
            known.insert(Arc::clone(name));
            return Arc::clone(name).into();
        }
        "other".into()
    }
}
