//! Counts what was hashed, so that tests compare work instead of time. Hashing goes on elsewhere
//! and tests run side by side, so each looks for its own password.

use std::{collections::HashMap, sync::Mutex};

static DONE: Mutex<Option<HashMap<Vec<u8>, Vec<&'static str>>>> = Mutex::new(None);

pub(crate) fn note(password: &[u8], algorithm: &'static str) {
    let mut done = DONE.lock().unwrap();
    let done = done.get_or_insert_default();
    done.entry(password.to_vec()).or_default().push(algorithm);
}

pub(crate) fn take(password: &[u8]) -> Vec<&'static str> {
    let mut done = DONE.lock().unwrap();
    done.get_or_insert_default()
        .remove(password)
        .unwrap_or_default()
}
