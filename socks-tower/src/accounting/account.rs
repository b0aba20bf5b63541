use super::Event;

/// Where events go. A closure will do.
///
/// It is called by the tasks of sessions, and must neither block nor wait: hand the event on to
/// whoever may.
pub trait Account: Send + Sync + 'static {
    /// Takes an event. Those of one session come in order.
    fn account(&self, event: Event);
}

impl<F: Fn(Event) + Send + Sync + 'static> Account for F {
    fn account(&self, event: Event) {
        self(event);
    }
}
