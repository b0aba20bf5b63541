use std::{collections::BTreeSet, sync::Arc};

use socks_acl::Rules;
use socks_core::Escaped;

use crate::{config, limits, listen::Listening};

/// What rules may name.
#[derive(Clone, Debug, Default)]
pub struct Names {
    pub limits: BTreeSet<Arc<str>>,
    pub listeners: BTreeSet<Arc<str>>,
}

impl Names {
    /// Listeners of the file count even where flags replace them: its rules are about them.
    pub fn new(
        limits: &limits::Prepared,
        listen: &[Listening],
        listeners: &[config::Listener],
    ) -> Self {
        let listening = listen.iter().map(|listening| Arc::clone(&listening.name));
        let of_file = listeners.iter().map(|listener| listener.name().into());
        Self {
            limits: limits.names().collect(),
            listeners: listening.chain(of_file).collect(),
        }
    }

    /// A name that nobody has defined would be a limit that nobody keeps or that is never used up, a listener
    /// that nobody comes in by, or a way that nobody goes.
    pub fn check(&self, rules: &Rules) -> Result<(), String> {
        if let Some(name) = rules.limits().find(|name| !self.limits.contains(*name)) {
            return Err(format!("no [[limit]] is called {name:?}"));
        }
        let known = |names: &BTreeSet<Arc<str>>, name: &[u8]| {
            names.iter().any(|known| known.as_bytes() == name)
        };
        if let Some(name) = rules.used_up().find(|name| !known(&self.limits, name)) {
            return Err(format!("no [[limit]] is called {:?}", Escaped(name)));
        }
        let unknown = |name: &&[u8]| !known(&self.listeners, name);
        if let Some(name) = rules.listeners().find(unknown) {
            return Err(format!("no listener is called {:?}", Escaped(name)));
        }
        match rules.routes().next() {
            Some(name) => Err(format!(
                "route {name:?}: this server connects to targets by itself"
            )),
            None => Ok(()),
        }
    }
}
